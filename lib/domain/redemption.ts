import type { Session, SignInRequest, User } from "@/lib/platform/database/client/client";
import { database, type Transaction } from "@/lib/platform/database/database";
import { hashToken } from "@/lib/platform/secrets";
import { isReservedAddress } from "./address-change";
import { recordEvent } from "./audit";
import type { Client } from "./client";
import { isKnownBrowser, rememberBrowser } from "./known-browsers";
import { queueSecurityMail } from "./security-mail";
import { endSessions, sessionEnds } from "./sessions";
import type { Visitor } from "./sign-in-request";
import { endRequestsOf, stillUsable } from "./sign-in-state";
import { maySignUp } from "./sign-up";

/** Somebody was faster, the account is blocked, or there is none and may be none: no session. */
export class SignInRefused extends Error {
  override name = "SignInRefused";
  constructor(readonly reason: "used" | "blocked" | "no-account" | "other-browser") {
    super(`Sign-in refused: ${reason}`);
  }
}

/**
 * Spends what a mail signs in with and makes the session, or does neither. The one place where sessions are made.
 * The first success ends every other mail to that address.
 * @param sessionToken the value of the new session's cookie
 * @param formerSessionToken the value that this browser had before, which ends (ASVS 7.2.4)
 * @param way what proved it, for the record
 * @throws {SignInRefused}
 */
export async function redeem(
  requestId: string,
  sessionToken: string,
  visitor: Visitor,
  formerSessionToken: string | undefined,
  way: SignInWay,
): Promise<{ session: Session; user: User }> {
  const { userAgent, networkAddress } = visitor;
  const client = { userAgent, networkAddress };
  return await database().$transaction(async (transaction) => {
    const request = await consumeRequest(transaction, requestId, userAgent);
    const { user, isNew } = await requireAccount(transaction, request, visitor);
    await endRequestsOf(transaction, request.email, request.id);
    const browserHash = hashToken(visitor.browserToken);
    const isNewDevice = !isNew && !(await isKnownBrowser(transaction, browserHash, user.email));
    await rememberBrowser(transaction, user.id, browserHash);
    // A browser that has not been here before does not decide in which zone its owner is told of it.
    if (visitor.timeZone && (!isNewDevice || !user.timeZone))
      await transaction.user.update({
        where: { id: user.id },
        data: { timeZone: visitor.timeZone },
      });
    const former = await findFormer(transaction, formerSessionToken, user, client);
    // Who is asked once more who they are, is asked where they are signed in.
    if (request.stepUpSessionId && request.stepUpSessionId !== former?.id)
      throw new SignInRefused("other-browser");
    const session = await startSession(transaction, {
      former,
      userId: user.id,
      keepSignedIn: request.keepSignedIn,
      tokenHash: hashToken(sessionToken),
      browserHash,
      client,
    });
    const details = { way, stepUp: request.stepUpSessionId !== null, newDevice: isNewDevice };
    await recordEvent(transaction, {
      type: "authn_login_success",
      userId: user.id,
      actor: user.id,
      client,
      details,
    });
    if (isNewDevice)
      await queueSecurityMail(transaction, {
        user: { id: user.id, timeZone: user.timeZone ?? visitor.timeZone },
        notice: "new-device",
        recipient: user.email,
        browserHash,
        client,
      });
    return { session, user };
  });
}

/** What proved that somebody reads the mail. */
export type SignInWay = "link" | "code" | "link-and-code" | "number";

/** The session that this browser had before, if it is the same person's; anybody else's ends. */
async function findFormer(
  transaction: Transaction,
  token: string | undefined,
  user: User,
  client: Client,
): Promise<Session | null> {
  if (!token) return null;
  const former = await transaction.session.findUnique({ where: { tokenHash: hashToken(token) } });
  if (!former || former.userId === user.id) return former;
  const { id, userId } = former;
  await endSessions(transaction, { id, userId }, "other-account", client);
  return null;
}

/** The same person in the same browser goes on with the same session, under a new value; the old one dies. */
async function startSession(
  transaction: Transaction,
  { former, client, ...rest }: NewSession,
): Promise<Session> {
  const now = new Date();
  const ends = sessionEnds(rest.keepSignedIn, now);
  const data = { ...rest, ...client, ...ends, signedInAt: now, lastSeenAt: now };
  if (!former) return await transaction.session.create({ data: { ...data, createdAt: now } });
  return await transaction.session.update({ where: { id: former.id }, data });
}

type NewSession = {
  former: Session | null;
  userId: string;
  keepSignedIn: boolean;
  tokenHash: string;
  browserHash: string;
  client: Client;
};

/** Of any number of calls at once one wins (ASVS 6.5.1, 15.4.2): the conditional write decides. */
async function consumeRequest(
  transaction: Transaction,
  id: string,
  usedUserAgent: string,
): Promise<SignInRequest> {
  const { count } = await transaction.signInRequest.updateMany({
    where: { id, ...stillUsable() },
    data: { usedAt: new Date(), usedUserAgent },
  });
  if (count !== 1) throw new SignInRefused("used");
  return await transaction.signInRequest.findUniqueOrThrow({ where: { id } });
}

/** The account of the address, made now if there is none: nobody has one who has not read its mail. */
async function requireAccount(
  transaction: Transaction,
  { email, emailTyped }: SignInRequest,
  { timeZone, userAgent, networkAddress }: Visitor,
): Promise<{ user: User; isNew: boolean }> {
  const existing = await transaction.user.findUnique({ where: { email } });
  if (existing?.blockedAt) throw new SignInRefused("blocked");
  if (existing) return { user: existing, isNew: false };
  if (!maySignUp(email) || (await isReservedAddress(transaction, email)))
    throw new SignInRefused("no-account");
  const user = await transaction.user.create({
    data: { email, emailTyped, emailVerified: new Date(), timeZone },
  });
  await recordEvent(transaction, {
    type: "user_created",
    userId: user.id,
    actor: user.id,
    client: { userAgent, networkAddress },
  });
  return { user, isNew: true };
}
