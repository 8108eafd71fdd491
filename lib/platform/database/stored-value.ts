import { createHash } from "node:crypto";
import type { Kind } from "./catalog";
import { DatabaseError } from "./database-error";

/** A value as it is meant, however a database writes it down. */
export type StoredValue = string | bigint | number | boolean | Date | null;

/** The same as it stands in JSON. */
export type JsonValue = string | number | boolean | null;

/**
 * Reads what an adapter has given.
 * @throws {DatabaseError} when it is none of that kind: SQLite keeps anything anywhere
 */
export function readStoredValue(raw: unknown, kind: Kind): StoredValue {
  if (raw === null) return null;
  if (kind === "text" && typeof raw === "string") return raw;
  if (kind === "integer" && /^-?\d+$/.test(String(raw))) return BigInt(String(raw));
  if (kind === "number" && Number.isFinite(Number(raw))) return Number(raw);
  if (kind === "boolean" && /^(0|1|true|false)$/.test(String(raw)))
    return raw === true || String(raw) === "1";
  if (kind === "time" && typeof raw === "string") return readTime(raw);
  throw new DatabaseError(`A ${typeof raw} stands where a ${kind} has to be.`);
}

/** What a value of each kind is read as; with a `?` it may be null. */
type ValueOf = { text: string; integer: bigint; number: number; boolean: boolean; time: Date };
type Nullable = Kind | `${Kind}?`;
type RowOf<Kinds extends Record<string, Nullable>> = {
  [Name in keyof Kinds]: Kinds[Name] extends Kind
    ? ValueOf[Kinds[Name]]
    : Kinds[Name] extends `${infer Plain extends Kind}?`
      ? ValueOf[Plain] | null
      : never;
};

/**
 * Reads a row of `findRow`.
 * @param kinds of its values, by their names, in the order of the SELECT
 * @throws {DatabaseError} when a value is of another kind
 */
export function readRow<const Kinds extends Record<string, Nullable>>(
  row: unknown[],
  kinds: Kinds,
): RowOf<Kinds> {
  const values = Object.entries<Nullable>(kinds).map(([name, nullable], index) => {
    const kind = nullable.replace("?", "") as Kind;
    const value = readStoredValue(row[index], kind);
    if (value === null && kind === nullable) throw new DatabaseError(`${name} is missing.`);
    return [name, value];
  });
  return Object.fromEntries(values);
}

/** @param text ISO 8601, or what SQLite's own CURRENT_TIMESTAMP writes: without a zone it is UTC */
function readTime(text: string): Date {
  const hasZone = /(?:Z|[+-]\d\d:?\d\d)$/i.test(text);
  const time = new Date(hasZone ? text : `${text.replace(" ", "T")}Z`);
  if (Number.isNaN(time.getTime())) throw new DatabaseError(`${text} is no time.`);
  return time;
}

/** Writes a value into JSON in one way only; `fromJson` is the way back. */
export function toJson(value: StoredValue): JsonValue {
  if (value instanceof Date) return value.getTime();
  return typeof value === "bigint" ? value.toString() : value;
}

export function fromJson(value: JsonValue, kind: Kind): StoredValue {
  if (value === null) return null;
  if (kind === "integer") return BigInt(value);
  return kind === "time" ? new Date(Number(value)) : value;
}

/**
 * Adds rows to the digest of a table: the sum of the SHA-256 of each of them. A sum is the same in whichever order they come,
 * which databases do not agree about, and goes on where it was left.
 * @returns 64 hexadecimal digits
 */
export function addToDigest(digest: string, rows: StoredValue[][]): string {
  let sum = BigInt(`0x${digest}`);
  for (const row of rows) {
    const hash = createHash("sha256")
      .update(JSON.stringify(row.map(toJson)))
      .digest("hex");
    sum += BigInt(`0x${hash}`);
  }
  return BigInt.asUintN(256, sum).toString(16).padStart(64, "0");
}

/** The digest of no rows. */
export const emptyDigest = "0".repeat(64);

/** No text of PostgreSQL holds U+0000: the sign for what is no letter stands in its place. */
export function withoutZero(value: StoredValue): StoredValue {
  return typeof value === "string" ? value.replaceAll("\0", "\ufffd") : value;
}
