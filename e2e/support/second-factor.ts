import type { Page } from "@playwright/test";
import type { HttpAnswer, HttpClient } from "./http";
import type { Mail } from "./mail";
import type { MailServer } from "./mail-server";
import { askOverHttp, numberFor, sendCode, sendLink, sendNumber, signInOverHttp } from "./program";
import { codeIn, linkIn } from "./sign-in";
import type { Site } from "./site";
import type { Visitor } from "./test";
import { msToNextStep, totp } from "./totp";

const asJson = { accept: "application/json" };

/** A mail every minute is what the site sends to an address. */
const untilNextMailMs = 61_000;

/** A person's authenticator app, on a phone that goes by the site's clock. */
export interface App {
  readonly secret: string;
  /** What it shows, so many steps of thirty seconds later, or earlier if negative. */
  code(stepsOff?: number): string;
}

/** What somebody has in hand who has set up an app. */
export interface Enrolled {
  app: App;
  /** None where there was a second factor already. */
  recoveryCodes: string[];
}

/** Sets up an app for whoever is signed in, at once after a sign-in. */
export async function enrolApp(program: HttpClient, site: Site): Promise<Enrolled> {
  const secret = await beginApp(program);
  const app = appWith(secret, site);
  const answer = await sendFactor(program, "/account/two-factor/app/confirm", app.code());
  if (answer.status >= 300) throw new Error(`app/confirm: ${answer.status} ${answer.body}`);
  return { app, recoveryCodes: answer.status === 200 ? recoveryCodesIn(answer) : [] };
}

/** Begins to set up an app, and reads its secret from the page. */
export async function beginApp(program: HttpClient): Promise<string> {
  const begun = await program.post("/account/two-factor/app/begin", { json: {} }, asJson);
  if (begun.status !== 204) throw new Error(`app/begin: ${begun.status} ${begun.body}`);
  return secretOn(await program.get("/account/two-factor/app"));
}

/** An app that has been given a secret. */
export function appWith(secret: string, site: Site): App {
  return { secret, code: (stepsOff = 0) => totp(secret, site.clock.now(), stepsOff) };
}

/** The link on a page that gives a secret to an app. Throws if there is none. */
export function otpauthOn({ status, body }: Pick<HttpAnswer, "status" | "body">): URL {
  const [, link] = /href="(otpauth:[^"]+)"/.exec(body) ?? [];
  if (!link) throw new Error(`No link to an app in the answer ${status}`);
  return new URL(link.replaceAll("&amp;", "&"));
}

/** The secret for an app, in base32, on the page that shows it. */
export function secretOn(answer: HttpAnswer): string {
  return otpauthOn(answer).searchParams.get("secret") ?? "";
}

/** The recovery codes in the answer to a program. */
export function recoveryCodesIn(answer: HttpAnswer): string[] {
  return (answer.json() as { recovery_codes: string[] }).recovery_codes;
}

/** Where a test plays, and who is in it. */
export interface Setting {
  site: Site;
  mailServer: MailServer;
  visitor: Visitor;
}

/** Signs a new person in and sets up their app; the next mail to them may be asked for at once. */
export async function signInWithApp(
  program: HttpClient,
  { site, mailServer, visitor }: Setting,
  email = visitor.email,
): Promise<Enrolled> {
  await signInOverHttp(program, mailServer, email);
  const enrolled = await enrolApp(program, site);
  await waitForNotice(mailServer, email, /^An authenticator app/);
  await untilNextMail(site);
  return enrolled;
}

/**
 * Waits for a notice that comes of its own accord: a clock that is moved while a mail is on its
 * way makes the site take it for lost.
 */
export function waitForNotice(
  mailServer: MailServer,
  to: string,
  subject: RegExp,
  after?: Mail,
): Promise<Mail> {
  return mailServer.waitForMail({ to, subject, after });
}

/**
 * Moves the clock on until an address may be sent another mail, and to the beginning of a step of
 * the app, so that none ends between the reading of a value and its typing.
 */
