import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { database } from "@/lib/platform/database/database";
import {
  emptyDatabase,
  forgetLimits,
  prepareTestDatabase,
} from "@/lib/platform/database/test-database";
import { hashToken, randomToken } from "@/lib/platform/secrets";
import { parseEmailAddress } from "./email-address";

await prepareTestDatabase();
const visitor = {
  browserToken: "browser",
  screenToken: "screen",
  userAgent: "",
  networkAddress: "203.0.113.7",
  timeZone: null,
};

beforeEach(emptyDatabase);
afterEach(() => vi.resetModules());

test("open: every address may make an account", async () => {
  const { maySignUp } = await siteWith("open");
  expect(maySignUp("ann@example.org")).toBe(true);
});

test("invited: no address may make an account by itself", async () => {
  const { maySignUp } = await siteWith("invited");
  for (const email of ["ann@example.org", "ann@invited", "invited@invited.example"])
    expect(maySignUp(email)).toBe(false);
});

test("domains: addresses of just these may, compared in canonical form", async () => {
  const { maySignUp } = await siteWith("Example.org, münchen.de,ПОЧТА.рф");
  const typed = {
    allowed: [
      "ann@example.org",
      "Ann@EXAMPLE.ORG",
      "ann@ｅｘａｍｐｌｅ．ｏｒｇ",
      "ann@münchen.de",
      "ann@MU\u0308NCHEN.DE",
      "ann@xn--mnchen-3ya.de",
      "ann@почта.рф",
      "ann@xn--80a1acny.xn--p1ai",
    ],
    refused: [
      "ann@mail.example.org",
      "ann@example.org.example.net",
      "ann@badexample.org",
      "ann@ample.org",
      "ann@org.example",
      "ann@munchen.de",
      "example.org@example.net",
    ],
  };
  for (const text of typed.allowed) expect(maySignUp(canonical(text)), text).toBe(true);
  for (const text of typed.refused) expect(maySignUp(canonical(text)), text).toBe(false);
});

