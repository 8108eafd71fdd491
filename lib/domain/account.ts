import { database, type Transaction } from "@/lib/platform/database/database";
import { inTransaction } from "@/lib/platform/database/transaction";
import { days } from "@/lib/platform/duration";
import { listUndoableAddresses, peekLastUndo } from "./address-change";
import { isByAdministrator, readDetails, recordEvent } from "./audit";
import type { Client } from "./client";
import { holdAccount } from "./hold";
import { isName, tidyName } from "./name";
import { queueMail } from "./outbox";
import { isLastSuper } from "./scopes";
import { indexUser } from "./search-terms";
import type { SignedIn } from "./sessions";

/** How long a name may be, in UTF-16 units as forms count them. */
export const longestName = 80;

/**
 * Changes what the person is called on the site's pages; empty takes the name away.
 * @returns false when it is too long or holds what cannot be seen
 */
export async function renameAccount(
  { user }: SignedIn,
  typed: string,
  client: Client,
): Promise<boolean> {
  const name = tidyName(typed) || null;
  if (name && !isName(name, longestName)) return false;
  if (name === user.name) return true;
  await inTransaction(async (transaction) => {
    const renamed = await transaction.user.update({ where: { id: user.id }, data: { name } });
    await indexUser(transaction, renamed);
    await recordEvent(transaction, {
      type: "user_updated",
      userId: user.id,
      actor: user.id,
      client,
      details: { field: "name" },
    });
  });
  return true;
}

/**
 * All that is kept about a person, by table. Hashes and sealed contents are left out: they are secrets of the site, and
 * say nothing about the person. docs/export.md describes each part.
 */
export async function exportAccount({ user }: SignedIn, client: Client): Promise<object> {
  const userId = user.id;
  await recordEvent(database(), {
    type: "sensitive_read",
    userId,
    actor: userId,
    client,
    details: { act: "export" },
  });
  const [account, sessions, browsers, changes, notices, events, factors, scopes, terms, written] =
    await Promise.all([
      database().user.findUniqueOrThrow({ where: { id: userId } }),
      database().session.findMany({
        where: { userId },
        omit: { tokenHash: true, browserHash: true, sealedTotp: true },
        include: { pausedActs: { omit: { sealedFields: true } } },
      }),
      database().knownBrowser.findMany({ where: { userId }, omit: { browserHash: true } }),
      database().addressChange.findMany({
        where: { userId },
        omit: { linkHash: true, codeHash: true },
      }),
      database().securityNotice.findMany({ where: { userId }, omit: { browserHash: true } }),
      database().auditEvent.findMany({ where: { userId }, orderBy: { id: "asc" } }),
      readFactors(userId),
      database().userScope.findMany({ where: { userId }, orderBy: { scope: "asc" } }),
      database().userSearchTerm.findMany({ where: { userId }, orderBy: { term: "asc" } }),
      readWritten(userId),
    ]);
  const emails = await listOwnAddresses(database(), account);
  const [requests, mails, stops] = await Promise.all([
    database().signInRequest.findMany({
      where: { email: { in: emails } },
      omit: { linkHash: true, codeHash: true, browserHash: true, screenHash: true, number: true },
    }),
    database().mail.findMany({
      where: { OR: [{ userId }, { recipient: { in: emails } }] },
      omit: { sealedContent: true },
    }),
    database().mailStop.findMany({ where: { email: { in: emails } } }),
  ]);
  return {
    exported_at: new Date(),
    account,
    sessions,
    known_browsers: browsers,
    address_changes: changes,
    security_notices: notices,
    ...factors,
    scopes,
    search_terms: terms,
    ...written,
    sign_in_requests: requests,
    mails,
    mail_stops: stops,
    events: events.map((event) => ({
      ...event,
      ...(isByAdministrator(event) && {
        actor: "administrator",
        networkAddress: "",
        userAgent: "",
      }),
      details: readDetails(event),
    })),
  };
}

