import { createHmac } from "node:crypto";
import { unseal } from "@/lib/platform/secrets";

/**
 * For tests: what an authenticator app shows, by RFC 4226 5.3 and RFC 6238 4.2 alone. No code of the site's is used, so
 * that both can be wrong only in different ways.
 * @param at milliseconds since 1970
 */
export function totpAt(key: Buffer, at: number): string {
  const step = Buffer.alloc(8);
  step.writeBigUInt64BE(BigInt(Math.floor(at / 30_000)));
  const hash = createHmac("sha1", key).update(step).digest();
  const offset = (hash.at(-1) ?? 0) % 16;
  const number = hash.readUInt32BE(offset) % 2 ** 31;
  return String(number % 1_000_000).padStart(6, "0");
}

/** For tests: what the app shows that has a stored secret. */
export function shownBy(sealedSecret: string, at = Date.now()): string {
  return totpAt(fromBase32(unseal("totp secret", sealedSecret)), at);
}

/** For tests: a value that is none of those which count now. */
export function wrongFor(sealedSecret: string): string {
  const right = [-60_000, -30_000, 0, 30_000, 60_000].map((away) =>
    shownBy(sealedSecret, Date.now() + away),
  );
  return ["000000", "000001", "000002", "000003", "000004", "000005"].find(
    (value) => !right.includes(value),
  ) as string;
}

const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/** For tests: RFC 4648 6, without padding. */
export function fromBase32(text: string): Buffer {
  const bits = [...text].map((letter) => letters.indexOf(letter).toString(2).padStart(5, "0"));
  const bytes = bits.join("").match(/.{8}/g) ?? [];
  return Buffer.from(bytes.map((byte) => Number.parseInt(byte, 2)));
}

export function toBase32(key: Buffer): string {
  const bits = [...key].map((byte) => byte.toString(2).padStart(8, "0")).join("");
  const groups = bits.match(/.{1,5}/g) ?? [];
  return groups.map((group) => letters[Number.parseInt(group.padEnd(5, "0"), 2)]).join("");
}
