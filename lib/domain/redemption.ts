import type { Session, User } from "@/lib/platform/database/client/client";
import { database } from "@/lib/platform/database/database";
import { hashToken } from "@/lib/platform/secrets";
import { cancelMailsTo } from "./outbox";
import { sessionEnd } from "./sessions";
import { stillUsable } from "./sign-in-proof";
import type { Visitor } from "./sign-in-request";

/** Somebody was faster, or the account is blocked: no session. */
export class SignInRefused extends Error {
  override name = "SignInRefused";
  constructor(readonly reason: "used" | "blocked") {
    super(`Sign-in refused: ${reason}`);
  }
}

/**
 * Spends what a mail signs in with and makes the session, or does neither. The one place where sessions are made.
 * Of any number of calls at once one wins (ASVS 6.5.1, 15.4.2): the conditional write decides.
 * The first success ends every other mail to that address.
 * @param sessionToken the value of the new session's cookie
 * @param endedSessionToken the value that this browser had before; that session ends (ASVS 7.2.4)
 * @throws {SignInRefused}
 */
export async function redeem(
  requestId: string,
  sessionToken: string,
  visitor: Pick<Visitor, "userAgent" | "networkAddress">,
  endedSessionToken: string | undefined,
): Promise<{ session: Session; user: User }> {
  return await database().$transaction(async (transaction) => {
    const now = new Date();
    const { count } = await transaction.signInRequest.updateMany({
      where: { id: requestId, ...stillUsable() },
      data: { usedAt: now },
    });
    if (count !== 1) throw new SignInRefused("used");
    const request = await transaction.signInRequest.findUniqueOrThrow({ where: { id: requestId } });
    const user = await transaction.user.upsert({
      where: { email: request.email },
      create: { email: request.email, emailTyped: request.emailTyped, emailVerified: now },
      update: {},
    });
    if (user.blockedAt) throw new SignInRefused("blocked");
    await transaction.signInRequest.updateMany({
      where: { email: request.email, ...stillUsable() },
      data: { replacedAt: now },
    });
    await cancelMailsTo(transaction, request.email);
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
