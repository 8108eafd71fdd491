import type { Page } from "@playwright/test";
import messages from "../messages/en.json" with { type: "json" };
import { setBlocked } from "./support/database";
import type { HttpClient } from "./support/http";
import type { Mail } from "./support/mail";
import type { MailServer } from "./support/mail-server";
import { askOverHttp, pathOf, sendCode, sendLink, signInOverHttp } from "./support/program";
import { askForMail, codeIn, linkIn, signIn, signOut } from "./support/sign-in";
import type { Site } from "./support/site";
import { expect, test, type Visitor } from "./support/test";

const minute = 60_000;
const destination = "/private?tab=notes";
const nothingOfOurs = messages.proof.problem.unknown;
const telephone = "Mozilla/5.0 (Android 14; Mobile; rv:130.0) Gecko/130.0 Firefox/130.0";

interface Scene {
  site: Site;
  mailServer: MailServer;
  visitor: Visitor;
  email: string;
  /** The browser that asked. */
  person: HttpClient;
}

interface Ended {
  /** A mail that has come to its end. */
  mail: Mail;
  /** What the browser that asked is told of it. */
  says: RegExp;
}

/** Every way in which a mail can end, brought about as people do. */
const endings: Record<string, (scene: Scene) => Promise<Ended>> = {
  used: async (scene) => {
    const mail = await ask(scene);
    await sendLink(scene.person, linkIn(mail));
    const usedAt = clockTime(scene.site);
    await scene.person.post("/sign_out");
    return { mail, says: new RegExp(`was used on \\w+ \\d+ at ${usedAt} UTC, with .*Chrome`) };
  },
  "used on the telephone": async (scene) => {
    const mail = await ask(scene);
    const body = { json: { token: tokenOf(mail), code: codeIn(mail) } };
    const headers = { accept: "application/json", "user-agent": telephone };
    const other = scene.visitor.asNewProgram();
    expect((await other.post("/auth/confirm", body, headers)).status).toBe(200);
    return { mail, says: /was used on .* UTC, with Firefox on Android/ };
  },
  "replaced by a newer one": async (scene) => {
    const mail = await ask(scene);
    await scene.site.clock.advance(2 * minute);
    const newerAt = clockTime(scene.site);
    const newer = await ask(scene);
    await scene.site.clock.advance(minute);
    await sendLink(scene.person, linkIn(newer));
    await scene.person.post("/sign_out");
    return { mail, says: new RegExp(`newer mail went at ${newerAt} UTC.* used at .*Chrome`) };
  },
  "replaced by an older one": async (scene) => {
    const olderAt = clockTime(scene.site);
    const older = await ask(scene);
    await scene.site.clock.advance(2 * minute);
    const mail = await ask(scene);
    await sendLink(scene.person, linkIn(older));
    await scene.person.post("/sign_out");
    return { mail, says: new RegExp(`mail of ${olderAt} UTC was used first, at .*Chrome`) };
  },
  "replaced in another browser": async (scene) => {
    const mail = await ask(scene);
    await scene.site.clock.advance(2 * minute);
    await signInOverHttp(scene.visitor.asNewProgram(), scene.mailServer, scene.email);
    return { mail, says: /Another sign-in mail to this address was used first/ };
  },
  expired: async (scene) => {
    const mail = await ask(scene);
    await scene.site.clock.advance(10 * minute + 1000);
    return { mail, says: /too old: they last a few minutes only/ };
  },
  "expired, with a newer one on its way": async (scene) => {
    const mail = await ask(scene);
    await scene.site.clock.advance(5 * minute);
    const newerAt = clockTime(scene.site);
    await ask(scene);
    await scene.site.clock.advance(5 * minute + 1000);
    return { mail, says: new RegExp(`too old, and a newer one went at ${newerAt} UTC`) };
  },
  blocked: async (scene) => {
    await signInOverHttp(scene.person, scene.mailServer, scene.email);
    await scene.person.post("/sign_out");
    await scene.site.clock.advance(2 * minute);
    const mail = await ask(scene);
    await setBlocked(scene.site, scene.email, scene.site.clock.now());
    return { mail, says: /This account is blocked/ };
  },
};

