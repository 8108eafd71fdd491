import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { database } from "@/lib/platform/database/database";
import {
  emptyDatabase,
  forgetLimits,
  prepareTestDatabase,
} from "@/lib/platform/database/test-database";
import { randomToken } from "@/lib/platform/secrets";
import { readMailContent } from "./outbox";
import { peekLink, proveByCode, proveByLink, proveByLinkAndCode } from "./sign-in-proof";
import { storeSignInRequest } from "./sign-in-request";
import { redeemMail } from "./test-sign-in";

await prepareTestDatabase();
const now = new Date("2030-01-01T10:42:00Z");
const lastMoment = new Date("2030-01-01T10:51:59.999Z");
const end = new Date("2030-01-01T10:52:00Z");

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ["Date"] });
  vi.setSystemTime(now);
  await emptyDatabase();
});
afterEach(() => vi.useRealTimers());

test("in the browser that asked, the link proves the address", async () => {
  const { linkToken, id } = await ask();
  expect(await proveByLink(linkToken, "browser")).toMatchObject({ request: { id } });
});

test("in the browser that asked, the code proves the address", async () => {
  const { code, id } = await ask();
  expect(await proveByCode(code, "browser")).toMatchObject({ request: { id } });
});

test("in another browser, link and code together prove the address", async () => {
  const { linkToken, code, id } = await ask();
  expect(await proveByLinkAndCode(linkToken, code)).toMatchObject({ request: { id } });
});

const waysToType: [string, (code: string) => string][] = [
  ["a space in the middle", (code) => `${code.slice(0, 3)} ${code.slice(3)}`],
  ["spaces around and hyphens between", (code) => ` ${[...code].join("-")}\u00A0\n`],
  ["dashes", (code) => `${code.slice(0, 2)}–${code.slice(2, 4)}\u2011${code.slice(4)}`],
  ["full-width digits", (code) => code.replace(/\d/g, fullWidth)],
];

test.each(waysToType)("the code is accepted as people type it: with %s", async (_, typedAs) => {
  const { code, id } = await ask();
  expect(await proveByCode(typedAs(code), "browser")).toMatchObject({ request: { id } });
});

test("looking at a link changes nothing, however often and by whomever", async () => {
  const { linkToken } = await ask();
  const before = await database().signInRequest.findMany();
  for (const browser of ["browser", "another", undefined])
    for (let count = 0; count < 10; count++) await peekLink(linkToken, browser);
  expect(await database().signInRequest.findMany()).toEqual(before);
  expect(await peekLink(linkToken, "browser")).toMatchObject({ isOwn: true, ending: null });
  expect(await peekLink(linkToken, "another")).toMatchObject({ isOwn: false, ending: null });
  expect(await peekLink(linkToken, undefined)).toMatchObject({ isOwn: false });
});

test.each(["", "made-up", "a".repeat(43), "\0", "a".repeat(100_000)])(
  "a made-up link proves nothing",
  async (linkToken) => {
    const { code } = await ask();
    expect(await peekLink(linkToken, "browser")).toBeNull();
    expect(await proveByLink(linkToken, "browser")).toEqual({ problem: "unknown" });
    expect(await proveByLinkAndCode(linkToken, code)).toEqual({ problem: "unknown" });
  },
);

test.each(["", "12345", "1234567", "12345a", "١٢٣٤٥٦", "1".repeat(100_000), "%31%32%33%34%35%36"])(
  "a malformed code proves nothing and costs no try",
  async (typed) => {
    const { linkToken, code, id } = await ask();
    for (let count = 0; count < 6; count++)
      expect(await proveByCode(typed, "browser")).toEqual({ problem: "malformed-code" });
    expect(await proveByLinkAndCode(linkToken, typed)).toEqual({ problem: "malformed-code" });
    expect(await proveByCode(code, "browser")).toMatchObject({ request: { id } });
  },
);

test("in another browser, the link alone proves nothing", async () => {
  const { linkToken } = await ask();
  for (const browser of ["another", "", undefined])
    expect(await proveByLink(linkToken, browser)).toEqual({ problem: "other-browser" });
});

