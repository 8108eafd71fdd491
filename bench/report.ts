import { writeFileSync } from "node:fs";
import { cpus } from "node:os";

type Row = [what: string, result: string];

/** Writes a table of results beside the measurement that made it, with what it ran on. */
export function writeReport(file: string, title: string, rows: Row[]): void {
  const [what, result] = [0, 1].map((column) =>
    Math.max(6, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  const line = ([left, right]: Row, fill = " ") =>
    `| ${left.padEnd(what ?? 0, fill)} | ${right.padEnd(result ?? 0, fill)} |`;
  const lines = [
    `# ${title}`,
    "",
    `Made by \`npm run bench\` with Node ${process.versions.node} on ${cpus().length} cores (${cpus()[0]?.model.trim()}).`,
    "Times are this machine's, and tell something only beside the others of the same run.",
    "",
    line(["what", "result"]),
    line(["", ""], "-"),
    ...rows.map((row) => line(row)),
    "",
  ];
  writeFileSync(new URL(file, import.meta.url), lines.join("\n"));
}

/** The value below which so much of the sample lies; of milliseconds, in words. */
export function quantile(sample: number[], share: number): string {
  const sorted = [...sample].sort((a, b) => a - b);
  const value =
    sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
  return `${value.toFixed(1)} ms`;
}