for (const [ending, bring] of Object.entries(endings)) {
  test(`a mail that is ${ending} says so to the browser that asked, and to no other`, async ({
    page,
    context,
    site,
    mailServer,
    visitor,
  }) => {
    const { email } = visitor;
    const person = await programOf(page, visitor);
    const { mail, says } = await bring({ site, mailServer, visitor, email, person });
    const told = await sendLink(person, linkIn(mail));
    expect(told.status).toBe(422);
    expect(told.json()).toMatchObject({ detail: expect.stringMatching(says) });

    await context.clearCookies();
    const cookies = [...person.cookies].map(([name, value]) => ({ name, value, url: site.url }));
    await context.addCookies(cookies);
    await page.goto(linkIn(mail));
    // Where a link could still sign in, the page presses its own button first.
    await expect(page.getByRole("main")).toContainText(says);
    await expectOffer(page, destination);
    expect((await page.request.get("/me")).status()).toBe(401);

    const stranger = visitor.asNewProgram();
    await askOverHttp(stranger, mailServer, `stranger-of-${email}`);
    for (const code of [undefined, codeIn(mail)]) {
      const { status, body } = await sendLink(stranger, linkIn(mail), code);
      expect(status).toBe(422);
      expect(body).not.toMatch(says);
      // A block leaves the mail as it was, for all that others can see.
      if (ending !== "blocked") expect(JSON.parse(body)).toMatchObject({ detail: nothingOfOurs });
    }
    const shown = (await stranger.get(pathOf(mail))).body.replace(/<[^>]+>/g, "");
    expect(shown).not.toMatch(says);
    if (ending !== "blocked") {
      expect(shown).toContain(nothingOfOurs);
      expect(shown).not.toContain(email);
    }
  });
}

for (const [ending, bring] of Object.entries(endings)) {
  test(`the code of a mail that is ${ending} is told why, in the browser that asked`, async ({
    page,
    site,
    mailServer,
    visitor,
  }) => {
    const { email } = visitor;
    const person = await programOf(page, visitor);
    const { mail, says } = await bring({ site, mailServer, visitor, email, person });
    const told = await sendCode(person, codeIn(mail));
    expect(told.json()).toMatchObject({ status: 422, detail: expect.stringMatching(says) });
    const stranger = visitor.asNewProgram();
    await askOverHttp(stranger, mailServer, `stranger-of-${email}`);
    expect((await sendCode(stranger, codeIn(mail))).body).not.toMatch(says);
  });
}

for (const javaScript of [true, false]) {
  test.describe(javaScript ? "with scripts" : "without scripts", () => {
    test.use({ javaScript });

    test("the first screen says that its mail was used elsewhere, and offers another", async ({
      page,
      site,
      mailServer,
      visitor,
    }) => {
      const mail = await askForMail(page, mailServer, visitor.email, { next: destination });
      await sendLink(visitor.asNewProgram(), linkIn(mail), codeIn(mail));
      if (!javaScript) await page.reload();
      await expect(page.getByRole("heading", { level: 1 })).toHaveText("This mail has been used");
      await expect(page.getByRole("main")).toContainText(/was used on .* UTC, with /);
      await site.clock.advance(2 * minute);
      // Whose address it was is nobody's business at this screen any more: it has to be typed.
      expect(await page.content()).not.toContain(visitor.email);
      await page.getByRole("link", { name: "Get a new mail" }).click();
      await page.getByLabel("Email address").fill(visitor.email);
      await page.getByRole("button", { name: "Email me a link" }).click();
      await enterCode(page, mailServer, mail, visitor.email);
    });

    test("the first screen says that its mail is too old, and offers another", async ({
      page,
      site,
      mailServer,
      visitor,
    }) => {
      const mail = await askForMail(page, mailServer, visitor.email, { next: destination });
      await site.clock.advance(10 * minute + 1000);
      if (!javaScript) await page.reload();
      await expect(page.getByRole("heading", { level: 1 })).toHaveText("This mail is too old");
      await askAgain(page, mailServer, mail, visitor.email);
    });

    test("the link of a used mail leads to a new one, with the destination kept", async ({
      page,
      site,
      mailServer,
      visitor,
    }) => {
      const way = { by: "link", next: destination } as const;
      const mail = await signIn(page, mailServer, visitor.email, way);
      await signOut(page);
      await site.clock.advance(2 * minute);
      await page.goto(linkIn(mail));
      await expect(page.getByRole("main")).toContainText(/with Chrom\S* on \w+/);
      await page.getByRole("link", { name: "Get a new mail" }).click();
      await page.getByLabel("Email address").fill(visitor.email);
      await page.getByRole("button", { name: "Email me a link" }).click();
      await page.waitForURL("**/check-email*");
      const next = await mailServer.waitForMail({ to: visitor.email, after: mail });
      await page.getByLabel("Six-digit code").fill(codeIn(next));
      await page.getByRole("button", { name: "Sign in", exact: true }).click();
      await expect(page).toHaveURL(destination);
    });
  });
}

