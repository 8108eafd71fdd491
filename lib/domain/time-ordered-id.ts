/** The last millisecond that fits into an id. */
const latest = 2 ** 48 - 1;

/**
 * The lowest id that can have been made at this time or later: the first 48 bits of an id are its time in milliseconds
 * (RFC 9562 5.7), so that a range of times is a range of ids, and needs no index of its own. (After a clock has been set
 * back, a process goes on with the time that it had until the clock has caught up: its ids never go back.)
 */
export function lowestIdAt(time: Date): string {
  const milliseconds = Math.min(Math.max(Math.trunc(time.getTime()), 0), latest);
  const hex = milliseconds.toString(16).padStart(12, "0");
  // No version in it: below every real id, also where a database compares texts by the rules of a language.
  return `${hex.slice(0, 8)}-${hex.slice(8)}-0000-0000-000000000000`;
}

/** Whether it has the form of an id, in the letters in which they are stored. */
export function isId(text: string): boolean {
  return /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/.test(text);
}
