import type { CopyStep } from "@/lib/platform/database/copy";

/** Where no terminal shows a line that changes, one is written so often, in milliseconds. */
const linesEvery = 5_000;

const words = {
  resuming: "Reading again",
  copying: "Copying",
  verifying: "Comparing",
} as const;

/**
 * Says on standard error how far a copy is, which leaves standard output to what came of it: a line that changes on a
 * terminal, and elsewhere one now and then and at the end of every table.
 * @param isForPrograms writes a JSON object a line
 */
export function showCopy(isForPrograms: boolean): (step: CopyStep) => void {
  if (isForPrograms) return nowAndThen((step) => console.error(JSON.stringify(step)));
  if (!process.stderr.isTTY) return nowAndThen((step) => console.error(lineOf(step)));
  return (step) => process.stderr.write(`\r\u001b[K${lineOf(step)}${isComplete(step) ? "\n" : ""}`);
}

function nowAndThen(say: (step: CopyStep) => void): (step: CopyStep) => void {
  let saidAt = Date.now();
  return (step) => {
    if (!isComplete(step) && Date.now() - saidAt < linesEvery) return;
    saidAt = Date.now();
    say(step);
  };
}

function lineOf({ act, table, rows, total }: CopyStep): string {
  return `${words[act]} ${table}: ${rows} of ${total}`;
}

function isComplete({ rows, total }: CopyStep): boolean {
  return rows >= total;
}
