import { setTimeout as pause } from "node:timers/promises";
import type { User } from "@/lib/platform/database/client/client";
import { database, type Transaction } from "@/lib/platform/database/database";
import { inTransaction } from "@/lib/platform/database/transaction";
import { removeAccount } from "./account";
import { recordEvent } from "./audit";
import type { Client } from "./client";
import { parseEmailAddress } from "./email-address";
import { forgetTries } from "./factor-tries";
import { holdAccount } from "./hold";
import { isName, tidyName } from "./name";
import { parseProperties } from "./properties";
import { isLastSuper, isScopeName, mayAdminister } from "./scopes";
import { tidyFactors } from "./second-factor";
import {
  queueSecurityMail,
  type SecurityNoticeKind,
  withdrawPendingChanges,
} from "./security-mail";
import { endSessions } from "./sessions";
import { endRequestsOf } from "./sign-in-state";
import { endAttemptsOf } from "./two-factor-attempt";

/** Who administers: somebody with a scope, or whoever has the shell of the machine. */
export type Operator = {
  /** The id of an account, or "operator". */
  id: string;
  client: Client;
};

export const refusalReasons = [
  "unknown-user",
  "not-allowed",
  "oneself",
  "last-super",
  "above",
  "already",
  "scope",
  "name",
  "reason",
  "unknown-mail",
  "not-resendable",
  "nobody",
  "pace",
  "search",
] as const;

/** Why an act of administration is refused. */
export class AdministrationRefused extends Error {
  override name = "AdministrationRefused";
  constructor(readonly reason: (typeof refusalReasons)[number]) {
    super(`Refused: ${reason}`);
  }
}

/** How long the reason of a block may be, in UTF-16 units as forms count them. */
export const longestReason = 300;

/**
 * Blocks an account: its sessions, tokens, links and all that is pending die in the same transaction.
 * @param typedReason for the record, for other administrators, and for the person's own export
 * @throws {AdministrationRefused}
 */
export async function blockUser(
  operator: Operator,
  userId: string,
  typedReason: string,
): Promise<void> {
  const reason = tidyName(typedReason);
  if (!isName(reason, longestReason)) throw new AdministrationRefused("reason");
  await administer(operator, userId, async (transaction, user) => {
    requireOther(operator, user);
    await requireAnotherSuper(transaction, user);
    const { count } = await transaction.user.updateMany({
      where: { id: user.id, blockedAt: null },
      data: { blockedAt: new Date(), blockedReason: reason },
    });
    if (count !== 1) throw new AdministrationRefused("already");
    await endEverything(transaction, user, operator);
    return { act: "blocked", notice: "blocked", details: { reason } };
  });
}

/** @throws {AdministrationRefused} */
export async function unblockUser(operator: Operator, userId: string): Promise<void> {
  await administer(operator, userId, async (transaction, user) => {
    requireOther(operator, user);
    const { count } = await transaction.user.updateMany({
      where: { id: user.id, blockedAt: { not: null } },
      data: { blockedAt: null, blockedReason: null },
    });
    if (count !== 1) throw new AdministrationRefused("already");
    return { act: "unblocked", notice: "unblocked" };
  });
}

/** Grants a scope, which only `super`, or the shell, may do. @throws {AdministrationRefused} */
export async function grantScope(operator: Operator, userId: string, scope: string): Promise<void> {
  if (!isScopeName(scope)) throw new AdministrationRefused("scope");
  await administer(operator, userId, async (transaction, user) => {
    await requireOperator(transaction, operator, "super");
    const has = await transaction.userScope.count({ where: { userId: user.id, scope } });
    if (has > 0) throw new AdministrationRefused("already");
    await transaction.userScope.create({ data: { userId: user.id, scope } });
    return {
      act: "granted",
      type: "privilege_permissions_changed",
      details: { scope },
      notice: "scopes-changed",
    };
  });
}

