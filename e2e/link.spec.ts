import type { Page } from "@playwright/test";
import { countSessions } from "./support/database";
import { client, type HttpAnswer } from "./support/http";
import {
  askOverHttp,
  isSignedIn,
  pathOf,
  sendCode,
  sendLink,
  signInOverHttp,
  tokenIn,
} from "./support/program";
import { fetchingScanner, pressingScanner } from "./support/scanner";
import { askForMail, codeIn, followLink, linkIn, signIn, signOut } from "./support/sign-in";
import { startSite } from "./support/site";
import { expect, test } from "./support/test";

const minute = 60_000;
const form = "application/x-www-form-urlencoded";

for (const javaScript of [true, false]) {
  test.describe(javaScript ? "with scripts" : "without scripts", () => {
    test.use({ javaScript });

    test("a link read ten times by anybody still signs its person in", async ({
      page,
      context,
      mailServer,
      visitor,
    }) => {
      const mail = await askForMail(page, mailServer, visitor.email);
      const stranger = visitor.asNewProgram();
      const person = visitor.asNewProgram();
      for (const { name, value } of await context.cookies()) person.cookies.set(name, value);
      for (const program of [stranger, person]) {
        for (let time = 0; time < 10; time++) {
          for (const method of ["HEAD", "GET"]) {
            const answer = await program.request(method, pathOf(mail));
            expect(answer.status).toBe(200);
            expect(answer.setCookies.join()).not.toContain("session_id");
          }
        }
        expect(await isSignedIn(program)).toBe(false);
      }
      await followLink(page, linkIn(mail));
      await expect(page).toHaveURL("/private");
      await expect(page.getByRole("main")).toContainText(visitor.email);
    });

    test("a used link says so and offers a new mail, with the destination kept", async ({
      page,
      mailServer,
      visitor,
    }) => {
      const next = "/private?tab=notes";
      const mail = await signIn(page, mailServer, visitor.email, { by: "link", next });
      await signOut(page);
      await page.goto(linkIn(mail));
      await expect(page.getByRole("main")).toContainText(/used/i);
      await expectDead(page);
      const offer = await newMailOffer(page).getAttribute("href");
      expect(new URL(offer ?? "", page.url()).searchParams.get("next")).toBe(next);
    });

    test("an expired link says so and offers a new mail", async ({
      page,
      site,
      mailServer,
      visitor,
    }) => {
      const mail = await askForMail(page, mailServer, visitor.email);
      await site.clock.advance(10 * minute + 1000);
      await page.goto(linkIn(mail));
      await expect(page.getByRole("main")).toContainText(/too old|expired/i);
      await expectDead(page);
    });
  });
}

test("a link that expires while its page is open signs nobody in", async ({
  site,
  mailServer,
  visitor,
}) => {
  const person = visitor.asNewProgram();
  const mail = await askOverHttp(person, mailServer, visitor.email);
  expect((await person.get(pathOf(mail))).status).toBe(200);
  await site.clock.advance(10 * minute + 1000);
  const answer = await sendLink(person, linkIn(mail));
  expect(answer.status).toBe(422);
  expect(await isSignedIn(person)).toBe(false);
});

const brokenLinks: Record<string, (path: string) => string> = {
  "made up": () => `/confirm?token=${"A".repeat(43)}`,
  truncated: (path) => path.slice(0, -5),
  "longer than it was": (path) => `${path}A`,
  "in other letters": (path) => `/confirm?token=${path.split("=")[1]?.toUpperCase()}`,
  empty: () => "/confirm?token=",
  "without a token": () => "/confirm",
  "with a zero byte": (path) => `${path}%00`,
  "badly encoded": () => "/confirm?token=%ff%zz%",
  "full of SQL": () => `/confirm?token=${encodeURIComponent("' OR ''='")}`,
  "as long as a header may be": () => `/confirm?token=${"A".repeat(8000)}`,
};

for (const [how, breakIt] of Object.entries(brokenLinks)) {
  test(`a link that is ${how} explains itself and spends nothing`, async ({
    page,
    mailServer,
    visitor,
  }) => {
    const person = visitor.asNewProgram();
    const mail = await askOverHttp(person, mailServer, visitor.email);
    const broken = breakIt(pathOf(mail));
    const answer = await person.get(broken);
    expect(answer.status).toBe(200);
    await page.setContent(answer.body);
    await expect(newMailOffer(page)).toHaveAttribute("href", /^\/sign-in/);
    await expect(page.getByRole("main").getByRole("button")).toHaveCount(0);

    const token = broken.split("token=")[1] ?? "";
    const pressed = await person.post("/auth/confirm", { raw: `token=${token}`, type: form });
    expect([303, 422]).toContain(pressed.status);
    expect(await isSignedIn(person)).toBe(false);
    expect((await sendLink(person, linkIn(mail))).status).toBe(200);
  });
}