export async function untilNextMail(site: Site): Promise<void> {
  await site.clock.advance(untilNextMailMs);
  await untilNextStep(site);
}

/** Moves the clock on to the beginning of the next step of the app. */
export async function untilNextStep(site: Site): Promise<void> {
  await site.clock.advance(msToNextStep(site.clock.now()) + 500);
}

/**
 * Every way to prove the first factor, by the route at which it is proved: from a mail that has
 * been asked for by the first program to the answer that says what comes next, and who got it.
 */
export const firstFactors: Record<
  string,
  (first: HttpClient, mail: Mail, visitor: Visitor) => Promise<[HttpAnswer, HttpClient]>
> = {
  "/auth/code": async (first, mail) => [await sendCode(first, codeIn(mail)), first],
  "/auth/confirm": async (first, mail) => [await sendLink(first, linkIn(mail)), first],
  "/auth/confirm with the code": async (_first, mail, visitor) => {
    const second = visitor.asNewProgram();
    return [await sendLink(second, linkIn(mail), codeIn(mail)), second];
  },
  "/auth/continue": async (first, mail, visitor) => {
    const number = await numberFor(first);
    const approved = await sendNumber(visitor.asNewProgram(), linkIn(mail), number);
    if (approved.status !== 200) throw new Error(`number: ${approved.status} ${approved.body}`);
    return [await first.get("/auth/continue", asJson), first];
  },
};

/** Proves the first factor by the code of a mail; ends where the second one is asked for. */
export async function reachSecondFactor(
  program: HttpClient,
  mailServer: MailServer,
  email: string,
  wishes: { next?: string; remember?: string } = {},
): Promise<Mail> {
  const mail = await askOverHttp(program, mailServer, email, wishes);
  const answer = await sendCode(program, codeIn(mail));
  if (!answer.body.includes("second_factor_required"))
    throw new Error(`POST /auth/code: ${answer.status} ${answer.body}`);
  return mail;
}

/** Two programs at which the second factor of the same account is asked for; the first a good minute longer. */
export async function reachTwice({
  site,
  mailServer,
  visitor,
}: Setting): Promise<[HttpClient, HttpClient]> {
  const programs: [HttpClient, HttpClient] = [visitor.asNewProgram(), visitor.asNewProgram()];
  for (const program of programs) {
    await reachSecondFactor(program, mailServer, visitor.email);
    await untilNextMail(site);
  }
  return programs;
}

/** Types a value of the app, or a recovery code, as a program does. */
export function passFactor(
  program: HttpClient,
  code: string,
  by?: "recovery",
): Promise<HttpAnswer> {
  return sendFactor(program, "/auth/two-factor", code, by);
}

/** Types a value or a recovery code at one of the places that take them. */
export function sendFactor(program: HttpClient, path: string, code: string, by?: string) {
  return program.post(path, { json: { code, ...(by && { by }) } }, asJson);
}

/** Gives a browser the cookies of a program. */
export async function handOver(program: HttpClient, page: Page, site: Site): Promise<void> {
  const cookies = [...program.cookies].map(([name, value]) => ({ name, value, url: site.url }));
  await page.context().addCookies(cookies);
}

/** Another program with the same cookies, as a thief of them would have. */
export function withCookiesOf(program: HttpClient, visitor: Visitor): HttpClient {
  const copy = visitor.asNewProgram();
  for (const [name, value] of program.cookies) copy.cookies.set(name, value);
  return copy;
}

/** A value that is as good as the ones that the app shows now, but none of them. */
export function wrongCode(app: App, distance = 1): string {
  const near = [-2, -1, 0, 1, 2].map((stepsOff) => app.code(stepsOff));
  const far = Array.from({ length: distance + near.length }, (_, more) =>
    String((Number(app.code()) + 1 + more) % 1_000_000).padStart(6, "0"),
  );
  return far.filter((code) => !near.includes(code))[distance - 1] ?? "";
}
