import type { AddressChange } from "@/lib/platform/database/client/client";
import { database, type Transaction } from "@/lib/platform/database/database";
import { inTransaction } from "@/lib/platform/database/transaction";
import { days } from "@/lib/platform/duration";
import { environment } from "@/lib/platform/environment";
import {
  hashToken,
  keyedHash,
  matchesKeyedHash,
  randomCode,
  randomToken,
  readSignedId,
  signedId,
} from "@/lib/platform/secrets";
import { recordEvent } from "./audit";
import type { Client } from "./client";
import { readDigits } from "./digits";
import type { EmailAddress } from "./email-address";
import { holdAccount } from "./hold";
import { countGuess, forgiveGuess, storeWithinLimits } from "./limits";
import { queueMail } from "./outbox";
import { indexUser } from "./search-terms";
import { tidyFactors } from "./second-factor";
import { queueSecurityMail, withdrawPendingChanges } from "./security-mail";
import { endSessions, type SignedIn } from "./sessions";
import { endRequestsOf } from "./sign-in-state";
import { endAttemptsOf } from "./two-factor-attempt";

/** How long the former address can undo a change. */
const undoLifetime = days(7);

/** Why a change of address is not confirmed. */
export const changeProblems = [
  "unknown",
  "expired",
  "malformed-code",
  "wrong-code",
  "paused",
  "taken",
] as const;
export type AddressChangeRefusal = {
  problem: (typeof changeProblems)[number];
  /** After a wrong code. */
  triesLeft?: number;
  /** After too many: when the next may be tried. */
  retryAt?: Date;
};

/**
 * Asks the new address whether it wants to be this account's. Whether it has an account already is told to its own
 * mailbox, and not to whoever asks. A later wish ends an earlier one.
 * @returns false when it is the account's already
 * @throws {LimitReached} when too many mails were asked for
 */
export async function askForAddressChange(
  { session, user }: SignedIn,
  address: EmailAddress,
  client: Client & { browserToken: string; timeZone: string | null },
): Promise<boolean> {
  if (address.canonical === user.email) return false;
  const linkToken = randomToken();
  const code = randomCode();
  const linkHash = hashToken(linkToken);
  const askedAt = new Date();
  const expiresAt = new Date(askedAt.getTime() + environment().linkLifetime);
  const { browserToken, timeZone, ...shown } = client;
  const mail = {
    email: address.canonical,
    browserHash: hashToken(browserToken),
    networkAddress: client.networkAddress,
  };
  await storeWithinLimits(mail, async (transaction) => {
    // Two wishes at once would not see, and so not end, each other.
    await holdAccount(transaction, user.id);
    await withdrawPendingChanges(transaction, user.id);
    await transaction.addressChange.create({
      data: {
        userId: user.id,
        formerEmail: user.email,
        formerEmailTyped: user.emailTyped,
        newEmail: address.canonical,
        newEmailTyped: address.typed,
        linkHash,
        codeHash: keyedHash("address code", `${linkHash}.${code}`),
        createdAt: askedAt,
        expiresAt,
      },
    });
    const asker = { ...shown, timeZone, askedAt: askedAt.toISOString() };
    await queueMail(transaction, {
      recipient: address.canonical,
      expiresAt,
      content: (await isTaken(transaction, address.canonical, user.id))
        ? { template: "address-taken", ...asker }
        : { template: "address-change", linkToken, code, formerEmail: user.email, ...asker },
    });
    await recordEvent(transaction, {
      type: "sensitive_update",
      userId: user.id,
      actor: user.id,
      client: shown,
      details: { act: "address-change-asked", email: address.canonical, sessionId: session.id },
    });
  });
  return true;
}

/** The change that waits for its confirmation, or null. */
export async function findPendingChange(userId: string): Promise<AddressChange | null> {
  return await database().addressChange.findFirst({ where: { userId, ...stillOpen() } });
}

/** Looks at the link in the mail to a new address and changes nothing. */
export async function peekAddressChange(linkToken: string): Promise<AddressChange | null> {
  return await database().addressChange.findFirst({
    where: { linkHash: hashToken(linkToken), ...stillOpen() },
  });
}

/** The link, opened where its person is signed in: a machine that opens mails of the new address is not. */
export async function confirmByLink(
  signedIn: SignedIn,
  linkToken: string,
  client: Client,
): Promise<AddressChangeRefusal | null> {
  const change = await peekAddressChange(linkToken);
  if (!change || change.userId !== signedIn.user.id) return { problem: "unknown" };
  return await applyChange(signedIn, change, client);
}

