import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { database } from "@/lib/platform/database/database";
import { emptyDatabase, prepareTestDatabase } from "@/lib/platform/database/test-database";
import { inTransaction } from "@/lib/platform/database/transaction";
import { LimitReached } from "@/lib/platform/limits";
import { rememberBrowser } from "./known-browsers";
import { countGuess, countMail, forgiveGuess, type Guess, peekMailLimit } from "./limits";

await prepareTestDatabase();
const now = new Date("2030-01-01T10:42:00Z");
const ann = "ann@example.org";

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ["Date"] });
  vi.setSystemTime(now);
  await emptyDatabase();
});
afterEach(() => vi.useRealTimers());

test("an address gets one mail a minute, and is told when the next can go", async () => {
  expect(await ask()).toBe("counted");
  later(20);
  expect(await ask()).toEqual({ limit: "mail-minute", retryAt: new Date("2030-01-01T10:43:00Z") });
  later(40);
  expect(await ask()).toBe("counted");
});

test("an address gets five mails an hour", async () => {
  for (let count = 0; count < 5; count++) {
    expect(await ask()).toBe("counted");
    later(61);
  }
  expect(await ask()).toEqual({ limit: "mail-hour", retryAt: new Date("2030-01-01T11:42:00Z") });
});

test("a network asks for twenty mails an hour, whatever the addresses", async () => {
  for (let count = 0; count < 20; count++)
    expect(await ask(`${count}@example.org`)).toBe("counted");
  expect(await ask("another@example.org")).toMatchObject({ limit: "mail-network" });
  expect(await ask("another@example.org", "203.0.113.8")).toBe("counted");
});

test("of IPv6 the first 64 bits are the network, and a mapped IPv4 address is that of IPv4", async () => {
  for (let count = 0; count < 20; count++) await ask(`a${count}@example.org`, `2001:db8::${count}`);
  expect(await ask("b@example.org", "2001:db8::ffff")).toMatchObject({ limit: "mail-network" });
  expect(await ask("b@example.org", "2001:db8:0:1::1")).toBe("counted");
  for (let count = 0; count < 20; count++) await ask(`c${count}@example.org`, "::ffff:203.0.113.9");
  expect(await ask("d@example.org", "203.0.113.9")).toMatchObject({ limit: "mail-network" });
});

test("what is refused has not been counted against anything", async () => {
  await ask();
  for (let count = 0; count < 30; count++)
    expect(await ask()).toMatchObject({ limit: "mail-minute" });
  expect(await ask("another@example.org")).toBe("counted");
});

test.each([
  ["networks", 20, (index: number) => ask(`${index}@example.org`)],
  ["addresses", 1, (index: number) => ask(ann, `203.0.113.${index}`, `${index}`)],
  ["known browsers", 1, (index: number) => ask(ann, `203.0.113.${index}`, "known")],
])(
  "of a hundred mails asked for at once, %s get exactly %i",
  async (_, times, askOnce) => {
    await remember("known");
    const outcomes = await Promise.all(Array.from({ length: 100 }, (_, index) => askOnce(index)));
    expect(outcomes.filter((outcome) => outcome === "counted")).toHaveLength(times);
  },
  30_000,
);

test("the last mail of the hour is one, however many ask for it at once", async () => {
  for (let count = 0; count < 4; count++) {
    expect(await ask()).toBe("counted");
    later(61);
  }
  const asks = Array.from({ length: 30 }, (_, index) =>
    ask(ann, `198.51.100.${index}`, `${index}`),
  );
  expect((await Promise.all(asks)).filter((outcome) => outcome === "counted")).toHaveLength(1);
  later(61);
  expect(await ask(ann, "192.0.2.1")).toMatchObject({ limit: "mail-hour" });
}, 30_000);

test("strangers who use up what an address may be sent do not keep a known browser out", async () => {
  await remember("known");
  for (let count = 0; count < 5; count++) {
    expect(await ask(ann, "198.51.100.1", "a stranger's")).toBe("counted");
    expect(await ask(ann, "198.51.100.2", "another stranger's")).toHaveProperty("limit");
    later(61);
  }
  expect(await ask(ann, "198.51.100.3", "new")).toMatchObject({ limit: "mail-hour" });
  expect(await ask(ann, "203.0.113.7", "known")).toBe("counted");
});

