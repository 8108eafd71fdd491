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
  let saidAt = 0;
  const show = isForPrograms
    ? (step: CopyStep) => process.stderr.write(`${JSON.stringify(step)}\n`)
    : process.stderr.isTTY
      ? (step: CopyStep) => process.stderr.write(`\r\u001b[K${lineOf(step)}${endOf(step)}`)
      : (step: CopyStep) => process.stderr.write(`${lineOf(step)}\n`);
  return (step) => {
    const isOnTerminal = process.stderr.isTTY && !isForPrograms;
    if (!isOnTerminal && !isComplete(step) && Date.now() - saidAt < linesEvery) return;
    saidAt = Date.now();
    show(step);
  };
}

function lineOf({ act, table, rows, total }: CopyStep): string {
  return `${words[act]} ${table}: ${rows} of ${total}`;
}

function endOf(step: CopyStep): string {
  return isComplete(step) ? "\n" : "";
}

function isComplete({ rows, total }: CopyStep): boolean {
  return rows >= total;
}
