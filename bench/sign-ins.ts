import type { HttpAnswer, HttpClient } from "../e2e/support/http";
import type { MailServer } from "../e2e/support/mail-server";
import { askOverHttp, sendCode } from "../e2e/support/program";
import { codeIn } from "../e2e/support/sign-in";
import type { Product } from "./contenders";

type SignIn = (program: HttpClient, mailServer: MailServer, email: string) => Promise<void>;

/** Asks for a mail, waits for it, and goes in by it. */
export const signIn: Record<Product, SignIn> = {
  latchkey: async (program, mailServer, email) => {
    const mail = await askOverHttp(program, mailServer, email);
    expectStatus(await sendCode(program, codeIn(mail)), 200);
    expectCookie(program, "session_id");
  },
  "next-auth": async (program, mailServer, email) => {
    const answer = await program.get("/api/auth/csrf");
    const { csrfToken } = answer.json() as { csrfToken: string };
    const form = { csrfToken, email, callbackUrl: "/private" };
    expectStatus(await program.post("/api/auth/signin/nodemailer", { form }), 302);
    expectStatus(await program.get(await linkMailedTo(mailServer, email)), 302);
    expectCookie(program, "authjs.session-token");
  },
  "better-auth": async (program, mailServer, email) => {
    const json = { email, callbackURL: "/private" };
    expectStatus(await program.post("/api/auth/sign-in/magic-link", { json }), 200);
    expectStatus(await program.get(await linkMailedTo(mailServer, email)), 302);
    expectCookie(program, "better-auth.session_token");
  },
  bare: noSignIn,
  nonce: noSignIn,
};

async function noSignIn(): Promise<void> {
  throw new Error("Nobody signs in there.");
}

async function linkMailedTo(mailServer: MailServer, email: string): Promise<string> {
  const { text } = await mailServer.waitForMail({ to: email });
  const [link] = /https?:\/\/\S+/g.exec(text.slice(text.indexOf("\n"))) ?? [];
  if (!link) throw new Error(`No link in:\n${text}`);
  return link;
}

function expectStatus({ status, body }: HttpAnswer, expected: number): void {
  if (status !== expected) throw new Error(`${status} in place of ${expected}: ${body}`);
}

function expectCookie(program: HttpClient, name: string): void {
  if (!program.cookies.has(name)) throw new Error(`No cookie ${name} came of a sign-in.`);
}
