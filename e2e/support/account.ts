import type { HttpAnswer, HttpClient } from "./http";
import type { Mail } from "./mail";
import type { MailServer } from "./mail-server";
import { sendCode } from "./program";
import { codeIn } from "./sign-in";

const asJson = { accept: "application/json" };

/** Sends a form of the account's pages as a program does, which is told by status alone. */
export function sendAct(
  program: HttpClient,
  path: string,
  fields: Record<string, string> = {},
): Promise<HttpAnswer> {
  return program.post(path, { json: fields }, asJson);
}

/** Asks for another address, and waits for the mail to it. */
export async function askForAddress(
  program: HttpClient,
  mailServer: MailServer,
  email: string,
): Promise<Mail> {
  const after = mailServer.messages.at(-1);
  const answer = await sendAct(program, "/account/email/change", { email });
  if (answer.status !== 204)
    throw new Error(`/account/email/change: ${answer.status} ${answer.body}`);
  return mailServer.waitForMail({ to: email, after });
}

/**
 * Changes the address of who is signed in, the whole way.
 *
 * @returns the mail to the former address
 */
export async function changeAddress(
  program: HttpClient,
  mailServer: MailServer,
  { from, to }: { from: string; to: string },
): Promise<Mail> {
  const mail = await askForAddress(program, mailServer, to);
  const after = mailServer.messages.at(-1);
  const answer = await sendAct(program, "/account/email/prove", { code: codeIn(mail) });
  if (answer.status !== 204)
    throw new Error(`/account/email/prove: ${answer.status} ${answer.body}`);
  return mailServer.waitForMail({ to: from, after });
}

/** Says once more who it is, with the code of a mail. */
export async function stepUpOverHttp(
  program: HttpClient,
  mailServer: MailServer,
  email: string,
): Promise<Mail> {
  const after = mailServer.messages.at(-1);
  const answer = await sendAct(program, "/auth/step-up", { next: "/account" });
  if (answer.status !== 204) throw new Error(`/auth/step-up: ${answer.status} ${answer.body}`);
  const mail = await mailServer.waitForMail({ to: email, after });
  const proved = await sendCode(program, codeIn(mail));
  if (proved.status !== 200) throw new Error(`/auth/code: ${proved.status} ${proved.body}`);
  return mail;
}

/** What a page says, without its tags and scripts. */
export function textOf({ body }: HttpAnswer): string {
  return body
    .replace(/<script\b.*?<\/script>/gs, " ")
    .replace(/<wbr\/>/g, "")
    .replace(/<[^>]+>/g, " ")
    .replace(/\s+/g, " ");
}
