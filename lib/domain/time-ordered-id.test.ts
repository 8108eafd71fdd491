import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { database } from "@/lib/platform/database/database";
import { prepareTestDatabase } from "@/lib/platform/database/test-database";
import { recordEvent } from "./audit";
import { isId, lowestIdAt } from "./time-ordered-id";

await prepareTestDatabase();

beforeEach(() => void vi.useFakeTimers({ toFake: ["Date"] }));
afterEach(() => vi.useRealTimers());

test("an id lies between the bounds of its millisecond and of the next", async () => {
  const times = [
    "1970-01-01T00:00:00.001Z",
    "2030-01-01T10:42:00.123Z",
    "2999-12-31T23:59:59.999Z",
  ];
  for (const time of times.map((text) => new Date(text))) {
    vi.setSystemTime(time);
    const id = await makeId();
    expect(isId(id), id).toBe(true);
    expect(id > lowestIdAt(time)).toBe(true);
    expect(id < lowestIdAt(new Date(time.getTime() + 1))).toBe(true);
  }
});

test("bounds grow with time, and are ids themselves", () => {
  const times = [0, 1, 0xffff, 0x10000, 1_893_490_920_123, 2 ** 48 - 1].map((ms) => new Date(ms));
  const bounds = times.map(lowestIdAt);
  expect(bounds).toEqual(bounds.toSorted());
  expect(new Set(bounds).size).toBe(times.length);
  expect(bounds.every(isId)).toBe(true);
  // The example of RFC 9562, A.6.
  expect(lowestIdAt(new Date("2022-02-22T14:22:22-05:00"))).toBe(
    "017f22e2-79b0-0000-0000-000000000000",
  );
});

test("a time before or after all ids is the nearest bound", () => {
  expect(lowestIdAt(new Date(-1))).toBe(lowestIdAt(new Date(0)));
  expect(lowestIdAt(new Date(8.64e15))).toBe("ffffffff-ffff-0000-0000-000000000000");
});

test.each([
  "",
  "a",
  "017f22e2-79b0-7cc3-98c4-dc0c0c07398",
  "017F22E2-79B0-7CC3-98C4-DC0C0C07398F",
  "017f22e279b07cc398c4dc0c0c07398f",
  "{017f22e2-79b0-7cc3-98c4-dc0c0c07398f}",
  "017f22e2-79b0-7cc3-98c4-dc0c0c07398f\n",
  "g17f22e2-79b0-7cc3-98c4-dc0c0c07398f",
])("no id: %j", (text) => {
  expect(isId(text)).toBe(false);
});

async function makeId(): Promise<string> {
  const client = { userAgent: "", networkAddress: "" };
  await recordEvent(database(), { type: "user_updated", userId: null, actor: null, client });
  const { id } = await database().auditEvent.findFirstOrThrow({ orderBy: { id: "desc" } });
  return id;
}
