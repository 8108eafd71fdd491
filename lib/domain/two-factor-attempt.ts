import type { TwoFactorAttempt, User } from "@/lib/platform/database/client/client";
import { database, type Transaction } from "@/lib/platform/database/database";
import { minutes } from "@/lib/platform/duration";
import { hashToken, randomToken } from "@/lib/platform/secrets";
import { newTotpSecret } from "./totp";

/** As long as a link and a code live. */
const attemptLifetime = minutes(10);

export type Attempt = TwoFactorAttempt & { user: User };
export type StartedAttempt = { token: string; expiresAt: Date };

/**
 * Keeps what the first factor has proved until the second is passed. It is no session and opens nothing else: its cookie
 * is another, and no look-up of sessions finds it.
 * @param mustEnrol whether a second factor has to be set up first
 */
export async function startAttempt(
  transaction: Transaction,
  proved: Pick<
    TwoFactorAttempt,
    "userId" | "way" | "isNewAccount" | "keepSignedIn" | "next" | "stepUpSessionId"
  >,
  mustEnrol: boolean,
): Promise<StartedAttempt> {
  const token = randomToken();
  const expiresAt = new Date(Date.now() + attemptLifetime);
  await transaction.twoFactorAttempt.create({
    data: {
      ...proved,
      tokenHash: hashToken(token),
      sealedTotp: mustEnrol ? newTotpSecret() : null,
      expiresAt,
    },
  });
  return { token, expiresAt };
}

/** The sign-in that waits for its second factor with this cookie value; null when there is none, or it is too old. */
export async function findAttempt(token: string): Promise<Attempt | null> {
  const attempt = await database().twoFactorAttempt.findUnique({
    where: { tokenHash: hashToken(token) },
    include: { user: true },
  });
  if (!attempt || attempt.user.blockedAt) return null;
  if (attempt.expiresAt > new Date()) return attempt;
  // A clock that is set back does not bring it to life again.
  await endAttempt(attempt.id);
  return null;
}

/** Goes on with it, once. @returns false when somebody was faster, or it has ended */
export async function consumeAttempt(transaction: Transaction, id: string): Promise<boolean> {
  const { count } = await transaction.twoFactorAttempt.deleteMany({
    where: { id, expiresAt: { gt: new Date() } },
  });
  return count === 1;
}

/** Ends one. Ending one that is not there is no fault. */
export async function endAttempt(id: string): Promise<void> {
  await database().twoFactorAttempt.deleteMany({ where: { id } });
}

/** Ends all of an account: each has to begin anew. */
export async function endAttemptsOf(transaction: Transaction, userId: string): Promise<void> {
  await transaction.twoFactorAttempt.deleteMany({ where: { userId } });
}
