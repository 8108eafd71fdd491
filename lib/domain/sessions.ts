import { Prisma, type Session, type User } from "@/lib/platform/database/client/client";
import { database, findRow, type Transaction } from "@/lib/platform/database/database";
import { readRow } from "@/lib/platform/database/stored-value";
import { inTransaction } from "@/lib/platform/database/transaction";
import { minutes } from "@/lib/platform/duration";
import { environment } from "@/lib/platform/environment";
import { metrics, secondsSince } from "@/lib/platform/metrics";
import { hashToken } from "@/lib/platform/secrets";
import { recordEvent } from "./audit";
import type { Client } from "./client";
import { hasSecondFactor, mustHaveSecondFactor } from "./second-factor";

export type SignedIn = {
  session: Pick<Session, "id" | "keepSignedIn" | "createdAt" | "lastSeenAt"> &
    Pick<Session, "signedInAt" | "secondFactorAt" | "expiresAt" | "endsAt">;
  user: Pick<User, "id" | "email" | "emailTyped" | "name" | "timeZone" | "properties"> & {
    /** Whether they have the scope `admin`: asked along, since every page shows the way to administration or does not. */
    isAdmin: boolean;
  };
};

/** A session is renewed no oftener than that, so that reading pages does not write each time. */
const renewalPause = minutes(5);

/**
 * Who is signed in with this cookie value. Asks the database each time, in one indexed read: a revoked session is
 * refused by the very next request (ASVS 7.4.1).
 * @returns null for an unknown, ended or blocked one, and for one without the second factor that the site asks for
 * @throws when the database does not answer: that is not the same as "nobody"
 */
export async function findSession(token: string): Promise<SignedIn | null> {
  return await findLive(sessionWith("tokenHash", hashToken(token)));
}

/** The same by the session's id, for what names it and has been checked itself. */
export async function findSessionById(id: string): Promise<SignedIn | null> {
  return await findLive(sessionWith("id", id));
}

async function findLive(query: Prisma.Sql): Promise<SignedIn | null> {
  const from = performance.now();
  let outcome = "fault";
  try {
    const signedIn = await readLive(query);
    outcome = signedIn ? "found" : "not_found";
    return signedIn;
  } finally {
    metrics.sessionLookups.observe({ outcome }, secondsSince(from));
  }
}

async function readLive(query: Prisma.Sql): Promise<SignedIn | null> {
  const found = await findRow(query);
  if (!found) return null;
  const { userId, email, emailTyped, name, timeZone, properties, blockedAt, isAdmin, ...session } =
    readRow(found, sessionRow);
  if (session.expiresAt <= new Date()) await bury(session.id);
  if (session.expiresAt <= new Date() || blockedAt) return null;
  // Made before the site asked this person for one: it does not open what it opened then.
  if (!session.secondFactorAt && (await mustHaveSecondFactor({ id: userId, email }))) return null;
  return { session, user: { id: userId, email, emailTyped, name, timeZone, properties, isAdmin } };
}

/** The row of `sessionRow`. */
export function sessionWith(column: "tokenHash" | "id", value: string): Prisma.Sql {
  return Prisma.sql`
    SELECT s."id", s."keepSignedIn", s."createdAt", s."lastSeenAt", s."signedInAt", s."secondFactorAt", s."expiresAt", s."endsAt",
      u."id" AS "userId", u."email", u."emailTyped", u."name", u."timeZone", u."properties", u."blockedAt",
      EXISTS (SELECT 1 FROM "UserScope" a WHERE a."userId" = u."id" AND a."scope" IN ('admin', 'super')) AS "isAdmin"
    FROM "Session" s JOIN "User" u ON u."id" = s."userId" WHERE s.${Prisma.raw(`"${column}"`)} = ${value}`;
}

/** In the order of the SELECT. */
const sessionRow = {
  id: "text",
  keepSignedIn: "boolean",
  createdAt: "time",
  lastSeenAt: "time",
  signedInAt: "time?",
  secondFactorAt: "time?",
  expiresAt: "time",
  endsAt: "time?",
  userId: "text",
  email: "text",
  emailTyped: "text",
  name: "text?",
  timeZone: "text?",
  properties: "text?",
  blockedAt: "time?",
  isAdmin: "boolean",
} as const;

