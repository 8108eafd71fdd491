import { listSessions } from "./support/database";
import type { HttpAnswer, HttpClient } from "./support/http";
import { askOverHttp, isSignedIn, sendCode, signInOverHttp } from "./support/program";
import {
  askForMail,
  codeIn,
  followLink,
  linkIn,
  signIn,
  signOut,
  typeCode,
} from "./support/sign-in";
import { expect, test } from "./support/test";

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;
const destination = "/private?tab=notes&q=a%20b%26c";

for (const javaScript of [true, false]) {
  test.describe(javaScript ? "with scripts" : "without scripts", () => {
    test.use({ javaScript });

    test("a visitor signs up by link, signs out, and signs in again by code and by link", async ({
      page,
      site,
      mailServer,
      visitor,
    }) => {
      await signIn(page, mailServer, visitor.email, { by: "link" });
      await expect(page).toHaveURL("/private");
      await expect(page.getByRole("main")).toContainText(visitor.email);
      const account = await (await page.request.get("/me")).json();

      for (const by of ["code", "link"] as const) {
        await signOut(page);
        expect((await page.request.get("/me")).status()).toBe(401);
        await site.clock.advance(2 * minute);
        await signIn(page, mailServer, visitor.email, { by });
        await expect(page).toHaveURL("/private");
        expect(await (await page.request.get("/me")).json()).toEqual(account);
      }
    });

    test("a visitor signs up by code", async ({ page, mailServer, visitor }) => {
      await signIn(page, mailServer, visitor.email, { by: "code" });
      await expect(page).toHaveURL("/private");
      await expect(page.getByRole("main")).toContainText(visitor.email);
    });

    for (const by of ["link", "code"] as const) {
      test(`the destination is kept when signing in by ${by}`, async ({
        page,
        mailServer,
        visitor,
      }) => {
        await signIn(page, mailServer, visitor.email, { by, next: destination });
        await expect(page).toHaveURL(destination);
        await expect(page.getByRole("main")).toContainText(visitor.email);
      });
    }

    test("the destination survives a mistyped address, another address and a wrong code", async ({
      page,
      mailServer,
      visitor,
    }) => {
      await page.goto(destination);
      await page.getByLabel("Email address").fill("ann@example");
      await page.getByRole("button", { name: "Email me a link" }).click();
      await expect(page.getByRole("main").getByRole("alert")).toBeVisible();
      await page.getByLabel("Email address").fill(`not-${visitor.email}`);
      await page.getByRole("button", { name: "Email me a link" }).click();
      await page.getByRole("link", { name: /another address/i }).click();
      await page.getByLabel("Email address").fill(visitor.email);
      await page.getByRole("button", { name: "Email me a link" }).click();
      const mail = await mailServer.waitForMail({ to: visitor.email });
      await typeCode(page, "12345");
      await expect(page.getByRole("main").getByRole("alert")).toBeVisible();
      await typeCode(page, codeIn(mail));
      await expect(page).toHaveURL(destination);
    });

    test("the Back button shows nothing private after sign-out", async ({
      page,
      mailServer,
      visitor,
    }) => {
      await signIn(page, mailServer, visitor.email, { by: "code" });
      await page.goto("/");
      await expect(page.getByRole("main")).toContainText(visitor.email);
      await page.goto("/private");
      await signOut(page);
      for (const path of ["/sign-in?next=/private", "/"]) {
        await page.goBack();
        await expect(page).toHaveURL(path);
        await expect(
          page.getByRole("banner").getByRole("link", { name: "Latchkey" }),
        ).toBeVisible();
        expect(await page.content()).not.toContain(visitor.email);
      }
    });
  });
}

test("a page that the browser kept whole for the Back button is not shown after sign-out", async ({
  playwright,
  launchOptions,
  site,
  mailServer,
  visitor,
}) => {
  // Playwright switches this cache off; people's browsers have it on.
  const ignoreDefaultArgs = ["--disable-back-forward-cache"];
  const browser = await playwright.chromium.launch({ ...launchOptions, ignoreDefaultArgs });
  try {
    const page = await browser.newPage({ baseURL: site.url });
    await signIn(page, mailServer, visitor.email, { by: "code" });
    await page.getByRole("banner").getByRole("link", { name: "Latchkey" }).click();
    await expect(page).toHaveURL("/");
    // Signed out elsewhere, so that no change of its own cookie warns the browser.
    const elsewhere = visitor.asNewProgram();
    for (const { name, value } of await page.context().cookies()) {
      elsewhere.cookies.set(name, value);
    }
    await elsewhere.post("/sign_out");
    await page.evaluate(() => history.back());
    await expect(page).toHaveURL("/sign-in?next=/private");
    expect(await page.content()).not.toContain(visitor.email);
  } finally {
    await browser.close();
  }
});

