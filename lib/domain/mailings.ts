import type { Mailing } from "@/lib/platform/database/client/client";
import { database, type Transaction } from "@/lib/platform/database/database";
import { inTransaction } from "@/lib/platform/database/transaction";
import { AdministrationRefused, type Operator } from "./administration";
import { type Audience, countRecipients } from "./audience";
import { recordEvent } from "./audit";
import { checkMessage, type Message, type NewMessage } from "./message";
import { cancelMailsOf } from "./outbox";
import { isSearchedWhole } from "./user-search";

/** How many mails a minute a mailing queues unless told otherwise, and at most. */
export const usualPace = 60;
export const highestPace = 6000;

/**
 * Begins to write to all whom a search and a filter find, a few at a time.
 * @param perMinute how many mails it may queue in any minute: a mail server takes no more, or minds
 * @returns the id of the mailing
 * @throws {InvalidMessage} before anything is stored
 * @throws {AdministrationRefused} `pace`, `search`, or `nobody` when nobody is found
 */
export async function beginMailing(
  operator: Operator,
  message: NewMessage,
  audience: Audience,
  perMinute = usualPace,
): Promise<string> {
  const checked = checkMessage(message);
  const total = await requireAudience(audience, perMinute);
  return await inTransaction((transaction) =>
    storeMailing(transaction, operator, checked, audience, perMinute, total),
  );
}

/**
 * How many a mailing is for, which may be too many to count.
 * @throws {AdministrationRefused} `pace`, `search` when not all of it would count, or `nobody`
 */
export async function requireAudience(
  audience: Audience,
  perMinute: number,
): Promise<number | null> {
  if (!isPace(perMinute)) throw new AdministrationRefused("pace");
  if (!isSearchedWhole(audience.search)) throw new AdministrationRefused("search");
  const total = await countRecipients(audience);
  if (total === 0) throw new AdministrationRefused("nobody");
  return total;
}

export function isPace(perMinute: number): boolean {
  return Number.isInteger(perMinute) && perMinute >= 1 && perMinute <= highestPace;
}

/** In the transaction of what else belongs to it. */
export async function storeMailing(
  transaction: Transaction,
  { id: actor, client }: Operator,
  { subject, text, button }: Message,
  { search, filter }: Audience,
  perMinute: number,
  total: number | null,
): Promise<string> {
  const { id } = await transaction.mailing.create({
    data: {
      actor,
      subject,
      text,
      buttonLabel: button?.label ?? null,
      buttonUrl: button?.url ?? null,
      search,
      filter,
      perMinute,
      total,
      createdAt: new Date(),
      nextBatchAt: new Date(),
    },
  });
  const details = { act: "mailing-begun", mailing: id, subject };
  await recordEvent(transaction, { type: "user_updated", userId: null, actor, client, details });
  return id;
}

/**
 * Ends a mailing before all have got it, and takes back what has not gone out.
 * @throws {AdministrationRefused} `already` when it has ended, or there is none
 */
export async function stopMailing(operator: Operator, id: string): Promise<void> {
  if (!(await endMailing(operator, id))) throw new AdministrationRefused("already");
}

/** @returns false when it has ended, or there is none */
export async function endMailing({ id: actor, client }: Operator, id: string): Promise<boolean> {
  return await inTransaction(async (transaction) => {
    const { count } = await transaction.mailing.updateMany({
      where: {
        id,
        isStopped: false,
        OR: [{ endedAt: null }, { mails: { some: { state: "queued" } } }],
      },
      data: { endedAt: new Date(), isStopped: true },
    });
    if (count !== 1) return false;
    await cancelMailsOf(transaction, id);
    const details = { act: "mailing-stopped", mailing: id };
    await recordEvent(transaction, { type: "user_updated", userId: null, actor, client, details });
    return true;
  });
}

export type MailingProgress = Mailing & {
  /** Of the mails that have been queued, so many are still to be sent, … */
  waiting: number;
  /** … so many have been taken by a mail server, or caught by the local mailbox, … */
  accepted: number;
  refused: number;
  /** … and so many could not be sent in time, or were taken back. */
  expired: number;
  isDone: boolean;
};

/** How far a mailing is; null when there is none. */
export async function findMailing(id: string): Promise<MailingProgress | null> {
  const mailing = await database().mailing.findUnique({ where: { id } });
  if (!mailing) return null;
  const counts = await database().mail.groupBy({
    by: ["state"],
    // The rest has been accepted, and may be so many that counting them takes long.
    where: { mailingId: id, state: { in: ["queued", "refused", "expired"] } },
    _count: true,
  });
  const count = (wanted: string) => counts.find(({ state }) => state === wanted)?._count ?? 0;
  const [waiting, refused, expired] = [count("queued"), count("refused"), count("expired")];
  return {
    ...mailing,
    waiting,
    accepted: Math.max(0, mailing.queued - waiting - refused - expired),
    refused,
    expired,
    isDone: mailing.endedAt !== null && waiting === 0,
  };
}

/**
 * Mailings, the newest first.
 * @param before the id of the last of the page before
 */
export async function listMailings(before: string | undefined, limit: number): Promise<Mailing[]> {
  return await database().mailing.findMany({
    ...(before && { where: { id: { lt: before } } }),
    orderBy: { id: "desc" },
    take: limit,
  });
}
