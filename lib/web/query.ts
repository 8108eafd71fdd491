import { days } from "@/lib/platform/duration";

export type SearchParams = Promise<Record<string, string | string[] | undefined>>;

/** The query of a page's address; of a name that came twice, the first value. */
export async function readQuery(
  searchParams: SearchParams,
): Promise<Partial<Record<string, string>>> {
  const entries = Object.entries(await searchParams);
  return Object.fromEntries(
    entries.map(([name, value]) => [name, Array.isArray(value) ? value[0] : value]),
  );
}

/** Fields as the query of an address, without those that ask for nothing; empty when none is left. */
export function queryString(fields: Record<string, string>): string {
  const asked = Object.entries(fields).filter(([, value]) => value !== "");
  return asked.length > 0 ? `?${new URLSearchParams(asked)}` : "";
}

/**
 * A long text for an address, whatever its letters: no more than three signs each, where `%E6%BC%A2` takes nine, and
 * servers refuse addresses of more than 16 KB.
 */
export function packText(text: string): string {
  return Buffer.from(text, "utf16le").toString("base64url");
}

export function unpackText(packed: string): string {
  return Buffer.from(packed, "base64url").toString("utf16le");
}

/** A single digit in an address, and no more: anybody can write it. */
export function readDigit(text: string | undefined): number {
  return Number(/^\d$/.exec(text ?? "")?.[0] ?? 0);
}

/** A time of today in an address; now, when it is none. */
export function readTime(text: string | undefined): Date {
  const time = new Date(text ?? "");
  const distance = Math.abs(time.getTime() - Date.now());
  return distance < days(1) ? time : new Date();
}