test("the private page sends a signed-out visitor to sign in", async ({ visitor }) => {
  const program = visitor.asNewProgram();
  const answer = await program.get("/private");
  expect(answer.status).toBe(307);
  expect(answer.headers.location).toBe("/sign-in?next=/private");
});

test("the private page remembers its query while a visitor signs in", async ({ site, visitor }) => {
  const { headers } = await visitor.asNewProgram().get("/private?tab=notes&tab=2#part");
  const next = new URL(headers.location ?? "", site.url).searchParams.get("next");
  expect(next).toBe("/private?tab=notes&tab=2");
});

test("a signed-in visitor is sent on from the sign-in page", async ({
  page,
  mailServer,
  visitor,
}) => {
  await signIn(page, mailServer, visitor.email, { by: "code" });
  await page.goto("/sign-in");
  await expect(page).toHaveURL("/private");
  await page.goto(`/sign-in?${new URLSearchParams({ next: "/?from=diary" })}`);
  await expect(page).toHaveURL("/?from=diary");
  await page.goto(`/sign-in?${new URLSearchParams({ next: "https://evil.example/" })}`);
  await expect(page).toHaveURL("/private");
});

test("home has a view for strangers and one for who is signed in", async ({
  page,
  mailServer,
  visitor,
}) => {
  await page.goto("/");
  const main = page.getByRole("main");
  const waysIn = main.locator('a[href^="/sign-in"], form[action="/auth"]');
  await expect(waysIn.first()).toBeVisible();
  await signIn(page, mailServer, visitor.email, { by: "code" });
  await page.goto("/");
  await expect(main.getByRole("heading", { level: 1 })).toContainText(visitor.email);
  await expect(waysIn).toHaveCount(0);
  await main.getByRole("link", { name: /private/i }).click();
  await expect(page).toHaveURL("/private");
});

test("the header says where one is, and holds the way in or out", async ({
  page,
  mailServer,
  visitor,
}) => {
  const header = page.getByRole("banner");
  const here = header.locator("[aria-current=page]");
  const wayIn = header.getByRole("link", { name: "Sign in" });
  const wayOut = header.getByRole("button", { name: "Sign out" });

  await page.goto("/");
  await expect(wayOut).toHaveCount(0);
  await expect(header.locator('[aria-current=page][href="/private"]')).toHaveCount(0);
  await wayIn.click();
  await expect(page).toHaveURL(/\/sign-in/);

  await signIn(page, mailServer, visitor.email, { by: "code" });
  await expect(here).toHaveAttribute("href", "/private");
  await expect(header).toContainText(visitor.email);
  await expect(wayIn).toHaveCount(0);
  await wayOut.click();
  await expect(wayIn).toBeVisible();
});

test("a session ends with the browser unless the visitor wants to stay signed in", async ({
  page,
  context,
  mailServer,
  visitor,
  site,
}) => {
  await signIn(page, mailServer, visitor.email, { by: "link" });
  expect((await sessionCookie()).expires).toBe(-1);
  await signOut(page);
  await site.clock.advance(2 * minute);
  await signIn(page, mailServer, visitor.email, { by: "link", keepSignedIn: true });
  const days = ((await sessionCookie()).expires * 1000 - site.clock.now().getTime()) / day;
  expect(days).toBeGreaterThan(6.9);
  expect(days).toBeLessThanOrEqual(30);

  async function sessionCookie() {
    const cookie = (await context.cookies()).find(({ name }) => name === "session_id");
    if (!cookie) throw new Error("There is no session cookie");
    return cookie;
  }
});

test("a session without wishes ends after 24 hours", async ({ site, mailServer, visitor }) => {
  const program = visitor.asNewProgram();
  await signInOverHttp(program, mailServer, visitor.email);
  await site.clock.advance(24 * hour - minute);
  expect(await isSignedIn(program)).toBe(true);
  await site.clock.advance(2 * minute);
  expect(await isSignedIn(program)).toBe(false);
  expect((await program.get("/private")).status).toBe(307);
});