/** A session that has been seen too late ends for good: a clock that is set back does not bring it to life again. */
async function bury(id: string): Promise<void> {
  await database().session.deleteMany({ where: { id, expiresAt: { lte: new Date() } } });
}

/** When a session ends: at the latest, and unless somebody comes back. */
export function sessionEnds(
  keepSignedIn: boolean,
  startedAt: Date,
): { endsAt: Date; expiresAt: Date } {
  const { sessionLong, sessionShort } = environment();
  const endsAt = new Date(startedAt.getTime() + (keepSignedIn ? sessionLong : sessionShort));
  return { endsAt, expiresAt: idleEnd(endsAt) };
}

function idleEnd(endsAt: Date): Date {
  return new Date(Math.min(endsAt.getTime(), Date.now() + environment().sessionIdle));
}

/** When this session ends if it is renewed now; null when it is too soon for that. */
export function renewedEnd({ session }: SignedIn): Date | null {
  if (Date.now() - session.lastSeenAt.getTime() < renewalPause) return null;
  return idleEnd(session.endsAt ?? session.expiresAt);
}

/** Moves the end of a session that is in use. Of any number of requests at once, one writes. */
export async function renewSession(
  { session }: SignedIn,
  expiresAt: Date,
  networkAddress: string,
): Promise<void> {
  await database().session.updateMany({
    // One that has ended meanwhile is not there any more, and does not come back.
    where: { id: session.id, lastSeenAt: session.lastSeenAt },
    data: {
      lastSeenAt: new Date(),
      expiresAt,
      // One that an older version made keeps the end that it had.
      endsAt: session.endsAt ?? session.expiresAt,
      networkAddress,
    },
  });
}

/**
 * Whether the person has proved who they are recently enough for a sensitive act (ASVS 7.5.1): who has a second factor,
 * with that, since whoever has lost it must not take it away by mail (NIST SP 800-63B-4 4.2.2.2).
 */
export async function isRecentlySignedIn(
  { session, user }: SignedIn,
  store: Transaction = database(),
): Promise<boolean> {
  const hasOne = await hasSecondFactor(user.id, store);
  const provedAt = hasOne ? session.secondFactorAt : session.signedInAt;
  if (!provedAt) return false;
  const age = Date.now() - provedAt.getTime();
  // A clock that was set back makes nothing recent.
  return age >= 0 && age <= environment().recent;
}

/** Where somebody is signed in, the latest seen first. */
export async function listSessions(userId: string): Promise<Session[]> {
  return await database().session.findMany({
    where: { userId, expiresAt: { gt: new Date() } },
    orderBy: [{ lastSeenAt: "desc" }, { id: "desc" }],
    take: 200,
  });
}

/** Ends the session with this cookie value. Ending one that is not there is no fault. */
export async function signOut(token: string, client: Client): Promise<void> {
  const session = await database().session.findUnique({
    where: { tokenHash: hashToken(token) },
    select: { id: true, userId: true },
  });
  if (!session) return;
  await inTransaction((transaction) => endSessions(transaction, session, "sign-out", client));
}

/**
 * Ends one session of this person, or all but the one they are in.
 * @param which its id: somebody else's is none of theirs, and is left alone
 * @returns how many have ended
 */
export async function revokeSessions(
  { session, user }: SignedIn,
  which: { id: string } | "others",
  client: Client,
): Promise<number> {
  const where = which === "others" ? { id: { not: session.id } } : { id: which.id };
  return await inTransaction((transaction) =>
    endSessions(transaction, { ...where, userId: user.id }, "revoked", client),
  );
}

export type EndReason =
  | "sign-out"
  | "revoked"
  | "other-account"
  | "address-changed"
  | "address-restored"
  | "administrator"
  | "not-me";

/** Ends sessions, and writes down that somebody did. @returns how many */
export async function endSessions(
  transaction: Transaction,
  where: { userId: string; id?: string | { not: string }; browserHash?: string },
  reason: EndReason,
  client: Client,
  actor = actorOf(where.userId, reason),
): Promise<number> {
  const { count } = await transaction.session.deleteMany({ where });
  if (count > 0)
    await recordEvent(transaction, {
      type: "authn_token_revoked",
      userId: where.userId,
      actor,
      client,
      details: { reason, count },
    });
  return count;
}

/** Whoever presses a button of a mail is not signed in. */
function actorOf(userId: string, reason: EndReason): string | null {
  return reason === "not-me" || reason === "address-restored" ? null : userId;
}
