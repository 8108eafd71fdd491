import { writeFileSync } from "node:fs";
import { cpus } from "node:os";

/** Writes a table of results beside the measurement that made it, with what it ran on. */
export function writeReport(file: string, title: string, rows: [what: string, result: string][]) {
  const lines = [
    `# ${title}`,
    "",
    `Made by \`npm run bench\` with Node ${process.versions.node} on ${cpus().length} cores (${cpus()[0]?.model.trim()}).`,
    "Times are this machine's, and tell something only beside the others of the same run.",
    "",
    "| what | result |",
    "| ---- | ------ |",
    ...rows.map(([what, result]) => `| ${what} | ${result} |`),
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