test("in another browser, the code alone proves nothing", async () => {
  const { code } = await ask();
  expect(await proveByCode(code, undefined)).toEqual({ problem: "unknown" });
  expect(await proveByCode(code, "another")).toEqual({ problem: "unknown" });
  await ask({ browser: "another", address: "bob@example.org" });
  expect(await proveByCode(code, "another")).toMatchObject({ problem: "wrong-code" });
});

test("until the last moment they work, and then no more", async () => {
  const { linkToken, code } = await ask();
  vi.setSystemTime(lastMoment);
  expect(await proveByLink(linkToken, "browser")).toHaveProperty("request");
  expect(await proveByCode(code, "browser")).toHaveProperty("request");
  expect(await proveByLinkAndCode(linkToken, code)).toHaveProperty("request");
  vi.setSystemTime(end);
  expect(await peekLink(linkToken, "browser")).toMatchObject({ ending: { problem: "expired" } });
  const expired = { problem: "expired", ending: { problem: "expired" } };
  expect(await proveByLink(linkToken, "browser")).toEqual(expired);
  expect(await proveByCode(code, "browser")).toEqual(expired);
  expect(await proveByLinkAndCode(linkToken, code)).not.toHaveProperty("request");
});

test("once used, neither works again, and the browser that asked is told", async () => {
  const { linkToken, code, id } = await ask();
  await redeemNow(id);
  const ending = { problem: "used", usedAt: now, userAgent: "A browser" };
  expect(await proveByLink(linkToken, "browser")).toEqual({ problem: "used", ending });
  expect(await proveByCode(code, "browser")).toEqual({ problem: "used", ending });
  expect(await proveByLinkAndCode(linkToken, code)).not.toHaveProperty("request");
});

test("another browser is not told that somebody has signed in", async () => {
  const used = await ask();
  const replaced = await ask();
  await redeemNow(used.id);
  for (const { linkToken } of [used, replaced]) {
    expect(await proveByLink(linkToken, "another")).toEqual({ problem: "unknown" });
    expect(await proveByLinkAndCode(linkToken, "000000")).toEqual({ problem: "unknown" });
  }
});

test("of two mails of one browser either works, by link and by code", async () => {
  const older = await ask();
  const newer = await ask();
  for (const { linkToken, code, id } of [older, newer]) {
    expect(await proveByLink(linkToken, "browser")).toMatchObject({ request: { id } });
    expect(await proveByCode(code, "browser")).toMatchObject({ request: { id } });
    expect(await proveByLinkAndCode(linkToken, code)).toMatchObject({ request: { id } });
  }
});

test("the first success ends the other mails to that address, of whatever browser", async () => {
  const [used, sibling] = [await ask(), await ask()];
  const [elsewhere, stranger] = [await ask({ browser: "another" }), await ask(bob)];
  await redeemNow(used.id);
  expect(await proveByLink(sibling.linkToken, "browser")).toMatchObject({ problem: "replaced" });
  expect(await proveByCode(sibling.code, "browser")).not.toHaveProperty("request");
  expect(await proveByLinkAndCode(sibling.linkToken, sibling.code)).not.toHaveProperty("request");
  const replaced = { problem: "replaced", ending: { problem: "replaced" } };
  expect(await proveByLink(elsewhere.linkToken, "another")).toEqual(replaced);
  expect(await proveByCode(elsewhere.code, "another")).toEqual(replaced);
  expect(await proveByLink(stranger.linkToken, "bob's")).toHaveProperty("request");
});

test("a wrong code says how many tries are left, and the fifth was the last", async () => {
  const { code } = await ask();
  for (const triesLeft of [4, 3, 2, 1, 0])
    expect(await proveByCode(wrong(code), "browser")).toEqual({ ...wrongCode, triesLeft });
  const refusal = { ...wrongCode, triesLeft: 0 };
  expect(await proveByCode(code, "browser")).toEqual(refusal);
});

test("the fifth try may be the right one", async () => {
  const { code } = await ask();
  for (let count = 0; count < 4; count++) await proveByCode(wrong(code), "browser");
  expect(await proveByCode(code, "browser")).toHaveProperty("request");
});