test("a stop of mails keeps unknown browsers out, and not a known one", async () => {
  await remember("known");
  const expiresAt = new Date("2030-01-02T10:42:00Z");
  await database().mailStop.create({ data: { email: ann, expiresAt } });
  expect(await ask()).toEqual({ limit: "mail-stopped", retryAt: expiresAt });
  expect(await ask(ann, "203.0.113.7", "known")).toBe("counted");
  expect(await ask("bob@example.org")).toBe("counted");
});

test("a known browser gets one mail a minute and five an hour of its own", async () => {
  await remember("known");
  for (let count = 0; count < 5; count++) {
    expect(await ask(ann, "203.0.113.7", "known")).toBe("counted");
    later(20);
    const limit = count < 4 ? "mail-minute" : "mail-hour";
    expect(await ask(ann, "203.0.113.7", "known")).toMatchObject({ limit });
    later(41);
  }
  const refusal = { limit: "mail-hour", retryAt: new Date("2030-01-01T11:42:00Z") };
  expect(await ask(ann, "203.0.113.7", "known")).toEqual(refusal);
});

test("what a browser asked for before it was known counts among its own", async () => {
  for (let count = 0; count < 5; count++) {
    if (count === 4) await remember("browser");
    expect(await ask()).toBe("counted");
    if (count < 4) later(61);
  }
  expect(await ask()).toMatchObject({ limit: "mail-hour" });
  later(61);
  expect(await ask()).toMatchObject({ limit: "mail-hour" });
});

test("mails that a known browser asks for count against the address", async () => {
  await remember("known");
  expect(await ask(ann, "203.0.113.7", "known")).toBe("counted");
  expect(await ask()).toMatchObject({ limit: "mail-minute" });
  later(61);
  for (let count = 0; count < 4; count++) {
    expect(await ask(ann, "203.0.113.7", "known")).toBe("counted");
    later(61);
  }
  expect(await ask()).toMatchObject({ limit: "mail-hour" });
});

test("the limit of a network holds for known browsers as well", async () => {
  await remember("known");
  for (let count = 0; count < 20; count++) await ask(`${count}@example.org`);
  expect(await ask(ann, "203.0.113.7", "known")).toMatchObject({ limit: "mail-network" });
  expect(await ask(ann, "203.0.113.8", "known")).toBe("counted");
});

test("a browser is known for the account that it signed in to, and for no other", async () => {
  await remember("known");
  expect(await ask("bob@example.org")).toBe("counted");
  expect(await ask("bob@example.org", "198.51.100.1", "known")).toHaveProperty("limit");
  await database().user.deleteMany();
  expect(await ask()).toBe("counted");
  expect(await ask(ann, "198.51.100.1", "known")).toHaveProperty("limit");
});

test("of several limits that are reached, the one that lasts longest is told", async () => {
  const expiresAt = new Date("2030-01-01T10:42:30Z");
  await ask();
  await database().mailStop.create({ data: { email: ann, expiresAt } });
  expect(await ask()).toMatchObject({ limit: "mail-minute" });
  for (let count = 0; count < 19; count++) await ask(`${count}@example.org`);
  const networkFree = { limit: "mail-network", retryAt: new Date("2030-01-01T11:42:00Z") };
  expect(await ask()).toEqual(networkFree);
});

test("when the next mail can be asked for is known without asking, and looking counts nothing", async () => {
  const next = (browserHash = "browser", networkAddress = "203.0.113.7") =>
    peekMailLimit({ email: ann, browserHash, networkAddress }).then(
      (reached) => reached?.retryAt ?? null,
    );
  await remember("known");
  expect(await next()).toBeNull();
  await ask();
  later(20);
  const inAMinute = new Date("2030-01-01T10:43:00Z");
  const before = await database().limitCount.findMany();
  for (let count = 0; count < 10; count++) expect(await next()).toEqual(inAMinute);
  expect(await next("another", "198.51.100.1")).toEqual(inAMinute);
  expect(await next("known", "198.51.100.1")).toBeNull();
  expect(await database().limitCount.findMany()).toEqual(before);
  later(40);
  expect(await next()).toBeNull();
  expect(await ask()).toBe("counted");
});

