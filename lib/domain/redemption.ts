import type { Session, SignInRequest, User } from "@/lib/platform/database/client/client";
import { database, type Transaction } from "@/lib/platform/database/database";
import { hashToken } from "@/lib/platform/secrets";
import { rememberBrowser } from "./known-browsers";
import { cancelMailsTo } from "./outbox";
import { sessionEnd } from "./sessions";
import type { Visitor } from "./sign-in-request";
import { stillUsable } from "./sign-in-state";
import { maySignUp } from "./sign-up";

/** Somebody was faster, the account is blocked, or there is none and may be none: no session. */
export class SignInRefused extends Error {
  override name = "SignInRefused";
  constructor(readonly reason: "used" | "blocked" | "no-account") {
    super(`Sign-in refused: ${reason}`);
  }
}

/**
 * Spends what a mail signs in with and makes the session, or does neither. The one place where sessions are made.
 * The first success ends every other mail to that address.
 * @param sessionToken the value of the new session's cookie
 * @param endedSessionToken the value that this browser had before; that session ends (ASVS 7.2.4)
 * @throws {SignInRefused}
 */
export async function redeem(
  requestId: string,
  sessionToken: string,
  visitor: Omit<Visitor, "screenToken">,
  endedSessionToken: string | undefined,
): Promise<{ session: Session; user: User }> {
  return await database().$transaction(async (transaction) => {
    const request = await consumeRequest(transaction, requestId, visitor.userAgent);
    const user = await requireAccount(transaction, request);
    await endOtherRequests(transaction, request);
    await rememberBrowser(transaction, user.id, hashToken(visitor.browserToken));
    if (endedSessionToken)
      await transaction.session.deleteMany({ where: { tokenHash: hashToken(endedSessionToken) } });
    const session = await transaction.session.create({
      data: {
        tokenHash: hashToken(sessionToken),
        userId: user.id,
        keepSignedIn: request.keepSignedIn,
        userAgent: visitor.userAgent,
        networkAddress: visitor.networkAddress,
        expiresAt: sessionEnd(request.keepSignedIn),
      },
    });
    return { session, user };
  });
}

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
async function requireAccount(transaction: Transaction, request: SignInRequest): Promise<User> {
  const { email, emailTyped } = request;
  const user = maySignUp(email)
    ? await transaction.user.upsert({
        where: { email },
        create: { email, emailTyped, emailVerified: new Date() },
        update: {},
      })
    : await transaction.user.findUnique({ where: { email } });
  if (!user) throw new SignInRefused("no-account");
  if (user.blockedAt) throw new SignInRefused("blocked");
  return user;
}

async function endOtherRequests(
  transaction: Transaction,
  { id, email }: SignInRequest,
): Promise<void> {
  await transaction.signInRequest.updateMany({
    where: { email, ...stillUsable() },
    data: { replacedAt: new Date(), replacedById: id },
  });
  await cancelMailsTo(transaction, email);
}
