import { expect, test } from "vitest";
import { nextDay, startOfDay } from "./day";

test.each([
  ["2030-01-01", "UTC", "2030-01-01T00:00:00.000Z"],
  ["2030-07-01", "Europe/Berlin", "2030-06-30T22:00:00.000Z"],
  ["2030-01-01", "America/New_York", "2030-01-01T05:00:00.000Z"],
  ["2030-01-01", "Asia/Kathmandu", "2029-12-31T18:15:00.000Z"],
  ["2030-01-01", "Pacific/Kiritimati", "2029-12-31T10:00:00.000Z"],
  // Clocks change by day: the days before, on and after.
  ["2026-03-28", "Europe/Berlin", "2026-03-27T23:00:00.000Z"],
  ["2026-03-29", "Europe/Berlin", "2026-03-28T23:00:00.000Z"],
  ["2026-03-30", "Europe/Berlin", "2026-03-29T22:00:00.000Z"],
  ["2026-10-25", "Europe/Berlin", "2026-10-24T22:00:00.000Z"],
  ["2026-10-26", "Europe/Berlin", "2026-10-25T23:00:00.000Z"],
  // At midnight: there is none, it is there twice, and it comes after an hour that is there twice.
  ["2026-09-06", "America/Santiago", "2026-09-06T04:00:00.000Z"],
  ["2026-04-05", "America/Santiago", "2026-04-05T04:00:00.000Z"],
  ["2026-11-01", "America/Havana", "2026-11-01T04:00:00.000Z"],
  // A day that was left out.
  ["2011-12-30", "Pacific/Apia", "2011-12-30T10:00:00.000Z"],
])("%s begins in %s at %s", (day, timeZone, begins) => {
  expect(startOfDay(day, timeZone)?.toISOString()).toBe(begins);
});

test.each(["", "2030", "2030-02-29", "2030-13-01", "2030-00-10", "2030-1-1", "01.02.2030"])(
  "%j is no day",
  (day) => expect([startOfDay(day, "UTC"), nextDay(day)]).toEqual([null, null]),
);

test.each([
  "1969-12-31",
  "0000-01-01",
  "+12030-01-01",
  "2030-01-01T00:00",
  " 2030-01-01",
  "２０３０-01-01",
])("%j is none that events have", (day) =>
  expect([startOfDay(day, "UTC"), nextDay(day)]).toEqual([null, null]),
);

test("the next day is the one in the calendar", () => {
  expect(["2030-12-31", "2028-02-28", "2030-02-28"].map(nextDay)).toEqual([
    "2031-01-01",
    "2028-02-29",
    "2030-03-01",
  ]);
});