test("whoever waits until the time that was told is not refused", async () => {
  const next = () =>
    peekMailLimit({ email: ann, browserHash: "browser", networkAddress: "203.0.113.7" }).then(
      (reached) => reached?.retryAt ?? null,
    );
  for (let count = 0; count < 5; count++) {
    vi.setSystemTime((await next()) ?? Date.now());
    expect(await ask()).toBe("counted");
  }
  expect(await next()).toEqual(new Date("2030-01-01T11:42:00Z"));
  const expiresAt = new Date("2030-01-01T12:00:00Z");
  await database().mailStop.create({ data: { email: ann, expiresAt } });
  expect(await next()).toEqual(expiresAt);
  vi.setSystemTime(expiresAt);
  expect(await next()).toBeNull();
  expect(await ask()).toBe("counted");
});

const triers: { who: string; guess: Guess; other: Guess }[] = [
  { who: "who holds no link", guess: "code", other: "code-with-link" },
  { who: "who holds a link", guess: "code-with-link", other: "code" },
];

test.each(triers)(
  "ten wrong tries an hour by $who, then a quarter of an hour's pause",
  async ({ guess }) => {
    for (let count = 0; count < 10; count++) await countAllowed(guess);
    later(60);
    expect(await countGuess(guess, ann)).toEqual(new Date("2030-01-01T10:58:00Z"));
    await countAllowed(guess, "bob@example.org");
    later(899);
    expect(await countGuess(guess, ann)).toBeInstanceOf(Date);
    later(2);
    await countAllowed(guess);
  },
);

test.each(triers)("wrong tries by $who do not pause the others", async ({ guess, other }) => {
  for (let count = 0; count < 10; count++) await countAllowed(guess);
  expect(await countGuess(guess, ann)).toBeInstanceOf(Date);
  for (let count = 0; count < 10; count++) await countAllowed(other);
  expect(await countGuess(other, ann)).toBeInstanceOf(Date);
});

test.each(triers)("a right try by $who is not counted", async ({ guess }) => {
  for (let count = 0; count < 30; count++) {
    await countAllowed(guess);
    await forgiveGuess(guess, ann);
  }
});

test.each(triers)("a right try by $who gives the others none back", async ({ guess, other }) => {
  for (let count = 0; count < 10; count++) await countAllowed(other);
  await countAllowed(guess);
  await forgiveGuess(guess, ann);
  expect(await countGuess(other, ann)).toBeInstanceOf(Date);
});

test("ten wrong codes an hour for a new address, then a quarter of an hour's pause", async () => {
  for (let count = 0; count < 10; count++) await countAllowed("address-code");
  later(60);
  expect(await countGuess("address-code", ann)).toEqual(new Date("2030-01-01T10:58:00Z"));
  await countAllowed("address-code", "bob@example.org");
  later(899);
  expect(await countGuess("address-code", ann)).toBeInstanceOf(Date);
  later(2);
  await countAllowed("address-code");
});

test("a right code for a new address is not counted, and one does not pause sign-ins", async () => {
  for (let count = 0; count < 30; count++) {
    await countAllowed("address-code");
    await forgiveGuess("address-code", ann);
  }
  for (let count = 0; count < 10; count++) await countAllowed("address-code");
  expect(await countGuess("address-code", ann)).toBeInstanceOf(Date);
  for (const { guess } of triers) await countAllowed(guess);
});

/** One more guess, which is not too many. */
async function countAllowed(guess: Guess, email = ann) {
  expect(await countGuess(guess, email)).toBeNull();
}

async function ask(email = ann, networkAddress = "203.0.113.7", browserHash = "browser") {
  const mail = { email, browserHash, networkAddress };
  try {
    await inTransaction((transaction) => countMail(transaction, mail));
    return "counted";
  } catch (error) {
    if (!(error instanceof LimitReached)) throw error;
    // What is told is the limit that lasts longest.
    const { limit, retryAt } = (await peekMailLimit(mail)) ?? error;
    return { limit: limit.name, retryAt };
  }
}

/** From now on this browser is one that has signed in to Ann's account. */
async function remember(browserHash: string) {
  const user = await database().user.upsert({
    where: { email: ann },
    create: { email: ann, emailTyped: ann, emailVerified: now },
    update: {},
  });
  await rememberBrowser(database(), user.id, browserHash);
}

function later(seconds: number) {
  vi.setSystemTime(Date.now() + seconds * 1000);
}