test("of twenty guesses at once five count", async () => {
  const { code, linkToken, id } = await ask();
  const guesses = Array.from({ length: 20 }, () => wrong(code));
  await Promise.all(guesses.map((guess) => proveByCode(guess, "browser")));
  expect(await proveByCode(code, "browser")).not.toHaveProperty("request");

  await Promise.all(guesses.map((guess) => proveByLinkAndCode(linkToken, guess)));
  expect(await proveByLinkAndCode(linkToken, code)).not.toHaveProperty("request");
  expect(await database().signInRequest.findUniqueOrThrow({ where: { id } })).toMatchObject({
    codeTries: 5,
    codeTriesElsewhere: 5,
  });
});

test("guesses count also while other sign-ins fail beside them", async () => {
  const used = await ask(bob);
  await redeemNow(used.id);
  const { code, id } = await ask();
  const failing = () => redeemNow(used.id).catch(() => "refused");
  await Promise.all([
    ...Array.from({ length: 20 }, failing),
    ...Array.from({ length: 20 }, () => proveByCode(wrong(code), "browser")),
  ]);
  const request = await database().signInRequest.findUniqueOrThrow({ where: { id } });
  expect(request.codeTries).toBe(5);
});

test("guesses in another browser do not use up the tries of the one that asked", async () => {
  const { code, linkToken } = await ask();
  for (let count = 0; count < 6; count++) await proveByLinkAndCode(linkToken, wrong(code));
  expect(await proveByCode(code, "browser")).toHaveProperty("request");
});

test("another mail does not give an older code new tries", async () => {
  const older = await ask();
  for (let count = 0; count < 5; count++) await proveByCode(wrong(older.code), "browser");
  const newer = await ask();
  expect(await proveByCode(older.code, "browser")).toEqual({ ...wrongCode, triesLeft: 4 });
  expect(await proveByCode(newer.code, "browser")).toMatchObject({ request: { id: newer.id } });
});

test("without tries left the link still works", async () => {
  const { code, linkToken } = await ask();
  for (let count = 0; count < 6; count++) await proveByCode(wrong(code), "browser");
  expect(await proveByLink(linkToken, "browser")).toHaveProperty("request");
});

test("proving spends nothing", async () => {
  const { code, linkToken, id } = await ask();
  await proveByLink(linkToken, "browser");
  await proveByCode(code, "browser");
  await proveByLinkAndCode(linkToken, code);
  expect(await database().signInRequest.findUniqueOrThrow({ where: { id } })).toMatchObject({
    usedAt: null,
    replacedAt: null,
  });
  expect(await database().session.count()).toBe(0);
});

/** Whose code it was not is written down with the account. */
const wrongCode = { problem: "wrong-code", email: "ann@example.org" };
const bob = { browser: "bob's", address: "bob@example.org" };

/** Asks for a mail, a moment later than for the one before, and reads it. */
async function ask({ browser = "browser", address = "ann@example.org" } = {}) {
  vi.setSystemTime(Date.now() + (await database().signInRequest.count()));
  const linkToken = randomToken();
  await forgetLimits();
  await storeSignInRequest(
    {
      address: { canonical: address, typed: address },
      keepSignedIn: false,
      next: "/",
      visitor: {
        browserToken: browser,
        screenToken: "",
        userAgent: "",
        networkAddress: "203.0.113.7",
        timeZone: null,
      },
    },
    linkToken,
  );
  const mail = await database().mail.findFirstOrThrow({ orderBy: { createdAt: "desc" } });
  const content = readMailContent(mail);
  if (content.template !== "sign-in") throw new Error("the mail signs nobody in");
  return { ...content, id: mail.signInRequestId ?? "" };
}

async function redeemNow(id: string) {
  const visitor = {
    browserToken: "browser",
    userAgent: "A browser",
    networkAddress: "",
    timeZone: null,
  };
  await redeemMail(id, randomToken(), visitor, undefined, "link");
}

function fullWidth(digit: string): string {
  return String.fromCharCode(0xff10 + Number(digit));
}

function wrong(code: string): string {
  return String((Number(code) + 1) % 1_000_000).padStart(6, "0");
}
