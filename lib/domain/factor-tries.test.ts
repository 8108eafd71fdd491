import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { database } from "@/lib/platform/database/database";
import { emptyDatabase, prepareTestDatabase } from "@/lib/platform/database/test-database";
import { days, hours, minutes, seconds } from "@/lib/platform/duration";
import { countTry, forgetTries, giveBackTry, peekPause, type Try } from "./factor-tries";
import { addUser } from "./test-second-factor";

await prepareTestDatabase();
const now = new Date("2030-01-01T10:42:00Z");
let id = "";

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ["Date"] });
  vi.setSystemTime(now);
  await emptyDatabase();
  ({ id } = await addUser());
});
afterEach(() => vi.useRealTimers());

test("three can be tried, and the third brings a pause of a minute", async () => {
  const pausedUntil = new Date(now.getTime() + minutes(1));
  expect(await countTry(id)).toEqual({ left: 2, pausedUntil: null });
  expect(await countTry(id)).toEqual({ left: 1, pausedUntil: null });
  expect(await peekPause(id)).toBeNull();
  expect(await countTry(id)).toEqual({ left: 0, pausedUntil });
  expect(await countTry(id)).toBeNull();
  expect(await peekPause(id)).toEqual(pausedUntil);
});

test("the pauses grow: 1, 5, 15 and 60 minutes, and 60 from then on", async () => {
  const pauses = [];
  for (let round = 0; round < 6; round++) {
    const { pausedUntil } = await exhaust();
    const pause = Number(pausedUntil) - Date.now();
    pauses.push(pause / minutes(1));
    later(pause - 1);
    expect(await countTry(id)).toBeNull();
    later(1);
  }
  expect(pauses).toEqual([1, 5, 15, 60, 60, 60]);
});

test("what is refused during a pause is not counted, and makes it no longer", async () => {
  await exhaust();
  const before = await database().user.findMany();
  for (let count = 0; count < 20; count++) expect(await countTry(id)).toBeNull();
  expect(await database().user.findMany()).toEqual(before);
  later(minutes(1));
  expect(await countTry(id)).toEqual({ left: 2, pausedUntil: null });
});

test("looking at a pause changes nothing", async () => {
  await exhaust();
  const before = await database().user.findMany();
  for (let count = 0; count < 10; count++) await peekPause(id);
  expect(await database().user.findMany()).toEqual(before);
});

test("of fifty at once, three are tried", async () => {
  const tries = await Promise.all(Array.from({ length: 50 }, () => countTry(id)));
  const counted = tries.filter((each) => each !== null);
  expect(counted.map(({ left }) => left).toSorted()).toEqual([0, 1, 2]);
  expect(await database().user.findMany()).toMatchObject([{ factorTries: 3 }]);
}, 20_000);

test("one person's are not another's", async () => {
  const bob = await addUser("bob@example.org");
  await exhaust();
  expect(await countTry(bob.id)).toEqual({ left: 2, pausedUntil: null });
  expect(await peekPause(bob.id)).toBeNull();
});

test("however long somebody waits between two, the third of a row brings a pause", async () => {
  await countTry(id);
  later(days(400));
  await countTry(id);
  later(days(400));
  expect((await countTry(id))?.left).toBe(0);
});

test("the right one lets the count begin anew, and the pauses", async () => {
  await exhaust();
  later(minutes(1));
  await countTry(id);
  await database().$transaction((transaction) => forgetTries(transaction, id));
  const { pausedUntil } = await exhaust();
  expect(Number(pausedUntil) - Date.now()).toBe(minutes(1));
});

describe("after a day's rest", () => {
  beforeEach(async () => {
    for (let round = 0; round < 3; round++) {
      const { pausedUntil } = await exhaust();
      vi.setSystemTime(pausedUntil ?? now);
    }
  });

  test("the pauses begin anew", async () => {
    later(days(1) + 1);
    const { pausedUntil } = await exhaust();
    expect(Number(pausedUntil) - Date.now()).toBe(minutes(1));
  });

  test("and not before", async () => {
    later(days(1));
    const { pausedUntil } = await exhaust();
    expect(Number(pausedUntil) - Date.now()).toBe(hours(1));
  });

  test("the tries are counted as ever: three, and a pause", async () => {
    later(days(1) + 1);
    const tries = [];
    for (let count = 0; count < 20; count++) tries.push(await countTry(id));
    expect(tries.map((each) => each?.left)).toEqual([2, 1, 0, ...Array(17).fill(undefined)]);
  });

  test("of fifty at once, three are tried", async () => {
    later(days(1) + 1);
    const tries = await Promise.all(Array.from({ length: 50 }, () => countTry(id)));
    expect(tries.filter((each) => each !== null)).toHaveLength(3);
  }, 20_000);
});

describe("a clock that was set back", () => {
  test("by a moment keeps the pause", async () => {
    for (let round = 0; round < 2; round++) {
      const { pausedUntil } = await exhaust();
      vi.setSystemTime(pausedUntil ?? now);
    }
    later(-seconds(30));
    expect(await countTry(id)).toBeNull();
  });

  test("by years keeps nobody out for years", async () => {
    await exhaust();
    later(-days(365));
    expect(await peekPause(id)).toBeNull();
    expect((await countTry(id))?.left).toBe(2);
  });
});

describe("one that is given back", () => {
  test("was none", async () => {
    await countTry(id);
    const tried = await countTry(id);
    await giveBackTry(id, tried as Try);
    expect((await countTry(id))?.left).toBe(1);
  });

  test("takes the pause back that it brought", async () => {
    await giveBackTry(id, await exhaust());
    expect(await peekPause(id)).toBeNull();
    expect((await countTry(id))?.left).toBe(0);
  });

  test("leaves a pause that another brought since", async () => {
    const first = (await countTry(id)) as Try;
    await exhaust();
    const until = await peekPause(id);
    await giveBackTry(id, first);
    expect(until).not.toBeNull();
    expect(await peekPause(id)).toEqual(until);
  });

  test("never makes the count less than none", async () => {
    const tried = (await countTry(id)) as Try;
    await Promise.all(Array.from({ length: 10 }, () => giveBackTry(id, tried)));
    expect(await database().user.findMany()).toMatchObject([{ factorTries: 0 }]);
  });
});

/** Tries until there is a pause. @returns the last one */
async function exhaust(): Promise<Try> {
  // Ten are more than any number that may be set.
  for (let count = 0; count < 10; count++) {
    const tried = await countTry(id);
    if (tried?.pausedUntil) return tried;
  }
  throw new Error("no pause after ten tries");
}

function later(milliseconds: number) {
  vi.setSystemTime(Date.now() + milliseconds);
}
