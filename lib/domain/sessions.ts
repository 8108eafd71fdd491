import type { Session, User } from "@/lib/platform/database/client/client";
import { database } from "@/lib/platform/database/database";
import { environment } from "@/lib/platform/environment";
import { hashToken } from "@/lib/platform/secrets";

export type SignedIn = { session: Session; user: User };

/**
 * Who is signed in with this cookie value. Asks the database each time: a revoked session
 * is refused by the very next request (ASVS 7.4.1).
 * @returns null for an unknown, ended or blocked one
 * @throws when the database does not answer: that is not the same as "nobody"
 */
export async function findSession(token: string): Promise<SignedIn | null> {
  const found = await database().session.findUnique({
    where: { tokenHash: hashToken(token) },
    include: { user: true },
  });
  if (!found || found.expiresAt <= new Date() || found.user.blockedAt) return null;
  const { user, ...session } = found;
  return { session, user };
}

/** Ends the session with this cookie value. Ending one that is not there is no fault. */
export async function revokeSession(token: string): Promise<void> {
  await database().session.deleteMany({ where: { tokenHash: hashToken(token) } });
}

/** When a session that begins now ends at the latest. */
export function sessionEnd(keepSignedIn: boolean): Date {
  const { sessionLong, sessionShort } = environment();
  return new Date(Date.now() + (keepSignedIn ? sessionLong : sessionShort));
}
