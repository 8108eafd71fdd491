import { database, type Transaction } from "@/lib/platform/database/database";
import { inTransaction } from "@/lib/platform/database/transaction";
import { minutes } from "@/lib/platform/duration";
import type { Client } from "./client";
import { recordFactorChange } from "./enrolment";
import { holdAccount } from "./hold";
import { makeRecoveryCodes, replaceRecoveryCodes } from "./recovery-codes";
import { hasSecondFactor, mustHaveSecondFactor, tidyFactors } from "./second-factor";
import type { SecurityNoticeKind } from "./security-mail";
import { isRecentlySignedIn, type SignedIn } from "./sessions";
import { newTotpSecret } from "./totp";

/** How long setting up an authenticator app may take. */
const setUpLifetime = minutes(15);

/**
 * Begins to set up an authenticator app. Each time with a new secret, which is soon forgotten: one that somebody else has
 * seen, at a computer left alone, must not become the owner's.
 */
export async function beginTotp({ session }: SignedIn): Promise<void> {
  await database().session.updateMany({
    where: { id: session.id },
    data: { sealedTotp: newTotpSecret(), totpUntil: new Date(Date.now() + setUpLifetime) },
  });
}

/** The secret of the authenticator app that is being set up in this session, sealed; null when none is. */
export async function peekPendingTotp({ session }: SignedIn): Promise<string | null> {
  const row = await database().session.findFirst({
    where: { id: session.id, totpUntil: { gt: new Date() } },
    select: { sealedTotp: true },
  });
  return row?.sealedTotp ?? null;
}

/** Why a second factor stays. */
export type RemovalRefusal = "unknown" | "required";

/** Takes the authenticator app away. @returns null when it is done */
export async function removeTotp(
  signedIn: SignedIn,
  client: Client,
): Promise<RemovalRefusal | null> {
  return await remove(signedIn, client, "app-removed", async (transaction, userId) => {
    const { count } = await transaction.totp.deleteMany({ where: { userId } });
    return count;
  });
}

/** Takes a passkey away; nobody else's can be. @returns null when it is done */
export async function removePasskey(
  signedIn: SignedIn,
  id: string,
  client: Client,
): Promise<RemovalRefusal | null> {
  return await remove(signedIn, client, "passkey-removed", async (transaction, userId) => {
    const { count } = await transaction.passkey.deleteMany({ where: { id, userId } });
    return count;
  });
}

/** Where the site asks for a second factor, the last one stays: undoes what has been written. */
class StillRequired extends Error {}

async function remove(
  signedIn: SignedIn,
  client: Client,
  act: SecurityNoticeKind,
  take: (transaction: Transaction, userId: string) => Promise<number>,
): Promise<RemovalRefusal | null> {
  const { user } = signedIn;
  try {
    return await inTransaction(async (transaction) => {
      await holdAccount(transaction, user.id);
      // What the owner has set up meanwhile, this session has not passed, and knows nothing of.
      if (!(await isRecentlySignedIn(signedIn, transaction))) return "unknown";
      if ((await take(transaction, user.id)) === 0) return "unknown";
      await dropUnusable(transaction, user.id);
      const wasLast = await tidyFactors(transaction, user.id);
      if (wasLast && (await mustHaveSecondFactor(user, transaction))) throw new StillRequired();
      await recordFactorChange(transaction, user, act, { client, browserHash: null });
      return null;
    });
  } catch (error) {
    if (error instanceof StillRequired) return "required";
    throw error;
  }
}

/** Passkeys that are out of use go with the last factor that is not: nobody could give what they ask for. */
async function dropUnusable(transaction: Transaction, userId: string): Promise<void> {
  const apps = await transaction.totp.count({ where: { userId } });
  const usable = await transaction.passkey.count({ where: { userId, deniedAt: null } });
  if (apps + usable === 0) await transaction.passkey.deleteMany({ where: { userId } });
}

/**
 * Ten new recovery codes in the place of all that there were.
 * @returns the codes, to be shown this once; null when there is no second factor that they could take the place of
 * @throws {LimitReached} when this person has made too many
 */
export async function renewRecoveryCodes(
  signedIn: SignedIn,
  client: Client,
): Promise<string[] | null> {
  const { user } = signedIn;
  if (!(await hasSecondFactor(user.id))) return null;
  const made = await makeRecoveryCodes(user.id);
  return await inTransaction(async (transaction) => {
    await holdAccount(transaction, user.id);
    if (!(await hasSecondFactor(user.id, transaction))) return null;
    if (!(await isRecentlySignedIn(signedIn, transaction))) return null;
    await replaceRecoveryCodes(transaction, user.id, made);
    const trier = { client, browserHash: null };
    await recordFactorChange(transaction, user, "recovery-codes-renewed", trier);
    return made.codes;
  });
}
