import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { database } from "@/lib/platform/database/database";
import {
  emptyDatabase,
  forgetLimits,
  prepareTestDatabase,
} from "@/lib/platform/database/test-database";
import { hashToken, randomToken } from "@/lib/platform/secrets";
import { peekLink, proveByLink } from "./sign-in-proof";
import { storeSignInRequest } from "./sign-in-request";
import { peekEnding, peekLatestRequest, peekProgress } from "./sign-in-state";
import { redeemMail } from "./test-sign-in";

await prepareTestDatabase();
const now = new Date("2030-01-01T10:42:00Z");

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ["Date"] });
  vi.setSystemTime(now);
  await emptyDatabase();
});
afterEach(() => vi.useRealTimers());

test("a mail that still works has no ending", async () => {
  expect(await endingOf(await ask())).toBeNull();
});

test("used: when, and in which browser, also when that was another", async () => {
  const id = await ask();
  later(60);
  await redeemWith(id, "another", "The other browser");
  expect(await endingOf(id)).toEqual({
    problem: "used",
    usedAt: new Date("2030-01-01T10:43:00Z"),
    userAgent: "The other browser",
  });
});

test("replaced by a newer mail of the same browser: which, when and where it was used", async () => {
  const older = await ask();
  later(60);
  const newer = await ask();
  later(60);
  await redeemWith(newer, "browser", "A browser");
  expect(await endingOf(older)).toEqual({
    problem: "replaced",
    by: {
      askedAt: new Date("2030-01-01T10:43:00Z"),
      usedAt: new Date("2030-01-01T10:44:00Z"),
      userAgent: "A browser",
      isNewer: true,
    },
  });
});

test("replaced by an older mail of the same browser: it is not called newer", async () => {
  const older = await ask();
  later(60);
  const newer = await ask();
  await redeemWith(older, "browser", "A browser");
  expect(await endingOf(newer)).toMatchObject({
    problem: "replaced",
    by: { askedAt: now, isNewer: false },
  });
});

test("replaced by another browser's mail: nothing is said about that", async () => {
  const strangers = await ask({ browser: "a stranger's" });
  await redeemWith(await ask(), "browser", "A browser");
  expect(await endingOf(strangers)).toEqual({ problem: "replaced" });
});

test("replaced by a mail of which nothing is known any more: no details", async () => {
  const [used, replaced] = [await ask(), await ask()];
  await redeemWith(used, "browser", "A browser");
  await database().mail.deleteMany();
  await database().signInRequest.delete({ where: { id: used } });
  expect(await endingOf(replaced)).toEqual({ problem: "replaced" });
});

test("expired: at the very end of its time, and not before", async () => {
  const id = await ask();
  later(600 - 0.001);
  expect(await endingOf(id)).toBeNull();
  later(0.001);
  expect(await endingOf(id)).toEqual({ problem: "expired" });
});

test("expired, and a newer mail of the same browser still works: when that was asked for", async () => {
  const id = await ask();
  later(300);
  await ask();
  later(60);
  await ask();
  later(240);
  const newerAskedAt = new Date("2030-01-01T10:48:00Z");
  expect(await endingOf(id)).toEqual({ problem: "expired", newerAskedAt });
});

test("expired: a newer mail of another browser, to another address, or that has ended too is none", async () => {
  const id = await ask();
  later(1);
  await ask();
  later(1);
  await ask({ browser: "another" });
  await ask({ address: "bob@example.org" });
  later(598);
  const newerAskedAt = new Date("2030-01-01T10:42:01Z");
  expect(await endingOf(id)).toEqual({ problem: "expired", newerAskedAt });
  later(1);
  expect(await endingOf(id)).toEqual({ problem: "expired" });
});

test("what came too late stays expired when the clock is set back", async () => {
  const linkToken = randomToken();
  const id = await ask({}, linkToken);
  later(600);
  await proveByLink(linkToken, "browser");
  vi.setSystemTime(now);
  expect(await endingOf(id)).toEqual({ problem: "expired" });
  expect(await progressOf()).toMatchObject({ signIn: "expired" });
});

test("looking at what has become of a mail never writes", async () => {
  const linkToken = randomToken();
  const id = await ask({}, linkToken);
  const before = await database().signInRequest.findMany();
  later(600);
  await endingOf(id);
  await peekLink(linkToken, "browser");
  await progressOf();
  expect(await database().signInRequest.findMany()).toEqual(before);
});

test("progress is that of the newest mail of this browser, and of no other", async () => {
  expect(await progressOf()).toBeNull();
  const id = await ask();
  const mail = { state: "queued", serverAnswer: null };
  expect(await progressOf()).toEqual({ signIn: "usable", mail });
  expect(await progressOf("another")).toBeNull();
  await redeemWith(id, "browser", "A browser");
  expect(await progressOf()).toMatchObject({ signIn: "used" });
  later(1);
  await ask();
  expect(await progressOf()).toEqual({ signIn: "usable", mail });
});

test("progress never tells a secret, an address or a number", async () => {
  await ask();
  expect(Object.keys((await progressOf()) ?? {}).toSorted()).toEqual(["mail", "signIn"]);
});

async function endingOf(id: string) {
  return await peekEnding(await database().signInRequest.findUniqueOrThrow({ where: { id } }));
}

/** How far the newest sign-in of this browser has come; null when it has asked for none. */
async function progressOf(browserToken = "browser") {
  const latest = await peekLatestRequest(browserToken);
  return latest && (await peekProgress(latest, "screen"));
}

/** Asks for a mail, and returns the id of the request. */
async function ask(
  { browser = "browser", address = "ann@example.org" } = {},
  linkToken = randomToken(),
) {
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
  const linkHash = hashToken(linkToken);
  return (await database().signInRequest.findUniqueOrThrow({ where: { linkHash } })).id;
}

async function redeemWith(id: string, browserToken: string, userAgent: string) {
  await redeemMail(
    id,
    randomToken(),
    { browserToken, userAgent, networkAddress: "", timeZone: null },
    undefined,
    "link",
  );
}

function later(seconds: number) {
  vi.setSystemTime(Date.now() + seconds * 1000);
}
