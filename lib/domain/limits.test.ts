import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { database } from "@/lib/platform/database/database";
import { forgetLimits, prepareTestDatabase } from "@/lib/platform/database/test-database";
import { LimitReached } from "@/lib/platform/limits";
import { countCode, countMail, forgiveCode } from "./limits";

await prepareTestDatabase();
const now = new Date("2030-01-01T10:42:00Z");

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ["Date"] });
  vi.setSystemTime(now);
  await forgetLimits();
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

test("of a hundred at once exactly as many get through as may", async () => {
  const asks = Array.from({ length: 100 }, (_, index) => ask(`${index}@example.org`));
  expect((await Promise.all(asks)).filter((outcome) => outcome === "counted")).toHaveLength(20);
}, 30_000);

test("ten wrong codes an hour, then a quarter of an hour's pause", async () => {
  for (let count = 0; count < 10; count++) await countCode("ann@example.org");
  later(60);
  const reached = await countCode("ann@example.org").catch((error) => error);
  expect(reached).toBeInstanceOf(LimitReached);
  expect(reached.retryAt).toEqual(new Date("2030-01-01T10:58:00Z"));
  await countCode("bob@example.org");
  later(899);
  await expect(countCode("ann@example.org")).rejects.toThrow(LimitReached);
  later(2);
  await countCode("ann@example.org");
});

test("a right code is not counted", async () => {
  for (let count = 0; count < 30; count++) {
    await countCode("ann@example.org");
    await forgiveCode("ann@example.org");
  }
});

async function ask(email = "ann@example.org", networkAddress = "203.0.113.7") {
  try {
    await database().$transaction((transaction) => countMail(transaction, email, networkAddress), {
      maxWait: 20_000,
      timeout: 20_000,
    });
    return "counted";
  } catch (error) {
    if (!(error instanceof LimitReached)) throw error;
    return { limit: error.limit.name, retryAt: error.retryAt };
  }
}

function later(seconds: number) {
  vi.setSystemTime(Date.now() + seconds * 1000);
}
