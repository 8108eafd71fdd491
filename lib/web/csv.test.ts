import { parse } from "csv-parse/sync";
import fc from "fast-check";
import { expect, test } from "vitest";
import { csvLines, guardCell } from "./csv";

const signs = [
  "=",
  "+",
  "-",
  "@",
  ";",
  ",",
  '"',
  "'",
  "\t",
  "\r",
  "\n",
  " ",
  "＝",
  "\u200b",
  "\0",
  "a",
];
const cell = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.string({ unit: fc.constantFrom(...signs) }),
  fc.constant(null),
);

test("what has been written is read back, cell by cell, by another program", () => {
  const table = fc
    .integer({ min: 2, max: 6 })
    .chain((columns) => fc.array(fc.array(cell, { minLength: columns, maxLength: columns })));
  fc.assert(
    fc.property(table, (rows) => {
      const read = parse(csvLines(rows));
      expect(read).toEqual(rows.map((row) => row.map((each) => guardCell(each ?? ""))));
    }),
    { numRuns: 1000 },
  );
});

test("no cell begins like a formula, wherever a spreadsheet begins one", () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...signs) }), (text) => {
      for (const begun of guardCell(text).split(/[;\t\r\n]/))
        expect(begun.trimStart()).not.toMatch(/^["\s\u200b\0]*[=+\-@＝]/);
      expect(guardCell(text)).not.toMatch(/^[\t\r]/);
      // Nothing is lost but what was put in.
      expect(guardCell(text).replaceAll("'", "")).toBe(text.replaceAll("'", ""));
    }),
    { numRuns: 2000 },
  );
});

test.each([
  ["=1+1", "'=1+1"],
  ["+49 30 1234", "'+49 30 1234"],
  ["-1", "'-1"],
  ["@SUM(A1)", "'@SUM(A1)"],
  ["\t=1", "'\t'=1"],
  ["\rx", "'\rx"],
  [' \u00a0"=1', "' \u00a0\"=1"],
  ["'=1", "''=1"],
  ["\u200b=1", "'\u200b=1"],
  ["＝1", "'＝1"],
  ["－1", "'－1"],
  ["＋1", "'＋1"],
  ["＠x", "'＠x"],
  ["\u22121", "'\u22121"],
  ["Mozilla/5.0;=cmd|' /C calc'!A0", "Mozilla/5.0;'=cmd|' /C calc'!A0"],
  ["line\n=1", "line\n'=1"],
])("%j is guarded", (text, guarded) => expect(guardCell(text)).toBe(guarded));

test.each([
  "",
  "ann@example.org",
  "2030-01-01T10:42:00.000Z",
  "017f22e2-79b0-7cc3-98c4-dc0c0c07398f",
  '{"act":"blocked"}',
  "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko)",
  "2001:db8::1",
  "::1",
])("%j stays as it is", (text) => expect(guardCell(text)).toBe(text));

test("lines end as RFC 4180 has it, and quotes stand where they must", () => {
  expect(csvLines([["a", null, 'b"c', "d,e", "f\ng"]])).toBe('a,,"b""c","d,e","f\ng"\r\n');
  expect(csvLines([])).toBe("");
});

test("a text of any length takes no longer than it is", () => {
  const started = performance.now();
  for (const unit of ["\n", "=", " ", ";", "\t=", '"'])
    expect(guardCell(unit.repeat(100_000)).length).toBeGreaterThanOrEqual(100_000);
  expect(performance.now() - started).toBeLessThan(2000);
});
