import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { database } from "@/lib/platform/database/database";
import {
  emptyDatabase,
  forgetLimits,
  prepareTestDatabase,
} from "@/lib/platform/database/test-database";
import { hashToken, randomToken } from "@/lib/platform/secrets";
import { isKnownBrowser, rememberBrowser } from "./known-browsers";
import { storeSignInRequest } from "./sign-in-request";
import { redeemMail } from "./test-sign-in";

await prepareTestDatabase();
const now = new Date("2030-01-01T10:42:00Z");
const ann = "ann@example.org";

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ["Date"] });
  vi.setSystemTime(now);
  await emptyDatabase();
});
afterEach(() => vi.useRealTimers());

test("a browser is known once it has signed in, and not when it has only asked", async () => {
  const id = await ask();
  expect(await isKnown("asked", ann)).toBe(false);
  await signIn(id, "asked");
  expect(await isKnown("asked", ann)).toBe(true);
});

test("the browser that signs in is known, not the one that asked", async () => {
  await signIn(await ask(), "another");
  expect(await isKnown("another", ann)).toBe(true);
  expect(await isKnown("asked", ann)).toBe(false);
});

test("a browser is known to the accounts that it signed in to, each by itself", async () => {
  await signIn(await ask(), "shared");
  expect(await isKnown("shared", "bob@example.org")).toBe(false);
  await signIn(await ask("bob@example.org"), "shared");
  expect(await isKnown("shared", "bob@example.org")).toBe(true);
  expect(await isKnown("shared", ann)).toBe(true);
});

test("a browser whose sign-in is refused does not become known", async () => {
  await signIn(await ask(), "asked");
  await database().user.updateMany({ data: { blockedAt: now } });
  await expect(signIn(await ask(), "another")).rejects.toMatchObject({ reason: "blocked" });
  await expect(signIn("unknown", "another")).rejects.toMatchObject({ reason: "used" });
  expect(await isKnown("another", ann)).toBe(false);
});

test("signing in again keeps one row, with the last time", async () => {
  await signIn(await ask(), "asked");
  vi.setSystemTime(now.getTime() + 1000);
  await signIn(await ask(), "asked");
  expect(await database().knownBrowser.findMany()).toMatchObject([
    { browserHash: hashToken("asked"), lastSignedInAt: new Date("2030-01-01T10:42:01Z") },
  ]);
});

test("a browser is known for 180 days after its last sign-in, and not longer", async () => {
  const day = 24 * 60 * 60 * 1000;
  await signIn(await ask(), "asked");
  vi.setSystemTime(now.getTime() + 100 * day);
  await signIn(await ask(), "asked");
  vi.setSystemTime(now.getTime() + 280 * day - 1);
  expect(await isKnown("asked", ann)).toBe(true);
  vi.setSystemTime(now.getTime() + 280 * day);
  expect(await isKnown("asked", ann)).toBe(false);
  await signIn(await ask(), "asked");
  expect(await isKnown("asked", ann)).toBe(true);
});

test("remembered twenty times at once, it is known once", async () => {
  await signIn(await ask(), "asked");
  const { id } = await database().user.findFirstOrThrow();
  await Promise.all(
    Array.from({ length: 20 }, () => rememberBrowser(database(), id, hashToken("asked"))),
  );
  expect(await database().knownBrowser.count()).toBe(1);
});

test("the database holds no browser's cookie, and nothing of it once the account is gone", async () => {
  await signIn(await ask(), "asked");
  expect(JSON.stringify(await database().knownBrowser.findMany())).not.toContain("asked");
  await database().user.deleteMany();
  expect(await database().knownBrowser.count()).toBe(0);
});

function isKnown(browserToken: string, email: string) {
  return isKnownBrowser(database(), hashToken(browserToken), email);
}

/** Asks for a mail, and returns the id of the request. */
async function ask(email = ann) {
  const linkToken = randomToken();
  await forgetLimits();
  await storeSignInRequest(
    {
      address: { canonical: email, typed: email },
      keepSignedIn: false,
      next: "/",
      visitor: {
        browserToken: "asked",
        screenToken: "screen",
        userAgent: "",
        networkAddress: "",
        timeZone: null,
      },
    },
    linkToken,
  );
  const linkHash = hashToken(linkToken);
  return (await database().signInRequest.findUniqueOrThrow({ where: { linkHash } })).id;
}

async function signIn(id: string, browserToken: string) {
  const visitor = { browserToken, userAgent: "", networkAddress: "203.0.113.7", timeZone: null };
  return await redeemMail(id, randomToken(), visitor, undefined, "link");
}
