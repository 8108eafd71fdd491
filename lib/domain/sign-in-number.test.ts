import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { database } from "@/lib/platform/database/database";
import {
  emptyDatabase,
  forgetLimits,
  prepareTestDatabase,
} from "@/lib/platform/database/test-database";
import { hashToken, randomToken } from "@/lib/platform/secrets";
import {
  approveByNumber,
  proveByApproval,
  proveByCode,
  proveByLink,
  proveByLinkAndCode,
} from "./sign-in-proof";
import { storeSignInRequest } from "./sign-in-request";
import { peekLatestRequest, peekProgress, shownNumber } from "./sign-in-state";
import { redeemMail } from "./test-sign-in";

await prepareTestDatabase();
const now = new Date("2030-01-01T10:42:00Z");
const lastMoment = new Date("2030-01-01T10:51:59.999Z");
const end = new Date("2030-01-01T10:52:00Z");
const approved = { approved: true };
const unknown = { problem: "unknown" };
const notApproved = { problem: "not-approved" };

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ["Date"] });
  vi.setSystemTime(now);
  await emptyDatabase();
});
afterEach(() => vi.useRealTimers());

test("the number, typed where the link was opened, lets the browser in that asked", async () => {
  const { linkToken, number, id } = await ask();
  expect(await goOn()).toEqual(notApproved);
  expect(await progressOf()).toMatchObject({ signIn: "usable" });
  expect(await approveByNumber(linkToken, number)).toEqual(approved);
  expect(await requestOf(id)).toMatchObject({ approvedAt: now, usedAt: null });
  expect(await progressOf()).toMatchObject({ signIn: "approved" });
  expect(await goOn()).toMatchObject({ request: { id } });
});

const waysToType: [string, (number: string) => string][] = [
  ["a space in the middle", ([one, two]) => `${one} ${two}`],
  ["spaces around", (number) => `\u00A0 ${number}\n`],
  ["a dash", ([one, two]) => `${one}–${two}`],
  ["full-width digits", (number) => number.replace(/\d/g, fullWidth)],
];

test.each(waysToType)("the number is accepted as people type it: with %s", async (_, typedAs) => {
  const { linkToken, number } = await ask();
  expect(await approveByNumber(linkToken, typedAs(number))).toEqual(approved);
});

test.each(["", "1", "123", "1a", "0x1f", "٤٢", "4.2", "+42", "1".repeat(100_000), "%34%32"])(
  "a malformed number approves nothing and costs no try",
  async (typed) => {
    const { linkToken, number, id } = await ask();
    for (let count = 0; count < 12; count++)
      expect(await approveByNumber(linkToken, typed)).toEqual({ problem: "malformed-number" });
    expect(await requestOf(id)).toMatchObject({ numberTries: 0, approvedAt: null });
    expect(await approveByNumber(linkToken, number)).toEqual(approved);
  },
);

test("a wrong number says that one try is left, and the second was the last", async () => {
  const { linkToken, number, id } = await ask();
  for (const triesLeft of [1, 0])
    expect(await approveByNumber(linkToken, wrong(number))).toEqual({
      problem: "wrong-number",
      email: "ann@example.org",
      triesLeft,
    });
  expect(await approveByNumber(linkToken, number)).toEqual({
    problem: "wrong-number",
    email: "ann@example.org",
    triesLeft: 0,
  });
  expect(await requestOf(id)).toMatchObject({ approvedAt: null, numberTries: 2 });
  expect(await goOn()).toEqual(notApproved);
});

test("the second try may be the right one", async () => {
  const { linkToken, number } = await ask();
  await approveByNumber(linkToken, wrong(number));
  expect(await approveByNumber(linkToken, number)).toEqual(approved);
});

test("without tries left for the number, link and code still work", async () => {
  const { linkToken, number, id } = await ask();
  for (let count = 0; count < 3; count++) await approveByNumber(linkToken, wrong(number));
  expect(await proveByLink(linkToken, "browser")).toMatchObject({ request: { id } });
  expect(await proveByCode("000000", "browser")).toMatchObject({ problem: "wrong-code" });
});

test("of twenty wrong numbers at once two count, and the right one comes too late", async () => {
  const { linkToken, number, id } = await ask();
  const outcomes = await Promise.all(
    Array.from({ length: 20 }, () => approveByNumber(linkToken, wrong(number))),
  );
  expect(outcomes.filter((outcome) => "approved" in outcome)).toEqual([]);
  expect(await requestOf(id)).toMatchObject({ numberTries: 2, approvedAt: null });
  await forgetLimits();
  expect(await approveByNumber(linkToken, number)).toMatchObject({ problem: "wrong-number" });
});