/** The code from the same mail, typed where the change was asked for. Counted before it is compared. */
export async function confirmByCode(
  signedIn: SignedIn,
  typed: string,
  client: Client,
): Promise<AddressChangeRefusal | null> {
  const change = await findPendingChange(signedIn.user.id);
  if (!change) return { problem: "expired" };
  const code = readDigits(typed, 6);
  if (!code) return { problem: "malformed-code" };
  const pausedUntil = await countGuess("address-code", change.newEmail);
  if (pausedUntil) return { problem: "paused", retryAt: pausedUntil };
  const { codeAttempts } = environment();
  const { count } = await database().addressChange.updateMany({
    where: { id: change.id, codeTries: { lt: codeAttempts } },
    data: { codeTries: { increment: 1 } },
  });
  if (
    count === 0 ||
    !matchesKeyedHash("address code", `${change.linkHash}.${code}`, change.codeHash)
  )
    return {
      problem: "wrong-code",
      triesLeft: count === 0 ? 0 : codeAttempts - change.codeTries - 1,
    };
  await forgiveGuess("address-code", change.newEmail);
  return await applyChange(signedIn, change, client);
}

/** All at once, or nothing: the address, the end of other sessions and of pending mails, the record, and the mail to the former address. */
async function applyChange(
  { session, user }: SignedIn,
  change: AddressChange,
  client: Client,
): Promise<AddressChangeRefusal | null> {
  try {
    await inTransaction((transaction) =>
      applyWithin(transaction, { session, user }, change, client),
    );
    return null;
  } catch (error) {
    if (error instanceof AddressChangeRefused) return { problem: error.problem };
    throw error;
  }
}

/** Undoes the transaction that it is thrown in. */
class AddressChangeRefused extends Error {
  override name = "AddressChangeRefused";
  constructor(readonly problem: "expired" | "taken") {
    super(`Address change refused: ${problem}`);
  }
}

async function applyWithin(
  transaction: Transaction,
  { session, user }: SignedIn,
  change: AddressChange,
  client: Client,
): Promise<void> {
  const now = new Date();
  await holdAccount(transaction, user.id);
  const { count } = await transaction.addressChange.updateMany({
    where: { id: change.id, ...stillOpen() },
    data: { confirmedAt: now },
  });
  if (count !== 1) throw new AddressChangeRefused("expired");
  if (await isTaken(transaction, change.newEmail, user.id)) throw new AddressChangeRefused("taken");
  // Back to an address that could have undone it: the one between gets no say in it.
  const isReturn = await hasUndo(transaction, user.id, change.newEmail);
  if (!isReturn)
    await transaction.addressChange.update({
      where: { id: change.id },
      data: { undoUntil: new Date(now.getTime() + undoLifetime) },
    });
  const changed = await transaction.user.update({
    where: { id: user.id, email: change.formerEmail },
    data: { email: change.newEmail, emailTyped: change.newEmailTyped, emailVerified: now },
  });
  await indexUser(transaction, changed);
  await endRequestsOf(transaction, change.formerEmail);
  await endRequestsOf(transaction, change.newEmail);
  await endAttemptsOf(transaction, user.id);
  await endSessions(
    transaction,
    { userId: user.id, id: { not: session.id } },
    "address-changed",
    client,
  );
  await recordEvent(transaction, {
    type: "user_updated",
    userId: user.id,
    actor: user.id,
    client,
    details: { field: "email", from: change.formerEmail, to: change.newEmail },
  });
  await queueSecurityMail(transaction, {
    user,
    notice: "address-changed",
    recipient: change.formerEmail,
    browserHash: null,
    client,
    addressChange: { id: isReturn ? null : change.id, newEmail: change.newEmail },
  });
}

/** The secret of the link that undoes a change, in the mail to the former address. */
export function undoToken(addressChangeId: string): string {
  return signedId("address undo", addressChangeId);
}

/** Looks at an undo link and changes nothing; null when it is not one of ours, too old, or has been used. */
export async function peekUndo(token: string): Promise<AddressChange | null> {
  const id = readSignedId("address undo", token);
  if (!id) return null;
  return await database().addressChange.findFirst({ where: { id, ...stillUndoable() } });
}

/**
 * Gives the account back to its former address, whatever it has been changed to since, and ends every session: whoever
 * changed it may be in any of them. Needs no sign-in: who reads the former address had the account.
 * @returns false when it is not one of ours, too old, or has been used
 */
