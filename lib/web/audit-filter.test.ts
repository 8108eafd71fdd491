import { beforeEach, expect, test } from "vitest";
import { database } from "@/lib/platform/database/database";
import { emptyDatabase, prepareTestDatabase } from "@/lib/platform/database/test-database";
import { readAuditFilter } from "./audit-filter";
import { queryString } from "./query";

await prepareTestDatabase();
const nothing = { person: null, type: null, act: null, from: null, until: null };
let ann = "";

beforeEach(async () => {
  await emptyDatabase();
  const email = "ann@example.org";
  const data = { email, emailTyped: email, emailVerified: new Date() };
  ann = (await database().user.create({ data })).id;
});

test("fields that are empty, or not there, ask for nothing", async () => {
  for (const given of [{}, { person: "", type: " ", act: null, from: undefined, to: "" }])
    expect(await readAuditFilter(given, "UTC")).toMatchObject({ problems: {}, filter: nothing });
});

test("days begin in the time zone, and the last one counts whole", async () => {
  const given = {
    person: " Ann@Example.org ",
    type: "user_updated",
    act: "blocked",
    from: "2026-03-29",
    to: "2026-03-29",
  };
  const { filter, problems } = await readAuditFilter(given, "Europe/Berlin");
  expect(problems).toEqual({});
  expect(filter).toEqual({
    person: ann,
    type: "user_updated",
    act: "blocked",
    from: new Date("2026-03-28T23:00:00Z"),
    until: new Date("2026-03-29T22:00:00Z"),
  });
});

test.each([
  [{ person: "bob@example.org" }, { person: "unknown" }],
  [{ person: "bob" }, { person: "malformed" }],
  [{ person: "x".repeat(10_240) }, { person: "malformed" }],
  [{ person: 5 }, { person: "malformed" }],
  [{ person: {} }, { person: "malformed" }],
  [{ person: ["bob", "ann@example.org"] }, { person: "malformed" }],
  [{ type: "user_eaten" }, { type: "type" }],
  [{ type: "toString" }, { type: "type" }],
  [{ act: "eaten" }, { act: "act" }],
  [{ from: "yesterday" }, { from: "day" }],
  [{ to: "2026-02-30" }, { to: "day" }],
  [{ from: "2026-03-02", to: "2026-03-01" }, { to: "order" }],
  [
    { from: "x", to: "x", type: "x" },
    { from: "day", to: "day", type: "type" },
  ],
])("what is wrong is said, and means nothing: %#", async (given, problems) => {
  const asked = await readAuditFilter(given, "UTC");
  expect(asked).toMatchObject({ problems, filter: null });
  expect(Object.keys(asked.problems)).toEqual(expect.arrayContaining(Object.keys(problems)));
  expect(queryString(asked.typed).length).toBeLessThan(1000);
});

test("the query of an address has what was asked for, and no more", () => {
  const typed = { person: "a+b@example.org", type: "", act: "", from: "2026-03-01", to: "" };
  expect(queryString({ ...typed, after: "x" })).toBe(
    "?person=a%2Bb%40example.org&from=2026-03-01&after=x",
  );
  expect(queryString({ ...typed, person: "", from: "" })).toBe("");
});
