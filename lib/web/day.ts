import { days } from "@/lib/platform/duration";

/**
 * When a day begins in a time zone: at midnight, or at the first moment after it where clocks are put forward then.
 * @param day as a field of a form has it, such as 2030-12-31
 * @param timeZone an IANA name
 * @returns null when there is no such day
 */
export function startOfDay(day: string, timeZone: string): Date | null {
  const utc = utcMidnight(day);
  if (!utc) return null;
  // What clocks show there around that midnight; the two differ when they are changed then.
  const offsets = [-days(1), days(1)].map((away) =>
    offsetAt(new Date(utc.getTime() + away), timeZone),
  );
  const candidates = offsets.map((offset) => utc.getTime() - offset);
  const begun = candidates.filter((time) => time + offsetAt(new Date(time), timeZone) >= +utc);
  return new Date(Math.min(...begun));
}

/** The day after; null when there is no such day. */
export function nextDay(day: string): string | null {
  const utc = utcMidnight(day);
  return utc && new Date(utc.getTime() + days(1)).toISOString().slice(0, 10);
}

/** Only years that an id can have: before, this site had no events, and later ones have more digits. */
function utcMidnight(day: string): Date | null {
  if (!/^(19[7-9]|[2-9]\d\d)\d-\d\d-\d\d$/.test(day)) return null;
  const time = new Date(`${day}T00:00:00Z`);
  const isThere = !Number.isNaN(time.getTime()) && time.toISOString().startsWith(day);
  return isThere ? time : null;
}

/** How far the clocks of a zone are ahead of UTC, in milliseconds. */
function offsetAt(time: Date, timeZone: string): number {
  const parts = new Intl.DateTimeFormat("en-GB", {
    timeZone,
    calendar: "gregory",
    numberingSystem: "latn",
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
    second: "numeric",
    hourCycle: "h23",
  }).formatToParts(time);
  const read = (type: Intl.DateTimeFormatPartTypes) =>
    Number(parts.find((part) => part.type === type)?.value);
  const shown = Date.UTC(
    read("year"),
    read("month") - 1,
    read("day"),
    read("hour"),
    read("minute"),
    read("second"),
  );
  return shown - Math.floor(time.getTime() / 1000) * 1000;
}
