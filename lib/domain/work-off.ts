import { setTimeout as pause } from "node:timers/promises";
import { log } from "@/lib/platform/log";
import { sendDueMails } from "./mail-worker";
import { isMailingOpen, queueDueBatches } from "./mailing-worker";
import { findNextAttempt } from "./outbox";
import { sweep } from "./sweep";

/** At least so long between two looks, in milliseconds. */
const breath = 200;

/**
 * What the workers do beside the requests, where no process lasts: for a while, and only as long as there is something to do.
 * Safe in several processes at once, since the workers' own claims decide who does what.
 * @param duration after which nothing more is begun, in milliseconds
 */
export async function workOffMails(duration: number): Promise<void> {
  const end = performance.now() + duration;
  const isOver = () => performance.now() >= end;
  try {
    for (let wait: number | null = 0; wait !== null && !isOver(); ) {
      await pause(Math.min(wait, end - performance.now()));
      const untilBatch = await queueDueBatches(() => {});
      await sendDueMails(isOver);
      wait = await untilNextWork(untilBatch);
      if (wait !== null && performance.now() + wait > end) return;
    }
  } catch (error) {
    log().error({ err: error }, "mails wait for the next request, or for cron");
  }
}

/** @returns in milliseconds, or null when nothing waits */
async function untilNextWork(untilBatch: number): Promise<number | null> {
  const nextAttempt = await findNextAttempt();
  const waits = [
    nextAttempt && Math.max(nextAttempt.getTime() - Date.now(), 0),
    (await isMailingOpen()) ? untilBatch : null,
  ].filter((wait) => wait !== null);
  return waits.length > 0 ? Math.max(Math.min(...waits), breath) : null;
}

/** The same, and clearing up after it. */
export async function workOffEverything(duration: number): Promise<void> {
  const end = performance.now() + duration;
  await workOffMails(duration / 2);
  const swept = await sweep(() => performance.now() >= end);
  if (Object.keys(swept).length > 0) log().info({ swept }, "sweep");
}
