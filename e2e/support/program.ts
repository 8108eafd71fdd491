import type { HttpAnswer, HttpClient } from "./http";
import type { Mail } from "./mail";
import type { MailServer } from "./mail-server";
import { codeIn, linkIn, numberBeside } from "./sign-in";

const asJson = { accept: "application/json" };

/** Asks for a mail as a program does, with whatever else `POST /auth` takes, and waits for it. */
export async function askOverHttp(
  program: HttpClient,
  mailServer: MailServer,
  email: string,
  wishes: { next?: string; remember?: string } = {},
): Promise<Mail> {
  const after = mailServer.messages.at(-1);
  const answer = await program.post("/auth", { json: { email, ...wishes } }, asJson);
  if (answer.status !== 202) throw new Error(`POST /auth: ${answer.status} ${answer.body}`);
  return mailServer.waitForMail({ to: email, after });
}

/** Types a code as a program does. */
export function sendCode(program: HttpClient, code: string): Promise<HttpAnswer> {
  return program.post("/auth/code", { json: { code } }, asJson);
}

/** Presses the button of `/confirm` as a program does; with the code too, if it is given. */
export function sendLink(program: HttpClient, link: string, code?: string): Promise<HttpAnswer> {
  return program.post("/auth/confirm", { json: { token: tokenIn(link), code } }, asJson);
}

/** Types the number of the first screen as a program does. */
export function sendNumber(program: HttpClient, link: string, number: string): Promise<HttpAnswer> {
  return program.post("/auth/number", { json: { token: tokenIn(link), number } }, asJson);
}

/** The number that `/check-email` shows to a program that asked for a mail. */
export async function numberFor(program: HttpClient): Promise<string> {
  const { body } = await program.get("/check-email");
  const text = body.replace(/<script\b.*?<\/script>|<[^>]+>/gs, " ");
  return numberBeside(text);
}

/** A number that is as good as another one, but wrong. */
export function otherNumber(number: string, distance = 1): string {
  return String(13 + ((Number(number) - 13 + distance) % 86));
}

/** Signs in without a browser. */
export async function signInOverHttp(
  program: HttpClient,
  mailServer: MailServer,
  email: string,
): Promise<Mail> {
  const mail = await askOverHttp(program, mailServer, email);
  const answer = await sendCode(program, codeIn(mail));
  if (answer.status !== 200) throw new Error(`POST /auth/code: ${answer.status} ${answer.body}`);
  return mail;
}

/** What a link proves with. */
export function tokenIn(link: string): string {
  return new URL(link).searchParams.get("token") ?? "";
}

/** What a link from a mail is, as a path of the site. */
export function pathOf(mail: Mail): string {
  const { pathname, search } = new URL(linkIn(mail));
  return pathname + search;
}

/** Whether a program is signed in, as the site itself sees it. */
export async function isSignedIn(program: HttpClient): Promise<boolean> {
  return (await program.get("/me")).status === 200;
}

/** A code that is as good as another one, but wrong. */
export function otherCode(code: string, distance = 1): string {
  return String((Number(code) + distance) % 1_000_000).padStart(6, "0");
}
