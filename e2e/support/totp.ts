import { createHmac } from "node:crypto";

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const stepMs = 30_000;

/**
 * What an authenticator app shows (RFC 6238: SHA-1, six digits, thirty seconds), reckoned here
 * anew from the RFC, so that site and test do not share a fault.
 *
 * @param secret in base32, spaces allowed
 * @param time by the clock of the site, or whichever clock the phone goes by
 * @param stepsOff how many steps of thirty seconds later, or earlier if negative
 */
export function totp(secret: string, time: Date, stepsOff = 0): string {
  const step = Buffer.alloc(8);
  step.writeBigUInt64BE(BigInt(Math.floor(time.getTime() / stepMs) + stepsOff));
  const mac = createHmac("sha1", fromBase32(secret)).update(step).digest();
  const offset = mac.readUInt8(mac.length - 1) & 0x0f;
  const number = mac.readUInt32BE(offset) & 0x7fff_ffff;
  return String(number % 1_000_000).padStart(6, "0");
}

/** How many milliseconds are left until the app shows another value. */
export function msToNextStep(time: Date): number {
  return stepMs - (time.getTime() % stepMs);
}

/** Bytes written in base32 (RFC 4648, 6), without padding. Throws if something else stands there. */
export function fromBase32(text: string): Buffer {
  const bits = [...text.replace(/\s/g, "").toUpperCase()].map((letter) => {
    const value = alphabet.indexOf(letter);
    if (value < 0) throw new Error(`Not base32: ${letter}`);
    return value.toString(2).padStart(5, "0");
  });
  const bytes = bits.join("").match(/.{8}/g) ?? [];
  return Buffer.from(bytes.map((byte) => Number.parseInt(byte, 2)));
}