for (const times of [2, 20]) {
  test(`of ${times} redeems at once, one makes a session`, async ({
    site,
    mailServer,
    visitor,
  }) => {
    const program = visitor.asNewProgram();
    const mail = await askOverHttp(program, mailServer, visitor.email);
    const redeem = () => sendLink(program, linkIn(mail));
    const answers = await Promise.all(Array.from({ length: times }, redeem));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(answers.filter(opensSession)).toHaveLength(1);
    for (const { status } of answers) expect(status).toBeLessThan(500);
    expect(await countSessions(site, visitor.email)).toBe(1);
    expect(await isSignedIn(program)).toBe(true);
  });
}

test("of a hundred clients of two processes with one link, one gets in, twice in a row", async ({
  site,
  mailServer,
  visitor,
}) => {
  const env = { TRUSTED_PROXIES: "1" };
  const second = await startSite({ mailServer, beside: site, env });
  try {
    for (const round of ["first", "second"]) {
      const email = `${round}-${visitor.email}`;
      const person = visitor.asNewProgram();
      const mail = await askOverHttp(person, mailServer, email);
      const clients = Array.from({ length: 100 }, (_, index) => {
        const copy = client(index % 2 ? site : second, { origin: site.url });
        for (const [name, value] of person.cookies) copy.cookies.set(name, value);
        return copy;
      });
      const answers = await Promise.all(clients.map((copy) => sendLink(copy, linkIn(mail))));
      expect(answers.filter(opensSession), round).toHaveLength(1);
      for (const { status } of answers) expect([200, 422], round).toContain(status);
      expect(await countSessions(site, email), round).toBe(1);
      const signedIn = await Promise.all(clients.map(isSignedIn));
      expect(signedIn.filter(Boolean), round).toHaveLength(1);
    }
  } finally {
    await second.stop();
  }
});

test("link and code used at the same moment make one session", async ({
  site,
  mailServer,
  visitor,
}) => {
  const program = visitor.asNewProgram();
  const mail = await askOverHttp(program, mailServer, visitor.email);
  const answers = await Promise.all([
    sendLink(program, linkIn(mail)),
    sendCode(program, codeIn(mail)),
  ]);
  expect(answers.filter(opensSession)).toHaveLength(1);
  expect(await countSessions(site, visitor.email)).toBe(1);
});

test("a link fetched ahead of the person signs nobody in", async ({ mailServer, visitor }) => {
  const person = visitor.asNewProgram();
  const mail = await askOverHttp(person, mailServer, visitor.email);
  for (const purpose of ["prefetch", "prefetch;prerender"]) {
    const answer = await person.get(pathOf(mail), { "sec-purpose": purpose, purpose: "prefetch" });
    expect(answer.status).toBeLessThan(500);
    expect(opensSession(answer)).toBe(false);
  }
  expect(await isSignedIn(person)).toBe(false);
  expect((await sendLink(person, linkIn(mail))).status).toBe(200);
});

test("a second browser cannot sign in with the link alone", async ({
  page,
  mailServer,
  visitor,
}) => {
  const mail = await askForMail(page, mailServer, visitor.email);
  const stranger = await (await visitor.asNewBrowser()).newPage();
  await stranger.goto(linkIn(mail));
  const main = stranger.getByRole("main");
  await expect(main).toContainText(visitor.email);
  await expect(main).toContainText(/Chrom/);
  await main.getByRole("button").first().click();
  await stranger.goto("/private");
  await expect(stranger).toHaveURL("/sign-in?next=/private");

  const program = visitor.asNewProgram();
  for (const code of [undefined, "", "      "]) {
    expect(opensSession(await sendLink(program, linkIn(mail), code))).toBe(false);
  }
  const token = tokenIn(linkIn(mail));
  await program.post("/auth/confirm", { form: { token } }, { accept: "text/html" });
  expect(await isSignedIn(program)).toBe(false);

  await followLink(page, linkIn(mail));
  await expect(page).toHaveURL("/private");
});