export async function undoAddressChange(token: string, client: Client): Promise<boolean> {
  const change = await peekUndo(token);
  if (!change) return false;
  const { id, userId, formerEmail, formerEmailTyped, createdAt } = change;
  return await inTransaction(async (transaction) => {
    await holdAccount(transaction, userId);
    const { count } = await transaction.addressChange.updateMany({
      where: { id, ...stillUndoable() },
      data: { undoneAt: new Date() },
    });
    if (count !== 1) return false;
    // What was changed afterwards is undone with it, and cannot be undone in turn.
    const later = await transaction.addressChange.findMany({
      where: { userId, createdAt: { gte: createdAt }, confirmedAt: { not: null } },
    });
    await transaction.addressChange.updateMany({
      where: { id: { in: later.map((each) => each.id) }, undoneAt: null },
      data: { undoneAt: new Date() },
    });
    await withdrawPendingChanges(transaction, userId);
    const { email: displaced } = await transaction.user.findUniqueOrThrow({
      where: { id: userId },
    });
    const user = await transaction.user.update({
      where: { id: userId },
      data: { email: formerEmail, emailTyped: formerEmailTyped, emailVerified: new Date() },
    });
    await indexUser(transaction, user);
    for (const email of new Set([formerEmail, ...later.map((each) => each.newEmail)]))
      await endRequestsOf(transaction, email);
    await endAttemptsOf(transaction, userId);
    await endSessions(transaction, { userId }, "address-restored", client);
    // Whoever changed the address may have set up a second factor since, which would keep the owner out.
    const setUpSince = { userId, createdAt: { gte: createdAt } };
    await transaction.totp.deleteMany({ where: setUpSince });
    await transaction.passkey.deleteMany({ where: setUpSince });
    await tidyFactors(transaction, userId);
    await recordEvent(transaction, {
      type: "user_updated",
      userId,
      actor: null,
      client,
      details: { field: "email", from: displaced, to: formerEmail, undone: true },
    });
    const told = { user, browserHash: null, client };
    await queueSecurityMail(transaction, {
      ...told,
      notice: "address-restored",
      recipient: formerEmail,
    });
    if (displaced !== formerEmail)
      await queueSecurityMail(transaction, {
        ...told,
        notice: "address-undone",
        recipient: displaced,
      });
    return true;
  });
}

/** Whether an address is kept for the account that had it until lately, and may still get it back. */
export async function isReservedAddress(store: Transaction, email: string): Promise<boolean> {
  const change = await store.addressChange.findFirst({
    where: { formerEmail: email, ...stillUndoable() },
    select: { id: true },
  });
  return change !== null;
}

async function isTaken(transaction: Transaction, email: string, userId: string): Promise<boolean> {
  if ((await transaction.user.count({ where: { email, id: { not: userId } } })) > 0) return true;
  const reserved = await transaction.addressChange.count({
    where: { formerEmail: email, userId: { not: userId }, ...stillUndoable() },
  });
  return reserved > 0;
}

/** Whether this person's account can still be given back to this address. */
async function hasUndo(store: Transaction, userId: string, formerEmail: string): Promise<boolean> {
  const where = { userId, formerEmail, ...stillUndoable() };
  return (await store.addressChange.count({ where })) > 0;
}

/** The addresses to which this account can still be given back. */
export async function listUndoableAddresses(store: Transaction, userId: string): Promise<string[]> {
  const changes = await store.addressChange.findMany({ where: { userId, ...stillUndoable() } });
  return changes.map(({ formerEmail }) => formerEmail);
}

/** Until when this account can be given back to a former address, the longest; null when it cannot be any more. */
export async function peekLastUndo(store: Transaction, userId: string): Promise<Date | null> {
  const user = await store.user.findUnique({ where: { id: userId } });
  const change = await store.addressChange.findFirst({
    // One that the account goes by again has nothing to take back.
    where: { userId, formerEmail: { not: user?.email ?? "" }, ...stillUndoable() },
    orderBy: { undoUntil: "desc" },
  });
  return change?.undoUntil ?? null;
}

function stillOpen() {
  return { confirmedAt: null, withdrawnAt: null, expiresAt: { gt: new Date() } };
}

function stillUndoable() {
  return { confirmedAt: { not: null }, undoneAt: null, undoUntil: { gt: new Date() } };
}
