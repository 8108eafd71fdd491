import { Secret, TOTP } from "otpauth";
import type { Transaction } from "@/lib/platform/database/database";
import { environment } from "@/lib/platform/environment";
import { seal, unseal } from "@/lib/platform/secrets";
import { spendOnce } from "./spent";

/** RFC 6238 with what every authenticator app can do: SHA-1, six digits, thirty seconds. */
const kind = { algorithm: "SHA1", digits: 6, period: 30 } as const;
/** Clocks of phones are never quite right: one step either way (RFC 6238 5.2, ASVS 6.5.5). */
const window = 1;
/** RFC 4226 4 recommends 160 bits. */
const secretBytes = 20;

/** A new secret for an authenticator app, encrypted as it is stored. */
export function newTotpSecret(): string {
  return seal("totp secret", new Secret({ size: secretBytes }).base32);
}

/** What a person gives to their app: the secret in base32, and the address that says it all. */
export function describeTotp(sealedSecret: string, email: string): { secret: string; uri: string } {
  const secret = unseal("totp secret", sealedSecret);
  const { totpIssuer } = environment();
  return {
    secret,
    uri: new TOTP({ ...kind, secret, issuer: totpIssuer, label: email }).toString(),
  };
}

/**
 * Looks which step of thirty seconds a value belongs to, by the clock of the site (ASVS 6.5.8). Compares in constant time.
 * @param value six digits
 * @returns what `spendTotp` spends; null when it is none that counts now
 */
export function matchTotp(sealedSecret: string, value: string): TotpValue | null {
  const timestamp = Date.now();
  const base32 = unseal("totp secret", sealedSecret);
  const secret = Secret.fromBase32(base32);
  const distance = TOTP.validate({ ...kind, token: value, secret, timestamp, window });
  if (distance === null) return null;
  return { secret: base32, step: TOTP.counter({ ...kind, timestamp }) + distance };
}

/** A value of an authenticator app, by the secret and the number of its step. */
export type TotpValue = { secret: string; step: number };

/** No value works twice (RFC 6238 5.2), that which set the app up included. @returns false when it was spent before */
export async function spendTotp(
  transaction: Transaction,
  { secret, step }: TotpValue,
): Promise<boolean> {
  return await spendOnce(transaction, `totp ${secret} ${step}`);
}