describe.each(["invited", "example.com,example.net"])("with SIGN_UP=%s", (signUp) => {
  test("an address without an account is mailed that there is none, with no link and no code", async () => {
    const site = await siteWith(signUp);
    const { mail } = await askAt(site, "ann@example.org");
    expect(mail).toMatchObject({ template: "no-account", recipient: "ann@example.org" });
    const content = site.readMailContent(mail);
    expect(content).toMatchObject({ isReserved: false });
    expect(Object.keys(content).toSorted()).toEqual([
      "askedAt",
      "isReserved",
      "networkAddress",
      "template",
      "timeZone",
      "userAgent",
    ]);
    const { subject, text, html } = await site.renderMail(mail);
    expect(subject).toBe("You have no account at Latchkey");
    for (const part of [text, html]) {
      expect(part).toMatch(/there is no account for it/);
      expect(part).toContain("/stop-mails?token=");
      expect(part).not.toContain("/confirm");
      expect(part.replace(/token=\S+|<style>.*?<\/style>|#\w{6}/gs, "")).not.toMatch(/\b\d{6}\b/);
    }
  });

  test("what was proved for an address without an account makes none, and is not spent", async () => {
    const site = await siteWith(signUp);
    const { id } = await askAt(site, "ann@example.org");
    const refused = site.redeemMail(id, randomToken(), visitor, undefined, "link");
    await expect(refused).rejects.toMatchObject({ name: "SignInRefused", reason: "no-account" });
    expect(await database().user.count()).toBe(0);
    expect(await database().session.count()).toBe(0);
    expect(await database().knownBrowser.count()).toBe(0);
    expect(await requestOf(id)).toMatchObject({ usedAt: null });
  });

  test("of twenty sign-ins at once none makes an account", async () => {
    const site = await siteWith(signUp);
    const { id } = await askAt(site, "ann@example.org");
    const redeems = Array.from({ length: 20 }, () =>
      site.redeemMail(id, randomToken(), visitor, undefined, "link"),
    );
    for (const { status } of await Promise.allSettled(redeems)) expect(status).toBe("rejected");
    expect(await database().user.count()).toBe(0);
  });

  test("an address that has an account gets its mail, and signs in", async () => {
    await addAccount("ann@example.org");
    const site = await siteWith(signUp);
    const { id, mail } = await askAt(site, "ann@example.org");
    expect(mail.template).toBe("sign-in");
    const { user } = await site.redeemMail(id, randomToken(), visitor, undefined, "link");
    expect(user.email).toBe("ann@example.org");
    expect(await database().user.count()).toBe(1);
  });

  test("the row, the limits and the time to live are the same for both", async () => {
    await addAccount("ann@example.org");
    const site = await siteWith(signUp);
    const rows = [];
    for (const email of ["ann@example.org", "bob@example.org"]) {
      vi.useFakeTimers({ toFake: ["Date"], now: new Date("2030-01-01T10:42:00Z") });
      const { id, mail } = await askAt(site, email);
      vi.useRealTimers();
      const { expiresAt, number, ...request } = await requestOf(id);
      const limits = await database().limitCount.count();
      const columns = Object.entries(request).map(([name, value]) => [name, typeof value]);
      rows.push({ columns, expiresAt, number: typeof number, mail: mail.state, limits });
    }
    expect(rows[0]).toEqual(rows[1]);
  });

  test("an account that was blocked is called blocked", async () => {
    await addAccount("ann@example.org", new Date());
    const site = await siteWith(signUp);
    const { id } = await askAt(site, "ann@example.org");
    await expect(
      site.redeemMail(id, randomToken(), visitor, undefined, "link"),
    ).rejects.toMatchObject({
      reason: "blocked",
    });
  });
});

test("with domains, an address of one signs up", async () => {
  const site = await siteWith("münchen.de");
  const { id, mail } = await askAt(site, canonical("Ann@MÜNCHEN.de"));
  expect(mail.template).toBe("sign-in");
  await site.redeemMail(id, randomToken(), visitor, undefined, "link");
  expect(await database().user.findMany()).toMatchObject([{ email: "ann@xn--mnchen-3ya.de" }]);
});

test("who asked while everybody might sign up, and comes when nobody may any more, makes no account", async () => {
  const { id } = await askAt(await siteWith("open"), "ann@example.org");
  const site = await siteWith("invited");
  await expect(
    site.redeemMail(id, randomToken(), visitor, undefined, "link"),
  ).rejects.toMatchObject({
    reason: "no-account",
  });
  expect(await database().user.count()).toBe(0);
});

/** The rules as they are in a process that was started with this `SIGN_UP`. */
async function siteWith(signUp: string) {
  vi.resetModules();
  process.env.SIGN_UP = signUp;
  const [
    { maySignUp },
    { storeSignInRequest },
    { redeemMail },
    { readMailContent },
    { renderMail },
  ] = await Promise.all([
    import("./sign-up"),
    import("./sign-in-request"),
    import("./test-sign-in"),
    import("./outbox"),
    import("./mail-worker"),
  ]);
  // Now, and never again, these read the environment.
  maySignUp("ann@example.org");
  return { maySignUp, storeSignInRequest, redeemMail, readMailContent, renderMail };
}

async function askAt(site: Awaited<ReturnType<typeof siteWith>>, email: string) {
  const linkToken = randomToken();
  await forgetLimits();
  const address = { canonical: email, typed: email };
  await site.storeSignInRequest({ address, keepSignedIn: false, next: "/", visitor }, linkToken);
  const { id } = await database().signInRequest.findUniqueOrThrow({
    where: { linkHash: hashToken(linkToken) },
  });
  const mail = await database().mail.findUniqueOrThrow({ where: { signInRequestId: id } });
  return { id, mail };
}

async function addAccount(email: string, blockedAt: Date | null = null) {
  const emailVerified = new Date();
  await database().user.create({ data: { email, emailTyped: email, emailVerified, blockedAt } });
}

function requestOf(id: string) {
  return database().signInRequest.findUniqueOrThrow({ where: { id } });
}

function canonical(text: string): string {
  const address = parseEmailAddress(text);
  if ("problem" in address) throw new Error(`${text} is no address: ${address.problem}`);
  return address.canonical;
}
