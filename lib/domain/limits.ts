import { database, type Transaction } from "@/lib/platform/database/database";
import { inTransaction } from "@/lib/platform/database/transaction";
import { hours, minutes } from "@/lib/platform/duration";
import { environment } from "@/lib/platform/environment";
import {
  countAgainst,
  countBack,
  countRegardless,
  type Limit,
  LimitReached,
  peekLimits,
} from "@/lib/platform/limits";
import { isKnownBrowser } from "./known-browsers";
import { mailStop, peekMailStopEnd } from "./mail-stop";
import { networkOf } from "./network";

/** Ten wrong codes an hour, counted per address across codes and browsers, then a quarter of an hour's pause. */
const wrongGuesses = { times: 10, within: hours(1), pause: minutes(15) };

/**
 * What is guessed, each counted by itself: the code, typed where it was asked for; code or number beside a link, which
 * strangers, who have none, cannot use up; and the code that confirms a new address, by whichever account it is wanted.
 */
export type Guess = "code" | "code-with-link" | "address-code";

/** A mail that somebody asks for. */
type AskedMail = { email: string; browserHash: string; networkAddress: string };
type CountedKey = [limit: Limit, key: string];

/**
 * Counts a mail against what its address may be sent and what its network may ask for, so that nobody's mailbox is
 * flooded. A browser that has signed in to the account before is counted by itself: strangers who use up what the
 * address may be sent, or a stop of mails for unknown browsers, do not keep it out (ASVS 6.1.1).
 * Count in the transaction that stores the mail: what is refused has then not been counted.
 * @throws {LimitReached} the first one, since whoever comes too often should keep nobody waiting; `peekMailLimit` knows
 *   the one that lasts longest
 */
export async function countMail(transaction: Transaction, mail: AskedMail): Promise<void> {
  for (const [limit, key] of [...limitsOfNetwork(mail), ...limitsOfBrowser(mail)])
    await countAgainst(transaction, limit, key);
  const isKnown = await isKnownBrowser(transaction, mail.browserHash, mail.email);
  const count = isKnown ? countRegardless : countAgainst;
  for (const [limit, key] of limitsOfAddress(mail)) await count(transaction, limit, key);
  const stoppedUntil = isKnown ? null : await peekMailStopEnd(transaction, mail.email);
  if (stoppedUntil) throw new LimitReached(mailStop, stoppedUntil);
}

/**
 * Counts a mail and stores it with what belongs to it, or does neither. Whoever comes too often is refused by looking,
 * and keeps no writer waiting; of those who look at once, counting decides.
 * @throws {LimitReached} the one that lasts longest, so that whoever waits until then is not refused again
 */
export async function storeWithinLimits(
  mail: AskedMail,
  store: (transaction: Transaction) => Promise<void>,
): Promise<void> {
  const reached = await peekMailLimit(mail);
  if (reached) throw reached;
  try {
    await inTransaction(async (transaction) => {
      await countMail(transaction, mail);
      await store(transaction);
    });
  } catch (error) {
    if (!(error instanceof LimitReached)) throw error;
    throw (await peekMailLimit(mail)) ?? error;
  }
}

/** The limit that such a mail would reach, the one that lasts longest, or null when it can be sent now. Never writes. */
export async function peekMailLimit(mail: AskedMail): Promise<LimitReached | null> {
  const store = database();
  const reached = await peekLimits(store, [...limitsOfNetwork(mail), ...limitsOfBrowser(mail)]);
  if (!(await isKnownBrowser(store, mail.browserHash, mail.email))) {
    reached.push(...(await peekLimits(store, limitsOfAddress(mail))));
    const stoppedUntil = await peekMailStopEnd(store, mail.email);
    if (stoppedUntil) reached.push(new LimitReached(mailStop, stoppedUntil));
  }
  return reached.toSorted((a, b) => b.retryAt.getTime() - a.retryAt.getTime())[0] ?? null;
}

function limitsOfAddress({ email }: AskedMail): CountedKey[] {
  return mailLimits().map((limit) => [limit, email]);
}

/** What one browser has asked for, for one address. */
function limitsOfBrowser({ email, browserHash }: AskedMail): CountedKey[] {
  return mailLimits().map((limit) => [limit, `${email} ${browserHash}`]);
}

function limitsOfNetwork({ networkAddress }: AskedMail): CountedKey[] {
  const times = environment().mailsPerHourPerNetwork;
  return [[{ name: "mail-network", times, within: hours(1) }, networkOf(networkAddress)]];
}

function mailLimits(): Limit[] {
  const { mailsPerMinute, mailsPerHour } = environment();
  return [
    { name: "mail-minute", times: mailsPerMinute, within: minutes(1) },
    { name: "mail-hour", times: mailsPerHour, within: hours(1) },
  ];
}

/**
 * Counts a typed code or number as wrong before it is compared, so that guesses sent all at once get no more tries.
 * A new mail does not reset the count (NIST SP 800-63B-4 3.1.3.2).
 * @returns until when nothing more can be tried, or null when this can be
 */
export async function countGuess(guess: Guess, email: string): Promise<Date | null> {
  try {
    await countAgainst(database(), { name: guess, ...wrongGuesses }, email);
    return null;
  } catch (error) {
    if (error instanceof LimitReached) return error.retryAt;
    throw error;
  }
}

/** It was right after all. */
export async function forgiveGuess(guess: Guess, email: string): Promise<void> {
  await countBack(database(), { name: guess, ...wrongGuesses }, email);
}
