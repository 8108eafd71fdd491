import { randomBytes, scrypt, timingSafeEqual } from "node:crypto";
import { promisify } from "node:util";
import { database, type Transaction } from "@/lib/platform/database/database";
import { hours } from "@/lib/platform/duration";
import { countAgainst, type Limit } from "@/lib/platform/limits";
import { networkOf } from "./network";

const howMany = 10;
/** Crockford's base 32: no letter that looks like a digit. Sixteen of them are 80 bits (NIST SP 800-63B-4 3.1.2.1 asks for 64). */
const letters = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const length = 16;
/**
 * 16 MB and 40 ms a hash. A fifth of what OWASP asks for passwords, of which there are few that people choose: 80 random bits
 * could not be tried out were it none.
 */
const cost = { N: 2 ** 14, r: 8, p: 1 };

/** New codes as they are stored, and as they are shown this once. */
export type NewRecoveryCodes = {
  codes: string[];
  rows: { salt: string; hash: string }[];
};

/** Hashing costs: nobody makes, or tries, so many that others wait for it. */
const makings: Limit = { name: "recovery-codes", times: 10, within: hours(1) };
const tries: Limit = { name: "recovery-code", times: 10, within: hours(1) };

/**
 * Makes ten codes. Under 112 bits, they are kept as slow hashes with a salt (ASVS 6.5.2); one salt serves all ten, so that
 * a try is hashed once. Takes half a second of a processor: not inside a transaction.
 * @throws {LimitReached} when this person has made too many
 */
export async function makeRecoveryCodes(userId: string): Promise<NewRecoveryCodes> {
  await countAgainst(database(), makings, userId);
  const salt = randomBytes(32).toString("base64url");
  const codes = Array.from({ length: howMany }, randomRecoveryCode);
  const hashes = await Promise.all(codes.map((code) => slowHash(code, salt)));
  return {
    codes: codes.map(inGroups),
    rows: hashes.map((hash) => ({ salt, hash: hash.toString("base64url") })),
  };
}

/** Of 256 values of a byte, eight belong to each letter: all are equally likely. */
function randomRecoveryCode(): string {
  return Array.from(randomBytes(length), (byte) => letters[byte % letters.length]).join("");
}

function inGroups(code: string): string {
  return code.replace(/.{4}(?=.)/g, "$&-");
}

/** Puts new codes in the place of all that there were. */
export async function replaceRecoveryCodes(
  transaction: Transaction,
  userId: string,
  { rows }: NewRecoveryCodes,
): Promise<void> {
  await transaction.recoveryCode.deleteMany({ where: { userId } });
  await transaction.recoveryCode.createMany({ data: rows.map((row) => ({ ...row, userId })) });
}

/** A code as people type it: with spaces, dashes and small letters, and O for 0. Null when it cannot be one. */
export function readRecoveryCode(typed: string): string | null {
  const code = typed
    .normalize("NFKC")
    .toUpperCase()
    .replace(/[\s\p{Pd}_.]/gu, "")
    .replaceAll("O", "0")
    .replace(/[IL]/g, "1");
  return code.length === length && [...code].every((letter) => letters.includes(letter))
    ? code
    : null;
}

/**
 * Counts a try before it is hashed, which takes time and memory.
 * @throws {LimitReached} when this network has had too many at this account
 */
export async function countRecoveryTry(userId: string, networkAddress: string): Promise<void> {
  await countAgainst(database(), tries, `${userId} ${networkOf(networkAddress)}`);
}

/** The id of the code that this is, or null. Spends nothing. Count the try before. */
export async function matchRecoveryCode(userId: string, code: string): Promise<string | null> {
  const rows = await database().recoveryCode.findMany({ where: { userId } });
  const hashes = new Map<string, Buffer>();
  for (const { salt } of rows) if (!hashes.has(salt)) hashes.set(salt, await slowHash(code, salt));
  const match = rows.find(({ salt, hash }) => {
    const [given, kept] = [hashes.get(salt), Buffer.from(hash, "base64url")];
    return given?.length === kept.length && timingSafeEqual(given, kept);
  });
  return match?.id ?? null;
}

function slowHash(code: string, salt: string): Promise<Buffer> {
  return scryptAsync(code, salt, 32, cost);
}

const scryptAsync = promisify<string, string, number, typeof cost, Buffer>(scrypt);