/** Takes a scope away, on the next request; nobody's own, and not the last `super`. @throws {AdministrationRefused} */
export async function revokeScope(
  operator: Operator,
  userId: string,
  scope: string,
): Promise<void> {
  await administer(operator, userId, async (transaction, user) => {
    await requireOperator(transaction, operator, "super");
    requireOther(operator, user);
    if (scope === "super") await requireAnotherSuper(transaction, user);
    const { count } = await transaction.userScope.deleteMany({
      where: { userId: user.id, scope },
    });
    if (count !== 1) throw new AdministrationRefused("already");
    return {
      act: "revoked",
      type: "privilege_permissions_changed",
      details: { scope },
      notice: "scopes-changed",
    };
  });
}

/** Takes a lost second factor away, whole: the person signs in by mail and sets up another. @throws {AdministrationRefused} */
export async function disableSecondFactor(operator: Operator, userId: string): Promise<void> {
  await administer(operator, userId, async (transaction, user) => {
    const where = { userId: user.id };
    const gone = [
      await transaction.totp.deleteMany({ where }),
      await transaction.passkey.deleteMany({ where }),
    ];
    if (gone.every(({ count }) => count === 0)) throw new AdministrationRefused("already");
    await tidyFactors(transaction, user.id);
    await forgetTries(transaction, user.id);
    return { act: "second-factor-disabled", notice: "factor-disabled" };
  });
}

/**
 * Changes what the site keeps about an account.
 * @param typed JSON
 * @throws {AdministrationRefused}
 * @throws {PropertiesRefused} when it does not fit the site's shape
 */
export async function setProperties(
  operator: Operator,
  userId: string,
  typed: string,
): Promise<void> {
  await administer(operator, userId, async (transaction, user) => {
    const properties = JSON.stringify(parseProperties(typed));
    await transaction.user.update({ where: { id: user.id }, data: { properties } });
    return { act: "properties" };
  });
}

/** Ends one session of a person, or all. @returns how many @throws {AdministrationRefused} */
export async function endSessionsOf(
  operator: Operator,
  userId: string,
  which: { id: string } | "all",
): Promise<number> {
  return await inTransaction(async (transaction) => {
    const user = await requireUser(transaction, operator, userId);
    if (which === "all") await endAttemptsOf(transaction, user.id);
    const where = { userId: user.id, ...(which !== "all" && { id: which.id }) };
    const reason = "administrator";
    const count = await endSessions(transaction, where, reason, operator.client, operator.id);
    if (count > 0) await tell(transaction, user, "sessions-ended");
    return count;
  });
}

/** So few rows go at once that nobody who writes at the same time waits for it. */
const batch = 1000;
/** Between two batches, in milliseconds, for those who wait to write. */
const breath = 20;

/**
 * Ends every session that there is, after a break-in for example (ASVS 7.4.5). Whoever signs in meanwhile stays.
 * @returns how many
 */
export async function endEverySession({ id: actor, client }: Operator): Promise<number> {
  const startedAt = new Date();
  // Before the first one: whatever stops this in the middle, it is on record.
  await recordEvent(database(), {
    type: "authn_token_revoked",
    userId: null,
    actor,
    client,
    details: { reason: "administrator", whose: "everyone" },
  });
  await database().twoFactorAttempt.deleteMany({ where: { createdAt: { lte: startedAt } } });
  let count = 0;
  // A batch of which others have ended some is no last one.
  while (await database().session.findFirst({ where: { createdAt: { lte: startedAt } } })) {
    count += await database().$executeRaw`DELETE FROM "Session" WHERE "id" IN
      (SELECT "id" FROM "Session" WHERE "createdAt" <= ${startedAt} LIMIT ${batch})`;
    await pause(breath);
  }
  return count;
}

/** Deletes an account, also one whose former address could still take a change back: its owner cannot do that. @throws {AdministrationRefused} */
export async function deleteUser(operator: Operator, userId: string): Promise<void> {
  await inTransaction(async (transaction) => {
    const user = await requireUser(transaction, operator, userId);
    requireOther(operator, user);
    await requireAnotherSuper(transaction, user);
    await removeAccount(transaction, user.id, operator.id, operator.client);
  });
}