test("of twenty different numbers sent at once no more than two are compared", async () => {
  const { linkToken, number, id } = await ask();
  const numbers = Array.from({ length: 18 }, (_, step) =>
    String(10 + ((Number(number) + step) % 90)),
  );
  await Promise.all(
    [...numbers.filter((other) => other !== number), number, number].map((typed) =>
      approveByNumber(linkToken, typed),
    ),
  );
  expect((await requestOf(id)).numberTries).toBe(2);
});

test("of twenty right numbers at once two count, and the browser is let in once", async () => {
  const { linkToken, number, id } = await ask();
  const outcomes = await Promise.all(
    Array.from({ length: 20 }, () => approveByNumber(linkToken, number)),
  );
  expect(outcomes.filter((outcome) => "approved" in outcome).length).toBeGreaterThan(0);
  expect((await requestOf(id)).numberTries).toBe(2);
  const proofs = await Promise.all(Array.from({ length: 20 }, () => goOn()));
  for (const proof of proofs) expect(proof).toMatchObject({ request: { id } });
  const sessions = await Promise.allSettled(Array.from({ length: 20 }, () => redeemNow(id)));
  expect(sessions.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
});

test.each(["", "made-up", "a".repeat(43), "\0", "a".repeat(100_000)])(
  "with a made-up link no number approves anything",
  async (linkToken) => {
    const { number, id } = await ask();
    expect(await approveByNumber(linkToken, number)).toEqual(unknown);
    expect(await requestOf(id)).toMatchObject({ approvedAt: null, numberTries: 0 });
  },
);

test("an approval is for the browser that asked, and for no other", async () => {
  const { linkToken, number } = await ask();
  const bobs = await ask({ browser: "bob's", address: "bob@example.org" });
  const elsewhere = await ask({ browser: "another" });
  await approveByNumber(linkToken, number);
  expect(await goOn("another")).toEqual(notApproved);
  expect(await goOn("bob's")).toEqual(notApproved);
  expect(await goOn("nobody's")).toEqual(unknown);
  for (const browser of ["", undefined])
    expect(await proveByApproval(browser, "screen")).toEqual(unknown);
  for (const { id } of [bobs, elsewhere])
    expect(await requestOf(id)).toMatchObject({ approvedAt: null });
});

test("the number of another browser's screen is wrong", async () => {
  const { linkToken, number } = await ask();
  const other = await askWithOtherNumber(number);
  expect(await approveByNumber(linkToken, other.number)).toMatchObject({ problem: "wrong-number" });
});

test("the mails of one browser to one address share the number, and either approves", async () => {
  const older = await ask();
  const newer = await ask();
  expect(newer.number).toBe(older.number);
  expect(await approveByNumber(older.linkToken, newer.number)).toEqual(approved);
  expect(await progressOf()).toMatchObject({ signIn: "approved" });
  expect(await goOn()).toMatchObject({ request: { id: older.id } });
});

test("the mails of one browser to one address share the tries of the number", async () => {
  const [older, newer] = [await ask(), await ask()];
  const wrongNumber = { problem: "wrong-number", email: "ann@example.org" };
  expect(await approveByNumber(older.linkToken, wrong(older.number))).toMatchObject(wrongNumber);
  expect(await approveByNumber(newer.linkToken, wrong(older.number))).toEqual({
    ...wrongNumber,
    triesLeft: 0,
  });
  for (const { linkToken, number, id } of [older, newer]) {
    expect(await approveByNumber(linkToken, number)).toEqual({ ...wrongNumber, triesLeft: 0 });
    expect(await requestOf(id)).toMatchObject({ numberTries: 2, approvedAt: null });
  }
});

test("another mail does not bring back the tries of the number, also when the first has expired", async () => {
  const first = await ask();
  for (let count = 0; count < 2; count++)
    await approveByNumber(first.linkToken, wrong(first.number));
  const none = { problem: "wrong-number", email: "ann@example.org", triesLeft: 0 };
  vi.setSystemTime(lastMoment.getTime() - 1);
  const second = await ask();
  expect(await approveByNumber(second.linkToken, second.number)).toEqual(none);
  vi.setSystemTime(end.getTime() + 60_000);
  const third = await ask();
  expect(await approveByNumber(third.linkToken, third.number)).toEqual(none);
});

test("of twenty wrong numbers at once for five mails of one browser two count", async () => {
  const asked: Awaited<ReturnType<typeof ask>>[] = [];
  for (let count = 0; count < 5; count++) asked.push(await ask());
  const tries = asked.flatMap(({ linkToken, number }) =>
    Array.from({ length: 4 }, () => approveByNumber(linkToken, wrong(number))),
  );
  await Promise.all(tries);
  await forgetLimits();
  for (const { linkToken, number, id } of asked) {
    expect(await requestOf(id)).toMatchObject({ numberTries: 2 });
    expect(await approveByNumber(linkToken, number)).toMatchObject({ problem: "wrong-number" });
  }
});

test("tries are not shared with another browser or another address", async () => {
  const { linkToken, number } = await ask();
  const others = [await ask({ browser: "another" }), await ask({ address: "bob@example.org" })];
  for (let count = 0; count < 2; count++) await approveByNumber(linkToken, wrong(number));
  for (const other of others) {
    expect(await requestOf(other.id)).toMatchObject({ numberTries: 0 });
    expect(await approveByNumber(other.linkToken, other.number)).toEqual(approved);
  }
});

// Whoever was at this browser before may have copied its cookie, which lives for a year.
test.each(["another", "", undefined, hashToken("screen")])(
  "an approval proves nothing to a browser with the screen token %j",
  async (screenToken) => {
    const { linkToken, number, id } = await ask();
    await approveByNumber(linkToken, number);
    expect(await proveByApproval("browser", screenToken)).toEqual(notApproved);
    expect(await goOn()).toMatchObject({ request: { id } });
  },
);

test("a screen token proves nothing without its browser's, or before the number was typed", async () => {
  const { linkToken, number } = await ask();
  expect(await goOn()).toEqual(notApproved);
  await approveByNumber(linkToken, number);
  await ask({ browser: "another", screen: "another" });
  expect(await goOn("another", "screen")).toEqual(notApproved);
  expect(await goOn("nobody's", "screen")).toEqual(unknown);
  expect(await proveByApproval(undefined, "screen")).toEqual(unknown);
});

test("what has ended is told to the browser that asked, also without its screen token", async () => {
  const { linkToken, number, id } = await ask();
  await approveByNumber(linkToken, number);
  await redeemNow(id);
  expect(await proveByApproval("browser", undefined)).toMatchObject({ problem: "used" });
});

test("a mail without a screen token, from an older version of the site, lets nobody in", async () => {
  const { linkToken, number, id } = await ask();
  await database().signInRequest.update({ where: { id }, data: { screenHash: null } });
  await approveByNumber(linkToken, number);
  for (const screenToken of ["screen", "", undefined])
    expect(await proveByApproval("browser", screenToken)).toEqual(notApproved);
});

test("another screen of the same browser has a number and an approval of its own", async () => {
  const own = await ask();
  const copied = await ask({ screen: "another" });
  const requests = await database().signInRequest.findMany({ orderBy: { createdAt: "asc" } });
  expect(requests.map((request) => shownNumber(request, "screen") !== null)).toEqual([true, false]);
  expect(requests.map((request) => shownNumber(request, "another") !== null)).toEqual([
    false,
    true,
  ]);
  await database().signInRequest.updateMany({
    where: { id: copied.id },
    data: { approvedAt: now },
  });
  expect(await goOn()).toEqual(notApproved);
  expect(await progressOf()).toMatchObject({ signIn: "usable" });
  await database().signInRequest.updateMany({ where: { id: own.id }, data: { approvedAt: now } });
  expect(await goOn()).toMatchObject({ request: { id: own.id } });
});

test("a second mail of the same screen goes on, whichever of the two is approved", async () => {
  for (const opened of [0, 1]) {
    await emptyDatabase();
    const asked = [await ask(), await ask()];
    const { linkToken, number, id } = asked[opened] ?? (await ask());
    expect(await approveByNumber(linkToken, number)).toEqual(approved);
    expect(await goOn()).toMatchObject({ request: { id } });
    expect(await goOn("browser", "another")).toEqual(notApproved);
  }
});

test("a number is not shared with another browser, another address or a mail that has ended", async () => {
  const numbers = { browsers: new Set(), addresses: new Set(), afterwards: new Set() };
  for (let count = 0; count < 10; count++) {
    numbers.browsers.add((await ask({ browser: `${count}` })).number);
    numbers.addresses.add((await ask({ address: `${count}@example.org` })).number);
  }
  for (let count = 0; count < 10; count++) {
    numbers.afterwards.add((await ask()).number);
    vi.setSystemTime(Date.now() + 10 * 60_000);
  }
  // Ten numbers of 86 are all the same once in 10^17 runs.
  for (const different of Object.values(numbers)) expect(different.size).toBeGreaterThan(1);
});

test("an approval is for the address that was asked for last, and no other", async () => {
  const { linkToken, number } = await ask();
  await approveByNumber(linkToken, number);
  await ask({ address: "bob@example.org" });
  expect(await progressOf()).toMatchObject({ signIn: "usable" });
  expect(await goOn()).toEqual(notApproved);
});

test("ten wrong numbers an hour pause those of the address, whatever the mail, and nothing else", async () => {
  const paused = await pauseNumbers();
  const { linkToken, number, id } = await ask({ browser: "paused" });
  expect(await approveByNumber(linkToken, number)).toEqual(paused);
  expect(await requestOf(id)).toMatchObject({ numberTries: 0, approvedAt: null });
  expect(await proveByCode("000000", "paused")).toMatchObject({ problem: "wrong-code" });
  expect(await proveByLink(linkToken, "paused")).toMatchObject({ request: { id } });
  const others = await ask({ browser: "bob's", address: "bob@example.org" });
  expect(await approveByNumber(others.linkToken, others.number)).toEqual(approved);
});

test("link and code in another browser count with the numbers, and are paused with them", async () => {
  const { linkToken } = await ask({ browser: "first" });
  for (let tries = 0; tries < 4; tries++)
    expect(await proveByLinkAndCode(linkToken, "000000")).toMatchObject({ problem: "wrong-code" });
  const { retryAt } = await pauseNumbers(6);
  expect(await proveByLinkAndCode(linkToken, "000000")).toEqual({ problem: "paused", retryAt });
});

test("strangers who type wrong codes for an address do not pause its numbers", async () => {
  const { linkToken, number } = await ask();
  for (let count = 0; count < 2; count++) {
    await ask({ browser: `a stranger's, ${count}` });
    for (let tries = 0; tries < 5; tries++) await proveByCode("000000", `a stranger's, ${count}`);
  }
  await ask({ browser: "a stranger's" });
  expect(await proveByCode("000000", "a stranger's")).toMatchObject({ problem: "paused" });
  expect(await approveByNumber(linkToken, number)).toEqual(approved);
  expect(await goOn()).toHaveProperty("request");
});

test("a right number is not counted", async () => {
  for (let count = 0; count < 12; count++) {
    const { linkToken, number } = await ask({ browser: `${count}` });
    expect(await approveByNumber(linkToken, number)).toEqual(approved);
  }
});

test("until the last moment a number approves and the browser is let in, and then no more", async () => {
  const { linkToken, number, id } = await ask();
  vi.setSystemTime(lastMoment);
  expect(await approveByNumber(linkToken, number)).toEqual(approved);
  expect(await goOn()).toMatchObject({ request: { id } });
  vi.setSystemTime(end);
  const expired = { problem: "expired", ending: { problem: "expired" } };
  expect(await progressOf()).toMatchObject({ signIn: "expired" });
  expect(await goOn()).toEqual(expired);
  expect(await approveByNumber(linkToken, number)).toEqual(unknown);
  await expect(redeemNow(id)).rejects.toMatchObject({ reason: "used" });
});

test("a clock that is set back brings neither a number nor an approval to life again", async () => {
  const typedLate = await ask();
  vi.setSystemTime(end);
  expect(await approveByNumber(typedLate.linkToken, typedLate.number)).toEqual(unknown);
  vi.setSystemTime(now);
  expect(await approveByNumber(typedLate.linkToken, typedLate.number)).toEqual(unknown);
  expect(await requestOf(typedLate.id)).toMatchObject({ numberTries: 0, approvedAt: null });

  await emptyDatabase();
  const goneOnLate = await ask();
  await approveByNumber(goneOnLate.linkToken, goneOnLate.number);
  vi.setSystemTime(end);
  await goOn();
  vi.setSystemTime(now);
  expect(await goOn()).toMatchObject({ problem: "expired" });
  expect(await progressOf()).toMatchObject({ signIn: "expired" });
});

test("once used, neither number nor approval works again, and the browser that asked is told", async () => {
  const { linkToken, number, id } = await ask();
  await approveByNumber(linkToken, number);
  await redeemNow(id);
  expect(await approveByNumber(linkToken, number)).toEqual(unknown);
  expect(await goOn()).toEqual({
    problem: "used",
    ending: { problem: "used", usedAt: now, userAgent: "A browser" },
  });
  await expect(redeemNow(id)).rejects.toMatchObject({ reason: "used" });
});

test("when another mail was used first, neither number nor approval works", async () => {
  const [before, after] = [await ask({ browser: "before" }), await ask({ browser: "after" })];
  await approveByNumber(before.linkToken, before.number);
  await redeemNow((await ask()).id);
  expect(await goOn("before")).toMatchObject({ problem: "replaced" });
  expect(await progressOf("before")).toMatchObject({ signIn: "replaced" });
  expect(await approveByNumber(after.linkToken, after.number)).toEqual(unknown);
  expect(await requestOf(after.id)).toMatchObject({ numberTries: 0, approvedAt: null });
});

test("a mail without a number, from an older version of the site, is approved by none", async () => {
  const { linkToken, id } = await ask();
  await database().signInRequest.update({ where: { id }, data: { number: null } });
  for (const typed of ["00", "13"])
    expect(await approveByNumber(linkToken, typed)).toMatchObject({ problem: "wrong-number" });
  expect(await goOn()).toEqual(notApproved);
});

test("looking whether the number was typed changes nothing, however often", async () => {
  const { linkToken, number } = await ask();
  await approveByNumber(linkToken, number);
  const before = await database().signInRequest.findMany();
  for (let count = 0; count < 10; count++) {
    await progressOf();
    await goOn();
  }
  vi.setSystemTime(end);
  await progressOf();
  expect(await database().signInRequest.findMany()).toEqual(before);
});

/** How far the newest sign-in of this browser has come; null when it has asked for none. */
async function progressOf(browserToken = "browser", screenToken = "screen") {
  const latest = await peekLatestRequest(browserToken);
  return latest && (await peekProgress(latest, screenToken));
}

/** Goes on where the number was shown. */
async function goOn(browserToken = "browser", screenToken = "screen") {
  return await proveByApproval(browserToken, screenToken);
}

/** Asks for a mail, a moment later than for the one before. Tries that were counted stay counted. */
async function ask({ browser = "browser", screen = "screen", address = "ann@example.org" } = {}) {
  const linkToken = randomToken();
  vi.setSystemTime(Date.now() + ((await database().signInRequest.count()) > 0 ? 1 : 0));
  await database().limitCount.deleteMany({ where: { key: { startsWith: "mail-" } } });
  await storeSignInRequest(
    {
      address: { canonical: address, typed: address },
      keepSignedIn: false,
      next: "/",
      visitor: {
        browserToken: browser,
        screenToken: screen,
        userAgent: "",
        networkAddress: "203.0.113.7",
        timeZone: null,
      },
    },
    linkToken,
  );
  const { id, number } = await database().signInRequest.findUniqueOrThrow({
    where: { linkHash: hashToken(linkToken) },
  });
  return { linkToken, id, number: String(number) };
}

/** Asks with other browsers until one of them shows another number. */
async function askWithOtherNumber(number: string): ReturnType<typeof ask> {
  const other = await ask({ browser: randomToken() });
  return other.number === number ? await askWithOtherNumber(number) : other;
}

/** As many wrong numbers, and then the next for the address are paused. */
async function pauseNumbers(times = 10) {
  for (let count = 0; count < times; count++) {
    const { linkToken, number } = await ask({ browser: `wrong ${count}` });
    expect(await approveByNumber(linkToken, wrong(number))).toMatchObject({ triesLeft: 1 });
  }
  const { linkToken, number } = await ask({ browser: "one too many" });
  const paused = { problem: "paused-number", retryAt: new Date(Date.now() + 15 * 60_000) };
  expect(await approveByNumber(linkToken, wrong(number))).toEqual(paused);
  return paused;
}

async function redeemNow(id: string) {
  const visitor = {
    browserToken: "browser",
    userAgent: "A browser",
    networkAddress: "",
    timeZone: null,
  };
  return await redeemMail(id, randomToken(), visitor, undefined, "link");
}

function requestOf(id: string) {
  return database().signInRequest.findUniqueOrThrow({ where: { id } });
}

function fullWidth(digit: string): string {
  return String.fromCharCode(0xff10 + Number(digit));
}

function wrong(number: string): string {
  return number === "42" ? "43" : "42";
}