test("who is blocked gets the same answer as everybody, and no session in any way", async ({
  site,
  mailServer,
  visitor,
}) => {
  const person = visitor.asNewProgram();
  await signInOverHttp(person, mailServer, visitor.email);
  await site.clock.advance(2 * minute);
  await setBlocked(site, visitor.email, site.clock.now());
  expect((await person.get("/me")).status).toBe(401);

  const [asBlocked, asUnknown] = [visitor.asNewProgram(), visitor.asNewProgram()];
  const headers = { accept: "application/json" };
  const blocked = await asBlocked.post("/auth", { json: { email: visitor.email } }, headers);
  const body = { json: { email: `new-${visitor.email}` } };
  const unknown = await asUnknown.post("/auth", body, headers);
  expect([blocked.status, blocked.body]).toEqual([unknown.status, unknown.body]);
  const mail = await mailServer.waitForMail({
    to: visitor.email,
    after: mailServer.messages.find(({ recipients }) => recipients.includes(visitor.email)),
  });
  // What a blocked person is written does not let them in; whether it holds a code is not for here.
  const code = /^\d{6}$/m.exec(mail.text)?.[0];
  if (code) expect((await sendCode(asBlocked, code)).status).toBe(422);
  expect((await asBlocked.get("/me")).status).toBe(401);
});

/** A program that goes on with the cookies of a browser, and calls itself the same. */
async function programOf(page: Page, visitor: Visitor): Promise<HttpClient> {
  const program = visitor.asNewProgram();
  const userAgent = await page.evaluate(() => navigator.userAgent);
  const named = { "user-agent": userAgent };
  return {
    cookies: program.cookies,
    get: (path, headers) => program.get(path, { ...named, ...headers }),
    post: (path, body, headers) => program.post(path, body, { ...named, ...headers }),
    request: (method, path, sent) =>
      program.request(method, path, { ...sent, headers: { ...named, ...sent?.headers } }),
  };
}

function ask({ person, mailServer, email }: Scene): Promise<Mail> {
  return askOverHttp(person, mailServer, email, { next: destination });
}

function tokenOf(mail: Mail): string | null {
  return new URL(linkIn(mail)).searchParams.get("token");
}

/** The time of day by a site's clock, as its pages and mails write it. */
function clockTime(site: Site): string {
  return site.clock.now().toISOString().slice(11, 16);
}

async function expectOffer(page: Page, next: string) {
  const offer = page.getByRole("main").getByRole("link", { name: "Get a new mail" });
  const href = (await offer.getAttribute("href")) ?? "";
  expect(new URL(href, page.url()).searchParams.get("next")).toBe(next);
}

async function askAgain(page: Page, mailServer: MailServer, after: Mail, to: string) {
  await page.getByRole("button", { name: "Send another mail" }).click();
  await enterCode(page, mailServer, after, to);
}

async function enterCode(page: Page, mailServer: MailServer, after: Mail, to: string) {
  const next = await mailServer.waitForMail({ to, after });
  await page.getByLabel("Six-digit code").fill(codeIn(next));
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
  await expect(page).toHaveURL(destination);
}
