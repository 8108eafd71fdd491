import { setTimeout as pause } from "node:timers/promises";
import { findMailing, type MailingProgress } from "@/lib/domain/mailings";
import { Refusal } from "./refusal";

/** In milliseconds. */
const looksEvery = 500;
/** Where no terminal shows a bar, a line says so often how far it is. */
const linesEvery = 10_000;
const patience = 10_000;
const width = 30;

/**
 * Watches a mailing until all of its mails have been sent or given up. It writes to standard error, which leaves standard
 * output to what came of it. The site that runs does the sending: ending this ends nothing.
 */
export async function watchMailing(id: string): Promise<MailingProgress> {
  const show = process.stderr.isTTY ? showBar : showLines();
  let moved = { at: Date.now(), state: "" };
  let hasHinted = false;
  for (;;) {
    const mailing = await findMailing(id);
    if (!mailing) throw new Refusal("The mailing is gone.");
    show(mailing);
    if (mailing.isDone) return mailing;
    const state = wordsOf(mailing);
    if (state !== moved.state) moved = { at: Date.now(), state };
    if (!hasHinted && Date.now() - moved.at > patience) {
      hasHinted = true;
      console.error("\nNothing has moved for a while. The site sends them: does it run?");
    }
    await pause(looksEvery);
  }
}

function showBar(mailing: MailingProgress): void {
  const { total, isDone } = mailing;
  const share = isDone ? 1 : total ? Math.min(1, settledOf(mailing) / total) : 0;
  const filled = Math.floor(share * width);
  const bar = "█".repeat(filled) + "░".repeat(width - filled);
  process.stderr.write(`\r${bar} ${wordsOf(mailing)}${isDone ? "\n" : ""}`);
}

function showLines(): (mailing: MailingProgress) => void {
  let saidAt = 0;
  return (mailing) => {
    if (!mailing.isDone && Date.now() - saidAt < linesEvery) return;
    saidAt = Date.now();
    console.error(wordsOf(mailing));
  };
}

function wordsOf(mailing: MailingProgress): string {
  const { total, refused, expired } = mailing;
  const failed = refused + expired;
  const failures = failed > 0 ? `, ${failed} of them not sent` : "";
  return `${settledOf(mailing)}${total === null ? "" : ` of ${total}`}${failures}`;
}

function settledOf({ accepted, refused, expired }: MailingProgress): number {
  return accepted + refused + expired;
}
