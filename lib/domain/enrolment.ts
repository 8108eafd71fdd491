import type { Transaction } from "@/lib/platform/database/database";
import { listUndoableAddresses } from "./address-change";
import { recordEvent } from "./audit";
import { readDigits } from "./digits";
import type { FactorOwner, Trier } from "./factor-proof";
import { holdAccount } from "./hold";
import { mostPasskeys, type NewPasskey, readNewPasskey } from "./passkeys";
import { makeRecoveryCodes, type NewRecoveryCodes, replaceRecoveryCodes } from "./recovery-codes";
import { hasSecondFactor } from "./second-factor";
import { queueSecurityMail, type SecurityNoticeKind } from "./security-mail";
import { spendOnce } from "./spent";
import { matchTotp, spendTotp, type TotpValue } from "./totp";

/** A second factor that has been shown to work, and is not stored yet; with recovery codes, when it is the first. */
export type NewFactor = { recoveryCodes: NewRecoveryCodes | null } & (
  | { kind: "totp"; sealedSecret: string; value: TotpValue }
  | { kind: "passkey"; passkey: NewPasskey; name: string }
);

/**
 * An authenticator app that shows a right value; null when it is wrong.
 * @throws {LimitReached} when this person has made too many recovery codes
 */
export async function proveNewTotp(
  userId: string,
  sealedSecret: string,
  typed: string,
): Promise<NewFactor | null> {
  const digits = readDigits(typed, 6);
  const value = digits && matchTotp(sealedSecret, digits);
  if (!value) return null;
  return { kind: "totp", sealedSecret, value, recoveryCodes: await firstRecoveryCodes(userId) };
}

/**
 * A passkey that an authenticator has made; null when something about it is not right.
 * @param subject what its challenge was made for
 * @throws {LimitReached} when this person has made too many recovery codes
 */
export async function proveNewPasskey(
  userId: string,
  text: string,
  subject: string,
  name: string,
): Promise<NewFactor | null> {
  const passkey = await readNewPasskey(text, subject);
  if (!passkey) return null;
  return { kind: "passkey", passkey, name, recoveryCodes: await firstRecoveryCodes(userId) };
}

async function firstRecoveryCodes(userId: string): Promise<NewRecoveryCodes | null> {
  return (await hasSecondFactor(userId)) ? null : await makeRecoveryCodes(userId);
}

/**
 * Stores a new second factor, writes it down, and tells the owner.
 * @returns false when what proved it was spent before, there is no room for it, or it is not the first any more
 */
export async function enrol(
  transaction: Transaction,
  user: FactorOwner,
  factor: NewFactor,
  trier: Trier,
): Promise<boolean> {
  if (!(await holdAccount(transaction, user.id))) return false;
  const isFirst = !(await hasSecondFactor(user.id, transaction));
  if (isFirst !== (factor.recoveryCodes !== null)) return false;
  const stored = await store(transaction, user.id, factor);
  if (!stored) return false;
  if (factor.recoveryCodes) await replaceRecoveryCodes(transaction, user.id, factor.recoveryCodes);
  await recordFactorChange(transaction, user, stored.act, trier, stored.passkeyId);
  return true;
}

type Stored = { act: SecurityNoticeKind; passkeyId?: string } | null;

async function store(transaction: Transaction, userId: string, factor: NewFactor): Promise<Stored> {
  if (factor.kind === "totp") {
    if (!(await spendTotp(transaction, factor.value))) return null;
    const { sealedSecret } = factor;
    const { count } = await transaction.totp.deleteMany({ where: { userId } });
    await transaction.totp.create({ data: { userId, sealedSecret } });
    return { act: count > 0 ? "app-replaced" : "app-added" };
  }
  const { challenge, ...passkey } = factor.passkey;
  if (!(await spendOnce(transaction, `challenge ${challenge}`))) return null;
  const { credentialId } = passkey;
  const isKnown = (await transaction.passkey.count({ where: { credentialId } })) > 0;
  const isFull = (await transaction.passkey.count({ where: { userId } })) >= mostPasskeys;
  if (isKnown || isFull) return null;
  const { id } = await transaction.passkey.create({
    data: { ...passkey, userId, name: factor.name },
  });
  return { act: "passkey-added", passkeyId: id };
}

/**
 * Writes down a change of somebody's second factor, and tells them by mail (ASVS 6.3.7); also where a change of address can
 * be undone: whoever made it may not be the owner.
 */
export async function recordFactorChange(
  transaction: Transaction,
  user: FactorOwner,
  act: SecurityNoticeKind,
  trier: Trier,
  passkeyId?: string,
): Promise<void> {
  await recordEvent(transaction, {
    type: "user_updated",
    userId: user.id,
    actor: user.id,
    client: trier.client,
    details: { field: "second-factor", act },
  });
  const former = await listUndoableAddresses(transaction, user.id);
  for (const recipient of new Set([user.email, ...former]))
    await queueSecurityMail(transaction, {
      user,
      notice: act,
      recipient,
      ...trier,
      ...(passkeyId && { passkeyId }),
    });
}
