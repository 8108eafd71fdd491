import { database, type Transaction } from "@/lib/platform/database/database";
import { days, hours, minutes } from "@/lib/platform/duration";
import { environment } from "@/lib/platform/environment";

/**
 * After so many wrong ones in a row, again and again. Who reads the owner's mail and guesses all day long has a chance of one
 * in 4600 a day, with a mail to the owner each hour; and nobody can keep the owner out for good (ASVS 6.1.1): passkeys and
 * recovery codes, which cannot be guessed, work in a pause, too.
 */
const pauses = [minutes(1), minutes(5), minutes(15), hours(1)];
/** After so long a rest, the pauses begin anew. */
const forgottenAfter = days(1);

/** One of the tries of an account, counted as wrong until `forgetTries` or `giveBackTry`. */
export type Try = {
  left: number;
  /** What a wrong one brings, when this was the last before a pause. */
  pausedUntil: Date | null;
};

/**
 * Counts a typed second factor as wrong before it is compared, so that guesses sent all at once get no more tries than
 * those sent one by one. The count is the account's, across sign-ins, browsers and processes.
 * @returns null while nothing can be tried: `peekPause` says until when
 */
export async function countTry(userId: string): Promise<Try | null> {
  const { twoFactorAttempts } = environment();
  for (;;) {
    const before = await readTries(userId);
    const now = new Date();
    const { factorTries, factorPausedUntil } = before;
    if (isAhead(factorPausedUntil)) return null;
    const isForgotten =
      factorPausedUntil !== null && factorPausedUntil.getTime() + forgottenAfter < now.getTime();
    const tries = (isForgotten ? 0 : factorTries) + 1;
    const left = (twoFactorAttempts - (tries % twoFactorAttempts)) % twoFactorAttempts;
    const round = Math.min(Math.floor(tries / twoFactorAttempts), pauses.length);
    const pausedUntil = left === 0 ? new Date(now.getTime() + (pauses[round - 1] ?? 0)) : null;
    const { count } = await database().user.updateMany({
      where: { id: userId, ...before },
      data: {
        factorTries: tries,
        factorPausedUntil: pausedUntil ?? (isForgotten ? null : factorPausedUntil),
      },
    });
    // Of those who read the same count, one writes; the others look again.
    if (count === 1) return { left, pausedUntil };
  }
}

/** Until when nothing can be typed; null when something can. Never writes. */
export async function peekPause(userId: string): Promise<Date | null> {
  const { factorPausedUntil } = await readTries(userId);
  return isAhead(factorPausedUntil) ? factorPausedUntil : null;
}

/** One that ends later than any pause can is left over from a clock that was wrong. */
function isAhead(pausedUntil: Date | null): boolean {
  const left = (pausedUntil?.getTime() ?? 0) - Date.now();
  return left > 0 && left <= Math.max(...pauses);
}

async function readTries(userId: string) {
  return await database().user.findUniqueOrThrow({
    where: { id: userId },
    select: { factorTries: true, factorPausedUntil: true },
  });
}

/** It was right after all, but somebody was faster with it: that is no guess. */
export async function giveBackTry(userId: string, { pausedUntil }: Try): Promise<void> {
  await database().user.updateMany({
    where: { id: userId, factorTries: { gt: 0 } },
    data: { factorTries: { decrement: 1 } },
  });
  if (pausedUntil)
    await database().user.updateMany({
      where: { id: userId, factorPausedUntil: pausedUntil },
      data: { factorPausedUntil: null },
    });
}

/** It was right: the count begins anew. */
export async function forgetTries(transaction: Transaction, userId: string): Promise<void> {
  await transaction.user.update({
    where: { id: userId },
    data: { factorTries: 0, factorPausedUntil: null },
  });
}
