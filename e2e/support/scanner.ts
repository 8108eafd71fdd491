import { setTimeout as pause } from "node:timers/promises";
import type { Browser, Cookie, Page } from "@playwright/test";
import { client, type HttpAnswer } from "./http";

/** One thing that a fetching scanner asked for, and what it got. */
export interface ScannedAddress extends HttpAnswer {
  method: "GET" | "HEAD";
  url: string;
}

/**
 * A mail scanner that fetches: HEADs and GETs a link again and again, never with a cookie, follows
 * where it leads, and fetches what the page names: scripts, styles, pictures, links, the targets
 * of forms. It stays on the link's own site.
 *
 * @param visits how often it comes
 * @returns every answer that it got, in order
 */
export async function fetchingScanner(url: string, visits = 3): Promise<ScannedAddress[]> {
  const answers: ScannedAddress[] = [];
  for (let visit = 0; visit < visits; visit++) {
    answers.push(...(await follow("HEAD", url)));
    const path = await follow("GET", url);
    answers.push(...path);
    for (const named of addressesIn(path.at(-1))) answers.push(...(await follow("GET", named)));
  }
  return answers;
}

async function follow(method: "GET" | "HEAD", url: string, hops = 10): Promise<ScannedAddress[]> {
  const answer = { ...(await client({ url }).request(method, url)), method, url };
  const { location } = answer.headers;
  const target = location ? new URL(location, url) : undefined;
  if (target?.origin !== new URL(url).origin || hops === 0) return [answer];
  return [answer, ...(await follow(method, target.href, hops - 1))];
}

function addressesIn(page: ScannedAddress | undefined): string[] {
  const { body, url } = page ?? { body: "", url: "" };
  const addresses = [...body.matchAll(/\s(?:href|src|action)="([^"#]+)/gi)]
    .map(([, address = ""]) => address.replaceAll("&amp;", "&"))
    .filter((address) => URL.canParse(address, url))
    .map((address) => new URL(address, url))
    .filter(({ origin }) => origin === new URL(url).origin);
  return [...new Set(addresses.map(({ href }) => href))];
}

/** How a pressing scanner goes about it. */
export interface PressingOptions {
  /** Milliseconds for which it watches the page, before and after each press; 500 unless told. */
  patience?: number;
  /** `false`: it only presses, and leaves every field as it is. */
  fills?: boolean;
  /** The session cookie's name without its prefix; `session_id` unless told. */
  sessionCookie?: string;
}

/** What a pressing scanner ended with. */
export interface PressingResult {
  /** Whether it holds a session cookie: if so, a machine has signed in. */
  signedIn: boolean;
  cookies: Cookie[];
  /** What it did and where that led, to read when a test fails. */
  log: string[];
}

/**
 * A mail scanner that runs scripts and presses: opens a link in a fresh browser, watches the page,
 * presses every button and submits every form, once with the fields as they are and once, unless told
 * otherwise, with something plausible in them, each time on the page as it opens anew.
 */
export async function pressingScanner(
  browser: Browser,
  url: string,
  { patience = 500, fills = true, sessionCookie = "session_id" }: PressingOptions = {},
): Promise<PressingResult> {
  const context = await browser.newContext({ javaScriptEnabled: true });
  let page = await context.newPage();
  const log: string[] = [];
  let hasFields = false;

  async function open() {
    // The deed before may still be on its way, and would interrupt what comes next: each has a page of its own.
    await page.close();
    page = await context.newPage();
    page.on("dialog", (dialog) => dialog.accept());
    // A page that goes on by itself would interrupt a wait for its load.
    await page.goto(url, { waitUntil: "commit" });
    await page.waitForLoadState();
    await pause(patience);
  }

  async function tryAll(act: (page: Page, index: number) => Promise<string>, count: number) {
    for (let index = 0; index < count; index++) {
      for (const fill of hasFields && fills ? [false, true] : [false]) {
        await open();
        if (fill) await fillFields(page);
        const deed = await act(page, index);
        await pause(patience);
        log.push(`${fill ? "filled the fields, " : ""}${deed}: ${page.url()}`);
      }
    }
  }

  try {
    await open();
    log.push(`opened ${url}: ${page.url()}`);
    const buttons = await page.locator(pressable).count();
    const forms = await page.locator("form").count();
    hasFields = (await page.locator(fillable).count()) > 0;
    await tryAll(press, buttons);
    await tryAll(submit, forms);
    const cookies = await context.cookies();
    return { signedIn: cookies.some(({ name }) => isSessionCookie(name)), cookies, log };
  } finally {
    await context.close();
  }

  function isSessionCookie(name: string) {
    return name.replace(/^__(Host|Secure)-/, "") === sessionCookie;
  }
}

const pressable = "button, [role=button], input[type=submit], input[type=image], summary";
const fillable = ":is(input, textarea):visible:enabled:not([readonly])";

/** Presses as a script does, which no overlay and no animation stops. */
async function press(page: Page, index: number): Promise<string> {
  const button = page.locator(pressable).nth(index);
  if ((await button.count()) === 0) return "found nothing to press any more";
  const text = await button.textContent();
  await button.dispatchEvent("click");
  return `pressed "${text}"`;
}

/** Submits as a script does, without the browser's own checks of the fields. */
async function submit(page: Page, index: number): Promise<string> {
  const form = page.locator("form").nth(index);
  if ((await form.count()) === 0) return "found nothing to submit any more";
  await form.evaluate((element: HTMLFormElement) => {
    element.noValidate = true;
    element.requestSubmit();
  });
  return `submitted form ${index + 1}`;
}

async function fillFields(page: Page) {
  for (const field of await page.locator(fillable).all()) {
    const { type, maxLength } = await field.evaluate((element: HTMLInputElement) => ({
      type: element.inputMode || element.type,
      maxLength: element.maxLength,
    }));
    if (type === "checkbox" || type === "radio") await field.check({ force: true });
    else if (type === "email") await field.fill("scanner@example.org");
    else if (/numeric|decimal|number|tel/.test(type)) {
      await field.fill("123456".slice(0, maxLength > 0 ? maxLength : 6));
    } else if (/text|search|password|textarea/.test(type)) await field.fill("scanner");
  }
}