test("a link asked for by a stranger signs no stranger in", async ({ mailServer, visitor }) => {
  const stranger = visitor.asNewProgram();
  const mail = await askOverHttp(stranger, mailServer, visitor.email);
  const person = visitor.asNewProgram();
  await person.get(pathOf(mail));
  await sendLink(person, linkIn(mail));
  expect(await isSignedIn(stranger)).toBe(false);
  expect(await isSignedIn(person)).toBe(false);
});

test("a scanner that fetches spends nothing", async ({ page, mailServer, visitor }) => {
  const mail = await askForMail(page, mailServer, visitor.email);
  const answers = await fetchingScanner(linkIn(mail), 2);
  expect(answers.length).toBeGreaterThan(10);
  expect(answers.filter(opensSession)).toEqual([]);
  for (const { status, url } of answers) expect(status, url).toBeLessThan(500);
  await followLink(page, linkIn(mail));
  await expect(page).toHaveURL("/private");
});

test("a scanner that runs scripts and presses buttons gets no session and spends nothing", async ({
  browser,
  page,
  mailServer,
  visitor,
}) => {
  const mail = await askForMail(page, mailServer, visitor.email);
  const { signedIn, log } = await pressingScanner(browser, linkIn(mail), { patience: 200 });
  expect(signedIn, log.join("\n")).toBe(false);
  expect(log.length, log.join("\n")).toBeGreaterThan(2);
  await followLink(page, linkIn(mail));
  await expect(page).toHaveURL("/private");
});

test("links and redirects point to the site, whatever the headers say", async ({
  site,
  mailServer,
  visitor,
}) => {
  const forged = {
    host: "evil.example",
    forwarded: "host=evil.example;proto=https",
    "x-forwarded-host": "evil.example",
    "x-forwarded-proto": "https",
    "x-forwarded-port": "444",
    "x-host": "evil.example",
    "x-original-url": "https://evil.example/",
  };
  const program = visitor.asNewProgram();
  const answer = await program.post("/auth", { form: { email: visitor.email } }, forged);
  expect(new URL(answer.headers.location ?? "/", site.url).origin).toBe(site.url);
  const mail = await mailServer.waitForMail({ to: visitor.email });
  expect(new URL(linkIn(mail)).origin).toBe(site.url);
  expect(mail.source).not.toContain("evil.example");
  const redirect = await program.get("/private", forged);
  expect(new URL(redirect.headers.location ?? "/", site.url).origin).toBe(site.url);
  expect((await program.get("/", forged)).body).not.toContain("evil.example");
});

test("Auth.js's own endpoints are closed from outside", async ({ mailServer, visitor }) => {
  const person = visitor.asNewProgram();
  const mail = await askOverHttp(person, mailServer, visitor.email);
  const { email } = visitor;
  const proof = new URLSearchParams({ token: tokenIn(linkIn(mail)), email, callbackUrl: "/" });
  const endpoints = [
    "",
    "/providers",
    "/session",
    "/csrf",
    "/signin",
    "/signin/email",
    "/signin/nodemailer",
    "/signout",
    "/error",
    "/verify-request",
    `/callback/email?${proof}`,
    `/callback/nodemailer?${proof}`,
    `/callback/http-email?${proof}`,
  ];
  const signedIn = visitor.asNewProgram();
  await signInOverHttp(signedIn, mailServer, `other-${email}`);

  for (const endpoint of endpoints) {
    const path = `/api/auth${endpoint}`;
    const answers = [await person.get(path), await person.post(path, { form: { email } })];
    answers.push(await signedIn.get(path), await signedIn.post(path, { form: {} }));
    for (const answer of answers) {
      expect(answer.status, path).toBeGreaterThanOrEqual(400);
      expect(answer.status, path).toBeLessThan(500);
      expect(answer.setCookies, path).toEqual([]);
    }
  }
  expect(await isSignedIn(person)).toBe(false);
  expect(await isSignedIn(signedIn)).toBe(true);
  expect((await sendLink(person, linkIn(mail))).status).toBe(200);
  expect(await isSignedIn(person)).toBe(true);
});

async function expectDead(page: Page) {
  await expect(newMailOffer(page)).toHaveAttribute("href", /^\/sign-in/);
  await expect(page.getByRole("main").getByRole("button")).toHaveCount(0);
  expect((await page.request.get("/me")).status()).toBe(401);
}

function newMailOffer(page: Page) {
  return page.getByRole("main").getByRole("link", { name: /new mail/i });
}

function opensSession({ setCookies }: HttpAnswer): boolean {
  return setCookies.some((line) => /^(__Host-)?session_id=[^;]/.test(line));
}