/** What an administrator writes to others. */
async function readWritten(userId: string) {
  const [mailings, drafts] = await Promise.all([
    database().mailing.findMany({ where: { actor: userId }, omit: { cursor: true } }),
    database().messageDraft.findMany({ where: { userId }, omit: { sealedFields: true } }),
  ]);
  return { mailings, message_drafts: drafts };
}

async function readFactors(userId: string) {
  const where = { userId };
  const [app, passkeys, codes, attempts] = await Promise.all([
    database().totp.findUnique({ where, omit: { sealedSecret: true } }),
    // A counter is a number longer than JSON has, and no other program has a use for it.
    database().passkey.findMany({ where, omit: { counter: true } }),
    database().recoveryCode.findMany({ where, omit: { salt: true, hash: true } }),
    database().twoFactorAttempt.findMany({ where, omit: { tokenHash: true, sealedTotp: true } }),
  ]);
  return {
    authenticator_app: app,
    passkeys,
    recovery_codes: codes,
    two_factor_attempts: attempts,
  };
}

/**
 * Removes a person and all that names them. What happened stays on record under an id that leads to nobody any more.
 * The address is told by a last mail, whose row goes as soon as it has been sent.
 * Not while a former address can undo a change: whoever took an account over could otherwise make an end of it.
 * Nor the last account that can grant scopes.
 * @returns null when it is done, else when it can be, or that it is the last `super`
 */
export async function deleteAccount(
  { user }: SignedIn,
  client: Client,
): Promise<Date | "last-super" | null> {
  const userId = user.id;
  return await inTransaction(async (transaction) => {
    // Somebody was faster, in another window.
    if (!(await holdAccount(transaction, userId))) return null;
    const possibleAt = await peekLastUndo(transaction, userId);
    if (possibleAt) return possibleAt;
    if (await isLastSuper(transaction, userId)) return "last-super";
    await removeAccount(transaction, userId, userId, client);
    return null;
  });
}

/**
 * Removes a person and all that names them, and tells the address.
 * @param actor who does it: the id of an account, or "operator"
 */
export async function removeAccount(
  transaction: Transaction,
  userId: string,
  actor: string,
  client: Client,
): Promise<void> {
  const owner = await transaction.user.findUniqueOrThrow({ where: { id: userId } });
  const changes = await transaction.addressChange.findMany({ where: { userId } });
  const recipients = changes.map(({ newEmail }) => newEmail);
  await transaction.mail.deleteMany({
    where: { recipient: { in: recipients }, template: "address-change" },
  });
  const { email } = owner;
  await transaction.user.delete({ where: { id: userId } });
  await transaction.mail.deleteMany({ where: { recipient: email } });
  await transaction.signInRequest.deleteMany({ where: { email } });
  await transaction.mailStop.deleteMany({ where: { email } });
  await recordEvent(transaction, { type: "user_deleted", userId, actor, client });
  await transaction.auditEvent.updateMany({ where: { userId }, data: { details: null } });
  await transaction.auditEvent.updateMany({
    // Where an administrator sat says nothing about the person, and stays on record.
    where: { userId, OR: [{ actor: null }, { actor: { in: [userId, "system"] } }] },
    data: { networkAddress: "", userAgent: "" },
  });
  const isByAdministrator = actor !== userId;
  await queueMail(transaction, {
    recipient: email,
    expiresAt: new Date(Date.now() + days(3)),
    content: {
      template: "account-deleted",
      isByAdministrator,
      timeZone: owner.timeZone,
      askedAt: new Date().toISOString(),
      // Whose browser it was is not the business of whose account it was.
      ...(isByAdministrator ? { userAgent: "", networkAddress: "" } : client),
    },
  });
}

/** From when on an account can be deleted; null when it can be now. */
export async function readDeletionTime(userId: string): Promise<Date | null> {
  return await peekLastUndo(database(), userId);
}

/** The address of an account, and those that it had and can still get back: nobody else has them. */
async function listOwnAddresses(
  store: Transaction,
  { id, email }: { id: string; email: string },
): Promise<string[]> {
  const undoable = await listUndoableAddresses(store, id);
  return [...new Set([email, ...undoable])];
}
