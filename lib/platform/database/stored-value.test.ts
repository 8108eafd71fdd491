import { createHash } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { Kind } from "./catalog";
import {
  addToDigest,
  emptyDigest,
  fromJson,
  readRow,
  readStoredValue,
  type StoredValue,
  toJson,
} from "./stored-value";

const times = fc.date({
  min: new Date("0001-01-01T00:00:00Z"),
  max: new Date("9999-12-31T23:59:59.999Z"),
  noInvalidDate: true,
});
/** A value, and what each of the two databases gives for it. */
const values = fc.oneof(
  fc.string({ unit: "binary" }).map((text) => both("text", text, text)),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map((whole) => {
    const isSafe = Number.isSafeInteger(Number(whole));
    return both("integer", isSafe ? Number(whole) : String(whole), String(whole));
  }),
  fc.boolean().map((is) => both("boolean", is ? 1 : 0, is)),
  times.map((time) => {
    const iso = time.toISOString();
    return both("time", iso.replace("Z", "+00:00"), iso.replace(/\.?0*Z$/, "+00:00"));
  }),
  fc.constantFrom<Kind>("text", "integer", "boolean", "time").map((kind) => both(kind, null, null)),
);
const rows = fc.array(fc.array(values, { minLength: 3, maxLength: 3 }), { maxLength: 8 });

function both(kind: Kind, sqlite: unknown, postgresql: unknown) {
  return { kind, sqlite, postgresql };
}

test("the digest of a table is the same in whichever way, order and portions its rows come", () => {
  fc.assert(
    fc.property(rows, fc.nat(), (table, cut) => {
      const here = table.map((row) => row.map((cell) => readStoredValue(cell.sqlite, cell.kind)));
      const there = table.map((row) =>
        row.map((cell) => readStoredValue(cell.postgresql, cell.kind)),
      );
      const at = cut % (here.length + 1);
      const inPortions = addToDigest(addToDigest(emptyDigest, here.slice(0, at)), here.slice(at));
      expect(inPortions).toBe(addToDigest(emptyDigest, there.toReversed()));
    }),
  );
});

test("it is another one when any value is another, or in another column or row", () => {
  const cells = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
    fc.boolean(),
    fc.constant(null),
  );
  const tables = fc.uniqueArray(fc.array(cells, { minLength: 2, maxLength: 2 }), {
    maxLength: 4,
    selector: (row) => JSON.stringify(row.map(toJson)),
  });
  fc.assert(
    fc.property(tables, tables, (one, other) => {
      const areSame = written(one) === written(other);
      expect(addToDigest(emptyDigest, one) === addToDigest(emptyDigest, other)).toBe(areSame);
    }),
  );
  expect(addToDigest(emptyDigest, [["a", null]])).not.toBe(addToDigest(emptyDigest, [[null, "a"]]));
  expect(addToDigest(emptyDigest, [[true]])).not.toBe(addToDigest(emptyDigest, [["true"]]));
});

function written(table: StoredValue[][]): string {
  return JSON.stringify(table.map((row) => JSON.stringify(row.map(toJson))).sort());
}

test("it is the sum of the SHA-256 of the rows as JSON", () => {
  const row = ["a", 7n, true, null, new Date("2026-01-02T03:04:05.006Z")];
  const json = '["a","7",true,null,1767323045006]';
  const hash = createHash("sha256").update(json).digest("hex");
  expect(addToDigest(emptyDigest, [row])).toBe(hash);
});

test("a value goes through JSON, and a key with it, unchanged", () => {
  fc.assert(
    fc.property(values, ({ kind, sqlite }) => {
      const value = readStoredValue(sqlite, kind);
      expect(fromJson(JSON.parse(JSON.stringify(toJson(value))), kind)).toEqual(value);
    }),
  );
});

test("a time without a zone, as SQLite writes it by itself, is UTC; what is no time is refused", () => {
  const time = new Date("2026-11-23T01:02:03Z");
  expect(readStoredValue("2026-11-23 01:02:03", "time")).toEqual(time);
  expect(() => readStoredValue("yesterday", "time")).toThrow(/is no time/);
  expect(() => readStoredValue(1.5, "integer")).toThrow(/where a integer has to be/);
});

test("a row is read by the names and kinds of its values, and null only where it may be", () => {
  const kinds = { id: "text", isOpen: "boolean", seenAt: "time", name: "text?" } as const;
  expect(readRow(["a", 1, "2030-01-01T10:42:00+00:00", null], kinds)).toEqual({
    id: "a",
    isOpen: true,
    seenAt: new Date("2030-01-01T10:42:00Z"),
    name: null,
  });
  expect(() => readRow([null, 1, "2030-01-01", null], kinds)).toThrow("id is missing.");
  expect(() => readRow(["a", "perhaps", "2030-01-01", null], kinds)).toThrow(/a boolean has to be/);
});