/** The account with this address or id, or null. */
export async function findUser(who: string): Promise<User | null> {
  const address = parseEmailAddress(who);
  const where = "canonical" in address ? { email: address.canonical } : { id: who };
  return await database().user.findUnique({ where });
}

type Outcome = {
  act: string;
  type?: "user_updated" | "privilege_permissions_changed";
  details?: Record<string, string>;
  /** What the person is told. */
  notice?: SecurityNoticeKind;
};

/**
 * An act on an account, its record and its mail, all or nothing.
 * @throws {AdministrationRefused} `not-allowed`, `unknown-user` or `above`, before `act` is asked
 */
export async function administer(
  operator: Operator,
  userId: string,
  act: (transaction: Transaction, user: User) => Promise<Outcome>,
): Promise<void> {
  await inTransaction(async (transaction) => {
    const { id: actor, client } = operator;
    const user = await requireUser(transaction, operator, userId);
    const { details, notice, type = "user_updated", ...rest } = await act(transaction, user);
    await recordEvent(transaction, {
      type,
      userId: user.id,
      actor,
      client,
      details: { ...rest, ...details },
    });
    if (notice) await tell(transaction, user, notice);
  });
}

/** Without the browser and the network of who did it, which are not the business of whose account it is. */
async function tell(
  transaction: Transaction,
  user: User,
  notice: SecurityNoticeKind,
): Promise<void> {
  await queueSecurityMail(transaction, {
    user,
    notice,
    recipient: user.email,
    browserHash: null,
    client: { userAgent: "", networkAddress: "" },
  });
}

async function requireUser(
  transaction: Transaction,
  operator: Operator,
  id: string,
): Promise<User> {
  // The operator's own, too: whoever takes their scope away waits, or has done so. In one order, as two may act on each other.
  for (const held of [id, operator.id].sort()) await holdAccount(transaction, held);
  await requireOperator(transaction, operator, "admin");
  const user = await transaction.user.findUnique({ where: { id } });
  if (!user) throw new AdministrationRefused("unknown-user");
  await requireNotAbove(transaction, operator, id);
  return user;
}

/** Who was let through, and has been blocked or has lost the scope since then, does nothing more. @throws {AdministrationRefused} */
export async function requireOperator(
  transaction: Transaction,
  { id }: Operator,
  scope: "admin" | "super",
): Promise<void> {
  if (id === "operator" || (await mayAdminister(id, scope, transaction))) return;
  throw new AdministrationRefused("not-allowed");
}

/** Who may not grant scopes could otherwise lock out, or weaken, those who may. */
async function requireNotAbove(
  transaction: Transaction,
  operator: Operator,
  id: string,
): Promise<void> {
  if (operator.id === "operator" || operator.id === id) return;
  const supers = await transaction.userScope.findMany({
    where: { scope: "super", userId: { in: [id, operator.id] } },
  });
  const hasSuper = (userId: string) => supers.some((granted) => granted.userId === userId);
  if (hasSuper(id) && !hasSuper(operator.id)) throw new AdministrationRefused("above");
}

function requireOther(operator: Operator, user: User): void {
  if (operator.id === user.id) throw new AdministrationRefused("oneself");
}

/** Somebody who can grant scopes has to stay. */
async function requireAnotherSuper(transaction: Transaction, { id }: User): Promise<void> {
  if (await isLastSuper(transaction, id)) throw new AdministrationRefused("last-super");
}

/** All that could open the account, or change it. */
async function endEverything(
  transaction: Transaction,
  user: User,
  { id: actor, client }: Operator,
): Promise<void> {
  await endRequestsOf(transaction, user.email);
  await endAttemptsOf(transaction, user.id);
  await withdrawPendingChanges(transaction, user.id);
  // Last: a sign-in that was under way has made its session by now.
  await endSessions(transaction, { userId: user.id }, "administrator", client, actor);
}
