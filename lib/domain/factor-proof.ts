import type { User } from "@/lib/platform/database/client/client";
import { database, type Transaction } from "@/lib/platform/database/database";
import { inTransaction } from "@/lib/platform/database/transaction";
import { resealed, unseal } from "@/lib/platform/secrets";
import { recordEvent } from "./audit";
import type { Client } from "./client";
import { readDigits } from "./digits";
import { countTry, forgetTries, giveBackTry, peekPause, type Try } from "./factor-tries";
import { type PasskeyProof, provePasskey } from "./passkeys";
import { countRecoveryTry, matchRecoveryCode, readRecoveryCode } from "./recovery-codes";
import { queueSecurityMail } from "./security-mail";
import { spendOnce } from "./spent";
import { matchTotp, spendTotp, type TotpValue } from "./totp";

/** A second factor that is right, and has not been spent yet. */
export type FactorProof = { user: FactorOwner; tried: Try | null; factor: Factor };
type Factor =
  | { kind: "totp"; value: TotpValue }
  | { kind: "recovery-code"; id: string }
  | PasskeyProof;
export type FactorKind = Factor["kind"];

/** Why a second factor opens nothing. */
export const factorProblems = [
  "malformed-factor",
  "wrong-factor",
  "used-factor",
  "paused-factor",
  "unknown-passkey",
] as const;
export type FactorProblem = {
  problem: (typeof factorProblems)[number];
  /** After a wrong one. */
  triesLeft?: number;
  /** After too many: when the next may be typed. */
  retryAt?: Date;
};

export type FactorOwner = Pick<User, "id" | "email" | "timeZone">;
/** Who gives a second factor, for the record and the mail. */
export type Trier = { client: Client; browserHash: string | null };
/** What somebody gives for a second factor. */
export type GivenFactor = { typed: string } | { passkey: string; subject: string };

/**
 * Looks whether a second factor is this person's and right. What is typed is counted as wrong before it is compared;
 * spending it takes the count back. A last wrong try brings a pause, and is told by mail. In a pause, what cannot be guessed
 * still works: a passkey, and a recovery code.
 * @throws {LimitReached} after more recovery codes than anybody mistypes
 */
export async function proveFactor(
  user: FactorOwner,
  given: GivenFactor,
  trier: Trier,
): Promise<FactorProof | FactorProblem> {
  if ("typed" in given) return await proveTyped(user, given.typed, trier);
  const proven = await provePasskey(given.passkey, given.subject, false);
  if (proven?.user.id === user.id) return { user, tried: null, factor: proven.proof };
  if (proven) await recordRefusal(database(), user, "passkey", trier);
  // One of another account is told no more than one that nobody knows.
  return { problem: "unknown-passkey" };
}

async function proveTyped(
  user: FactorOwner,
  typed: string,
  trier: Trier,
): Promise<FactorProof | FactorProblem> {
  const value = readDigits(typed, 6);
  const totp = value && (await database().totp.findUnique({ where: { userId: user.id } }));
  if (totp && value) return await proveTotp(user, totp.sealedSecret, value, trier);
  const code = readRecoveryCode(typed);
  return code ? await proveRecoveryCode(user, code, trier) : { problem: "malformed-factor" };
}

async function proveTotp(
  user: FactorOwner,
  sealedSecret: string,
  typed: string,
  trier: Trier,
): Promise<FactorProof | FactorProblem> {
  const tried = await countTry(user.id);
  if (!tried) return { problem: "paused-factor", retryAt: await readPause(user) };
  const value = matchTotp(sealedSecret, typed);
  if (!value) return await refuseTyped(user, "totp", tried, trier);
  return { user, tried, factor: { kind: "totp", value } };
}

async function proveRecoveryCode(
  user: FactorOwner,
  code: string,
  trier: Trier,
): Promise<FactorProof | FactorProblem> {
  await countRecoveryTry(user.id, trier.client.networkAddress);
  const tried = await countTry(user.id);
  const id = await matchRecoveryCode(user.id, code);
  if (id) return { user, tried, factor: { kind: "recovery-code", id } };
  if (tried) return await refuseTyped(user, "recovery-code", tried, trier);
  await recordRefusal(database(), user, "recovery-code", trier);
  return { problem: "wrong-factor", triesLeft: 0, retryAt: await readPause(user) };
}

async function readPause({ id }: FactorOwner): Promise<Date> {
  // Over in this very moment: then now.
  return (await peekPause(id)) ?? new Date();
}

async function refuseTyped(
  user: FactorOwner,
  kind: FactorKind,
  tried: Try,
  trier: Trier,
): Promise<FactorProblem> {
  await recordWrongTry(user, kind, tried, trier);
  const { left, pausedUntil } = tried;
  return { problem: "wrong-factor", triesLeft: left, ...(pausedUntil && { retryAt: pausedUntil }) };
}

async function recordWrongTry(
  user: FactorOwner,
  kind: FactorKind,
  { pausedUntil }: Try,
  trier: Trier,
): Promise<void> {
  await inTransaction(async (transaction) => {
    await recordRefusal(transaction, user, kind, trier);
    if (!pausedUntil) return;
    await recordEvent(transaction, {
      type: "authn_login_lock",
      userId: user.id,
      actor: null,
      client: trier.client,
      details: { until: pausedUntil.toISOString() },
    });
    await queueSecurityMail(transaction, {
      user,
      notice: "factor-paused",
      recipient: user.email,
      ...trier,
    });
  });
}

async function recordRefusal(
  store: Transaction,
  { id: userId }: FactorOwner,
  kind: FactorKind,
  { client }: Trier,
): Promise<void> {
  await recordEvent(store, {
    type: "authn_login_fail",
    userId,
    actor: null,
    client,
    details: { reason: `wrong-${kind}` },
  });
}

/**
 * Spends a second factor in the transaction of what it opens. Of any number at once with the same one, one wins.
 * @returns false when it was spent before
 */
export async function spendFactor(
  transaction: Transaction,
  { user, factor }: FactorProof,
): Promise<boolean> {
  const isSpent = await spend(transaction, user.id, factor);
  if (isSpent) await forgetTries(transaction, user.id);
  return isSpent;
}

async function spend(transaction: Transaction, userId: string, factor: Factor): Promise<boolean> {
  switch (factor.kind) {
    case "totp": {
      const totp = await transaction.totp.findUnique({ where: { userId } });
      // Taken away, or replaced, since the value was looked at.
      if (!totp || unseal("totp secret", totp.sealedSecret) !== factor.value.secret) return false;
      if (!(await spendTotp(transaction, factor.value))) return false;
      // Kept for years, it must not hang on a secret of the site that is given up one day.
      const sealedSecret = resealed("totp secret", totp.sealedSecret);
      if (sealedSecret)
        await transaction.totp.update({ where: { userId }, data: { sealedSecret } });
      return true;
    }
    case "recovery-code": {
      const { count } = await transaction.recoveryCode.deleteMany({
        where: { id: factor.id, userId },
      });
      return count === 1;
    }
    case "passkey": {
      const { id, challenge, formerCounter, counter } = factor;
      if (!(await spendOnce(transaction, `challenge ${challenge}`))) return false;
      const { count } = await transaction.passkey.updateMany({
        where: { id, userId, counter: formerCounter, deniedAt: null },
        data: { counter, lastUsedAt: new Date() },
      });
      return count === 1;
    }
  }
}

/** Somebody was faster with the same one: that counts against nobody. */
export async function giveBack({ user, tried }: FactorProof): Promise<void> {
  if (tried) await giveBackTry(user.id, tried);
}
