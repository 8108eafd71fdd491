import type { Transaction } from "@/lib/platform/database/database";
import { database } from "@/lib/platform/database/database";
import { hours, minutes } from "@/lib/platform/duration";
import { environment } from "@/lib/platform/environment";
import { countAgainst, countBack, type Limit } from "@/lib/platform/limits";
import { networkOf } from "./network";

/** Ten wrong codes an hour, counted per address across codes and browsers, then a quarter of an hour's pause. */
const wrongCodes: Limit = { name: "code", times: 10, within: hours(1), pause: minutes(15) };

/**
 * Counts a mail against what its address may be sent and what its network may ask for, so that nobody's mailbox is
 * flooded. Count in the transaction that stores the mail: what is refused has then not been counted.
 * @throws {LimitReached}
 */
export async function countMail(
  transaction: Transaction,
  email: string,
  networkAddress: string,
): Promise<void> {
  const { mailsPerMinute, mailsPerHour, mailsPerHourPerNetwork } = environment();
  const perMinute = { name: "mail-minute", times: mailsPerMinute, within: minutes(1) };
  const perHour = { name: "mail-hour", times: mailsPerHour, within: hours(1) };
  const perNetwork = { name: "mail-network", times: mailsPerHourPerNetwork, within: hours(1) };
  await countAgainst(transaction, perMinute, email);
  await countAgainst(transaction, perHour, email);
  await countAgainst(transaction, perNetwork, networkOf(networkAddress));
}

/**
 * Counts a typed code as wrong before it is compared, so that guesses sent all at once get no more tries.
 * A new mail does not reset the count (NIST SP 800-63B-4 3.1.3.2).
 * @throws {LimitReached}
 */
export async function countCode(email: string): Promise<void> {
  await countAgainst(database(), wrongCodes, email);
}

/** The code was right after all. */
export async function forgiveCode(email: string): Promise<void> {
  await countBack(database(), wrongCodes, email);
}