test("a session that shall stay ends after 30 days, however often it is used", async ({
  site,
  mailServer,
  visitor,
}) => {
  const program = visitor.asNewProgram();
  const mail = await askOverHttp(program, mailServer, visitor.email, { remember: "on" });
  const { setCookies } = await sendCode(program, codeIn(mail));
  expect(setCookies.join()).toMatch(/session_id=[^;]+;.*(max-age|expires)=/i);
  for (let days = 6; days < 30; days += 6) {
    await site.clock.advance(6 * day);
    expect(await isSignedIn(program), `after ${days} days`).toBe(true);
    // It is renewed after the answer, which no visitor is six days ahead of.
    await expect
      .poll(async () => (await listSessions(site, visitor.email))[0]?.lastSeenAt)
      .toBeGreaterThan(site.clock.now().getTime() - minute);
  }
  await site.clock.advance(6 * day - minute);
  expect(await isSignedIn(program)).toBe(true);
  await site.clock.advance(2 * minute);
  expect(await isSignedIn(program)).toBe(false);
});

test("after sign-out the same cookie is refused at once elsewhere", async ({
  page,
  context,
  mailServer,
  visitor,
}) => {
  await signIn(page, mailServer, visitor.email, { by: "code" });
  const elsewhere = visitor.asNewProgram();
  for (const { name, value } of await context.cookies()) elsewhere.cookies.set(name, value);
  expect(await isSignedIn(elsewhere)).toBe(true);
  await signOut(page);
  expect((await elsewhere.get("/me")).status).toBe(401);
  expect((await elsewhere.get("/private")).status).toBe(307);
  expect((await elsewhere.get("/")).body).not.toContain(visitor.email);
});

test("signing in again in the same browser ends the session before it", async ({
  page,
  context,
  site,
  mailServer,
  visitor,
}) => {
  await signIn(page, mailServer, visitor.email, { by: "code" });
  const before = visitor.asNewProgram();
  for (const { name, value } of await context.cookies()) before.cookies.set(name, value);
  await site.clock.advance(2 * minute);
  const same = visitor.asNewProgram();
  for (const [name, value] of before.cookies) same.cookies.set(name, value);
  const mail = await askOverHttp(same, mailServer, visitor.email);
  await sendCode(same, codeIn(mail));
  expect(await isSignedIn(same)).toBe(true);
  expect(same.cookies.get("session_id")).not.toBe(before.cookies.get("session_id"));
  expect(await isSignedIn(before)).toBe(false);
});

test("a cookie that a stranger has set becomes nobody's session", async ({
  page,
  context,
  site,
  mailServer,
  visitor,
}) => {
  const value = "A".repeat(43);
  await context.addCookies([{ name: "session_id", value, url: site.url }]);
  const mail = await askForMail(page, mailServer, visitor.email);
  await followLink(page, linkIn(mail));
  await expect(page).toHaveURL("/private");
  const stranger = visitor.asNewProgram();
  stranger.cookies.set("session_id", value);
  expect(await isSignedIn(stranger)).toBe(false);
});

for (const accept of ["text/html", "application/json"]) {
  test(`signing up and signing in look the same to who asks for ${accept}`, async ({
    site,
    mailServer,
    visitor,
  }) => {
    const known = visitor.email;
    const unknown = `q${known.slice(1)}`;
    await signInOverHttp(visitor.asNewProgram(), mailServer, known);
    await site.clock.advance(2 * minute);
    const signsIn = visitor.asNewProgram();
    const signsUp = visitor.asNewProgram();
    expect(looks(await ask(signsIn, known))).toEqual(looks(await ask(signsUp, unknown)));
    // How far the two mails are may be a moment apart.
    await expect(async () => {
      const asKnown = withoutChance(await signsIn.get("/check-email"), known);
      expect(withoutChance(await signsUp.get("/check-email"), unknown)).toBe(asKnown);
    }).toPass({ timeout: 10_000 });
  });

  function ask(program: HttpClient, email: string) {
    return program.post("/auth", { form: { email } }, { accept });
  }
}

function looks({ status, headers, setCookies, body }: HttpAnswer) {
  return {
    status,
    body,
    headers: Object.keys(headers).sort(),
    location: headers.location,
    cookies: setCookies.map((line) => line.replace(/=[^;]+|expires=[^;]+/gi, "=")),
  };
}

/**
 * A page without what differs from one answer to the next: its nonce, the number of the browser,
 * the time until another mail can go, and whom it is for.
 */
function withoutChance({ status, headers, body }: HttpAnswer, email: string): string {
  const [, nonce = ""] = /'nonce-([^']+)'/.exec(`${headers["content-security-policy"]}`) ?? [];
  const [name = ""] = email.split("@");
  const time = /(waitSeconds\W+)\d+|\d\d:\d\d(?= UTC)/g;
  const number = /(dir\W+ltr\W+(?:children\W+)?)\d\d(?!\d)/g;
  const page = body.replaceAll(nonce, "").replaceAll(name, "");
  return `${status} ${page.replace(time, "$1").replace(number, "$1")}`;
}
