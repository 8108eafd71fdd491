import { setTimeout as pause } from "node:timers/promises";
import type { Page } from "@playwright/test";
import type { Mail } from "./mail";
import type { MailServer } from "./mail-server";

/** What the pages that sign people in say in English. */
const words = {
  emailField: "Email address",
  keepSignedInBox: /keep me signed in/i,
  sendButton: "Email me a link",
  codeField: "Six-digit code",
  numberField: "Two-digit number",
  signInThereButton: "Sign in there",
  /** The last of them where somebody is asked once more who they are. */
  signInButton: /^(Sign in|Confirm|It is me)$/,
  signOutButton: "Sign out",
};

/** The pages on the way. */
const signInPaths = ["/sign-in", "/check-email", "/confirm"];

/** How long a page that could go on by itself is given before its button is pressed. */
const goesOnWithinMs = 2_000;

/** How to sign in. */
export interface SignInWay {
  /** Which of the two things in the mail is used. */
  by: "link" | "code";
  /** Ticks "keep me signed in on this device". */
  keepSignedIn?: boolean;
  /** Where to go on to, as a path; where the site sends people unless told. */
  next?: string;
}

/**
 * Signs in as a person does: asks for a mail, reads it, and follows its link or types its code.
 * Ends on the page that comes next, which may be the one of the second factor.
 *
 * @returns the mail, of which both the link and the code are now spent
 */
export async function signIn(
  page: Page,
  mailServer: MailServer,
  email: string,
  { by, ...wishes }: SignInWay,
): Promise<Mail> {
  const mail = await askForMail(page, mailServer, email, wishes);
  if (by === "link") await followLink(page, linkIn(mail));
  else await typeCode(page, codeIn(mail));
  await page.waitForURL(({ pathname }) => !signInPaths.includes(pathname));
  return mail;
}

/** Fills in `/sign-in` and waits for the mail; ends on `/check-email`. */
export async function askForMail(
  page: Page,
  mailServer: MailServer,
  email: string,
  { keepSignedIn = false, next }: Omit<SignInWay, "by"> = {},
): Promise<Mail> {
  const after = mailServer.messages.at(-1);
  await page.goto(next ? `/sign-in?${new URLSearchParams({ next })}` : "/sign-in");
  await page.getByLabel(words.emailField).fill(email);
  if (keepSignedIn) await page.getByLabel(words.keepSignedInBox).check();
  await page.getByRole("button", { name: words.sendButton }).click();
  await page.waitForURL("**/check-email*");
  return mailServer.waitForMail({ to: email, after });
}

/**
 * Opens a link from a mail. Where scripts run, the page goes on by itself in the browser that
 * asked; otherwise this presses its button.
 */
export async function followLink(page: Page, link: string): Promise<void> {
  const runsScripts = await page.evaluate(() => matchMedia("(scripting: enabled)").matches);
  const wentOn = page
    .waitForRequest((request) => request.method() === "POST", { timeout: 0 })
    .catch(() => undefined);
  // The page may go on before it has loaded, which would interrupt a wait for that.
  await page.goto(link, { waitUntil: "commit" });
  await page.waitForLoadState();
  if (runsScripts && (await Promise.race([wentOn, pause(goesOnWithinMs)]))) return;

  const button = page.getByRole("button", { name: words.signInButton });
  if (await button.isVisible()) await button.click();
}

/** Types the code on `/check-email`, where the page already is. */
export async function typeCode(page: Page, code: string): Promise<void> {
  await page.getByLabel(words.codeField).fill(code);
  await page.getByRole("button", { name: words.signInButton }).click();
}

/** Reads the number that `/check-email`, where the page already is, shows for another device. */
export async function numberOn(page: Page): Promise<string> {
  return numberBeside((await page.getByRole("main").textContent()) ?? "");
}

/** Whatever number stands beside the question that it answers. Throws if there is none. */
export function numberBeside(text: string): string {
  const [, number] = /(?<!\d)(\d\d)\s*Reading mail on another device\?/.exec(text) ?? [];
  if (!number) throw new Error(`No number of two digits in:\n${text}`);
  return number;
}

/** Types the number of the first screen on `/confirm`, where another browser already is. */
export async function typeNumber(page: Page, number: string): Promise<void> {
  await page.getByLabel(words.numberField).fill(number);
  await page.getByRole("button", { name: words.signInThereButton, exact: true }).click();
}

/** Presses the button in the header; ends on the home page. */
export async function signOut(page: Page): Promise<void> {
  const button = page.getByRole("button", { name: words.signOutButton });
  await button.click();
  await button.waitFor({ state: "detached" });
  await page.waitForURL("/");
}

/**
 * The link in the text part of a mail: a line with nothing but a URL that leads to `path`.
 * Throws if there is none.
 */
export function linkIn(mail: Mail, path = "/confirm"): string {
  return aloneOnALine(mail, `link to ${path}`, (line) => {
    return URL.canParse(line) && new URL(line).pathname === path;
  });
}

/** The code in the text part of a mail: a line with nothing but six digits. Throws if there is none. */
export function codeIn(mail: Mail): string {
  return aloneOnALine(mail, "code", (line) => /^\d{6}$/.test(line));
}

function aloneOnALine(mail: Mail, what: string, isIt: (line: string) => boolean): string {
  const line = mail.text.split(/\r?\n/).find(isIt);
  if (!line) throw new Error(`No ${what} alone on a line of "${mail.subject}":\n${mail.text}`);
  return line;
}
