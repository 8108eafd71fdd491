import type { Mailing } from "@/lib/platform/database/client/client";
import { database, type Transaction } from "@/lib/platform/database/database";
import { inTransaction } from "@/lib/platform/database/transaction";
import { minutes, seconds } from "@/lib/platform/duration";
import { log } from "@/lib/platform/log";
import { processWide } from "@/lib/platform/process-wide";
import { atShutdown } from "@/lib/platform/shutdown";
import type { Operator } from "./administration";
import type { Audience } from "./audience";
import { messageLifetime } from "./email-user";
import { wakeMailWorker } from "./mail-worker";
import { endMailing } from "./mailings";
import { queueMails } from "./outbox";
import { mayAdminister } from "./scopes";
import { listUsers, userFilters } from "./user-search";

const worker = processWide<{ isStarted: boolean }>("mailings", () => ({ isStarted: false }));

/** Queues what mailings have to send, from now on until the process ends. Starting it twice starts it once. */
export function startMailingWorker(): void {
  if (worker.isStarted) return;
  worker.isStarted = true;
  let isStopped = false;
  let underWay: Promise<void> = Promise.resolve();
  const run = async () => {
    let wait = longestWait;
    try {
      wait = await queueDueBatches();
    } catch (error) {
      log().error({ err: error }, "the mailings could not be read");
    }
    if (!isStopped) setTimeout(next, wait).unref();
  };
  const next = () => {
    underWay = run();
  };
  next();
  atShutdown(async () => {
    isStopped = true;
    await underWay;
  });
}

/** In milliseconds: a mailing that another process has begun is seen that soon. */
const longestWait = seconds(1);
/** So many mailings go on at once; the others wait until one of them has ended. */
const concurrency = 10;

/**
 * Queues the next batch of each mailing that is due. Safe in several processes at once.
 * @param tell who sends them
 * @returns after how many milliseconds to look again
 */
export async function queueDueBatches(tell = wakeMailWorker): Promise<number> {
  const mailings = await database().mailing.findMany({
    where: { endedAt: null },
    orderBy: { nextBatchAt: "asc" },
    take: concurrency,
  });
  let wait = longestWait;
  for (const mailing of mailings) {
    const until = await untilNextBatch(mailing, tell).catch(noteFault(mailing));
    wait = Math.min(wait, until);
  }
  return wait;
}

/** Whether any mailing has not come to its end. */
export async function isMailingOpen(): Promise<boolean> {
  return (await database().mailing.findFirst({ where: { endedAt: null } })) !== null;
}

/** The others go on, and it is tried again. */
function noteFault({ id }: Mailing) {
  return (error: unknown) => {
    log().error({ err: error, mailingId: id }, "a mailing could not go on");
    return longestWait;
  };
}

async function untilNextBatch(mailing: Mailing, tell: () => void): Promise<number> {
  const until = mailing.nextBatchAt.getTime() - Date.now();
  // Longer than any pause: the clock has been set back.
  if (until > 0 && until <= minutes(1)) return until;
  if (!(await canGoOn(mailing))) {
    await endMailing(system, mailing.id);
    return longestWait;
  }
  if (await hasBacklog(mailing)) return longestWait;
  const { pause } = rhythmOf(mailing.perMinute);
  await queueBatch(mailing);
  tell();
  return pause;
}

/** Who stops a mailing whose author may not write to users any more. */
const system: Operator = { id: "system", client: { userAgent: "", networkAddress: "" } };

/** Who was blocked, deleted, or has lost the scope, writes to nobody any more, also not by what they began before. */
async function canGoOn({ actor }: Mailing): Promise<boolean> {
  return actor === "operator" || actor === "system" || (await mayAdminister(actor, "admin"));
}

/** When the mail server is slow or away, what it has to take does not pile up. */
async function hasBacklog({ id: mailingId, perMinute }: Mailing): Promise<boolean> {
  return (await database().mail.count({ where: { mailingId, state: "queued" } })) >= perMinute;
}

/**
 * Queues the next mails of a mailing. One conditional write on where it stands decides who does, and is there or not
 * together with its mails: nobody is left out, and nobody gets two, wherever a process is killed.
 */
async function queueBatch(mailing: Mailing): Promise<void> {
  const { id, cursor, nextBatchAt } = mailing;
  const now = Date.now();
  const { size, pause } = rhythmOf(mailing.perMinute);
  const { search, filter } = audienceOf(mailing);
  const page = await listUsers(search, filter, cursor ?? undefined, size);
  await inTransaction(async (transaction) => {
    const { count } = await transaction.mailing.updateMany({
      where: { id, cursor, nextBatchAt, endedAt: null },
      data: {
        cursor: page.next,
        nextBatchAt: new Date(now + pause),
        ...(page.next === null && { endedAt: new Date(now) }),
      },
    });
    if (count !== 1) return;
    const users = page.users.map((user) => user.id);
    const queued = await queueFor(transaction, mailing, users);
    await transaction.mailing.update({ where: { id }, data: { queued: { increment: queued } } });
  });
}

/**
 * Not for who signed up after it began, nor for the blocked, unless they are what was asked for. Whoever has a new name or
 * address may be found a second time.
 */
async function queueFor(
  transaction: Transaction,
  { id: mailingId, createdAt, filter }: Mailing,
  userIds: string[],
): Promise<number> {
  const have = await transaction.mail.findMany({
    where: { mailingId, userId: { in: userIds } },
    select: { userId: true },
  });
  const users = await transaction.user.findMany({
    where: {
      id: { in: userIds, notIn: have.map(({ userId }) => userId ?? "") },
      createdAt: { lte: createdAt },
      ...(filter !== "blocked" && { blockedAt: null }),
    },
    select: { id: true, email: true },
  });
  const mails = users.map(({ id: userId, email: recipient }) => ({
    mailingId,
    userId,
    recipient,
    expiresAt: new Date(Date.now() + messageLifetime),
    content: { template: "message" as const, message: null },
  }));
  await queueMails(transaction, mails);
  return mails.length;
}

/** Whatever is not known, since a newer version began it, is nobody. */
function audienceOf({ search, filter }: Mailing): Audience {
  const known = userFilters.find((each) => each === filter);
  if (!known) throw new Error(`A mailing has the unknown filter ${filter}`);
  return { search, filter: known };
}

/** About a batch a second, so that no minute, whenever it begins, has more than so many mails. */
function rhythmOf(perMinute: number): { size: number; pause: number } {
  const size = Math.ceil(perMinute / 60);
  const batches = Math.floor(perMinute / size);
  return { size, pause: Math.ceil(minutes(1) / batches) };
}
