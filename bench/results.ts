import { readFileSync, writeFileSync } from "node:fs";
import { cpus, release } from "node:os";
import type { Results, Series } from "./comparison.bench";
import type { Product } from "./contenders";
import type { Sample } from "./measure";
import { ratioOf, type Spread, spreadOf } from "./statistics";

const root = new URL("..", import.meta.url);
const names: Record<Product, string> = {
  latchkey: "this site",
  bare: "bare",
  nonce: "bare, nonce by `proxy.ts`",
  "next-auth": "next-auth",
  "better-auth": "better-auth",
};
const few = 1000;
const many = 1_000_000;
const cpu = ({ cpu }: Sample) => cpu;
const rate = ({ rate }: Sample) => rate;

/** Writes what came out as `bench/RESULTS.md`: what it is, the goals, a picture, and everything that was measured. */
export function writeResults(results: Results, rounds: number): void {
  const { SQLite, PostgreSQL } = results.series;
  const lines = [
    "# What a signed-in page costs",
    "",
    ...method(rounds),
    "",
    "## Ratios",
    "",
    ...table(["what", "at least", "SQLite", "PostgreSQL"], ratios(results)),
    "",
    ...plot(SQLite),
    ...[["SQLite", SQLite] as const, ["PostgreSQL", PostgreSQL] as const].flatMap(
      ([name, series]) => [`## On ${name}`, "", ...everything(series), ""],
    ),
    "## Memory, start and bytes",
    "",
    ...rest(results),
    "",
  ];
  writeFileSync(new URL("bench/RESULTS.md", root), lines.join("\n"));
}

function method(rounds: number): string[] {
  const versions = [
    "next",
    "react",
    "next-auth",
    "better-auth",
    "@prisma/client",
    "better-sqlite3",
    "pg",
  ];
  return [
    `Made by \`npm run bench\` on ${new Date().toISOString().slice(0, 10)}: Node ${process.versions.node}, Linux ${release()}, ${cpus().length} cores (${cpus()[0]?.model.trim()}); ${versions.map((name) => `${name} ${versionOf(name)}`).join(", ")}.`,
    "",
    "The twins are Next sites with the very same pages, taken from what this site answers: **bare** knows nobody and sends no security",
    "headers; the second has a nonce by `proxy.ts` as Next's guide writes it; **next-auth** is the stock one with its Prisma adapter,",
    "**better-auth** the stock one with its magic link. All run as production builds, with durable commits, at the same time and on",
    "one core; who asks, their mail server and PostgreSQL have the other one. 16 connections ask without a pause, signed-in ones as one of",
    `1000 sessions each time, ${rounds} rounds of a second each (three for sign-ins, 32 people at once), the servers in turn. Processor time`,
    "is that of the server's process with all its threads, by `/proc`. A ratio is the median of the ratios of each round, with the",
    "lowest and the highest behind it. Other times are this machine's, and tell something only beside each other.",
  ];
}

function versionOf(name: string): string {
  const file = new URL(`node_modules/${name}/package.json`, root);
  return JSON.parse(readFileSync(file, "utf8")).version;
}

/** What is to be reached, and what was. */
function ratios({ series, starts, bytes }: Results): string[][] {
  const page = "`/private` signed in";
  const me = "`/me` signed in";
  const both = (compare: (all: Series[]) => Spread) =>
    [series.SQLite, series.PostgreSQL].map((all) => told(compare(all)));
  const against = (product: Product, work: string, by: typeof cpu) => (all: Series[]) => {
    const ours = valuesOf(all, "latchkey", work, by);
    const theirs = valuesOf(all, product, work, by);
    return by === cpu ? ratioOf(theirs, ours) : ratioOf(ours, theirs);
  };
  const script = bytes.latchkey.scripts / bytes.bare.scripts;
  const start = spreadOf(starts.latchkey).median / spreadOf(starts.bare).median;
  return [
    ["bare page ÷ `/private`, processor time", "0.90", ...both(against("bare", page, cpu))],
    [
      "bare page with a nonce ÷ `/private`, processor time",
      "1.25",
      ...both(against("nonce", page, cpu)),
    ],
    [
      "`/me` signed in ÷ bare handler, requests a second",
      "0.88",
      ...both(against("bare", me, rate)),
    ],
    [
      "`/me` signed out ÷ bare handler, requests a second",
      "0.97",
      ...both(against("bare", "`/me` signed out", rate)),
    ],
    ["next-auth ÷ `/private`, processor time", "1.15", ...both(against("next-auth", page, cpu))],
    ["`/me` ÷ next-auth, requests a second", "1.8", ...both(against("next-auth", me, rate))],
    ["better-auth ÷ `/private`, processor time", "1.3", ...both(against("better-auth", page, cpu))],
    ["`/me` ÷ better-auth, requests a second", "2.0", ...both(against("better-auth", me, rate))],
    ["sign-ins a second ÷ better-auth", "1.0", ...both(against("better-auth", "sign-in", rate))],
    [
      "`/me` among 1,000,000 sessions ÷ among 1,000",
      "0.95",
      ...both((all) =>
        ratioOf(valuesOf(all, "latchkey", me, rate, many), valuesOf(all, "latchkey", me, rate)),
      ),
    ],
    ["scripts of `/private` ÷ bare page, bytes", "at most 1.05", script.toFixed(2), ""],
    ["start to first answer ÷ bare, time", "at most 1.5", start.toFixed(2), ""],
  ];
}

function valuesOf(
  all: Series[],
  product: Product,
  work: string,
  value: (sample: Sample) => number,
  sessions = few,
): number[] {
  const found = all.find(
    (one) =>
      one.product === product &&
      one.work === work &&
      (one.sessions === sessions || one.sessions === 0),
  );
  return found?.samples.map(value) ?? [];
}

/** As a picture that GitHub and others draw from the text. */
function plot(all: Series[]): string[] {
  const shown = all.filter(
    ({ work, sessions }) => work.startsWith("`/private`") && sessions !== many,
  );
  const medians = shown.map(({ samples }) => spreadOf(samples.map(cpu)).median.toFixed(2));
  return [
    "```mermaid",
    "xychart-beta",
    '  title "Processor time of a signed-in page on SQLite, in milliseconds"',
    `  x-axis [${shown.map(({ product }) => JSON.stringify(names[product].replaceAll("`", ""))).join(", ")}]`,
    '  y-axis "ms" 0',
    `  bar [${medians.join(", ")}]`,
    "```",
    "",
  ];
}

function everything(all: Series[]): string[] {
  const rows = all.map(({ product, sessions, work, samples }) => [
    work,
    names[product],
    sessions ? sessions.toLocaleString("en") : "",
    told(spreadOf(samples.map(cpu))),
    told(spreadOf(samples.map(rate)), 0),
  ]);
  return table(["work", "by", "sessions", "processor time, ms", "a second"], rows);
}

function rest({ memory, starts, bytes }: Results): string[] {
  const rows = memory.map(({ product, sessions, database, megabytes }) => [
    `memory after all this, ${database}${sessions ? `, ${sessions.toLocaleString("en")} sessions` : ""}`,
    names[product],
    `${megabytes.toFixed(0)} MB`,
  ]);
  for (const product of ["latchkey", "bare"] as const) {
    const { html, scripts } = bytes[product];
    rows.push([
      "start to first answer",
      names[product],
      `${told(spreadOf(starts[product]), 0)} ms`,
    ]);
    rows.push(["HTML of `/private`", names[product], `${html} bytes`]);
    rows.push(["scripts of `/private`", names[product], `${scripts} bytes`]);
  }
  return table(["what", "of", "result"], rows);
}

function told({ median, low, high }: Spread, digits = 2): string {
  return `${median.toFixed(digits)} (${low.toFixed(digits)}–${high.toFixed(digits)})`;
}

function table(head: string[], rows: string[][]): string[] {
  const widths = head.map((_, column) =>
    Math.max(...[head, ...rows].map((row) => row[column]?.length ?? 0)),
  );
  const line = (row: string[], fill = " ") =>
    `| ${widths.map((width, column) => (row[column] ?? "").padEnd(width, fill)).join(" | ")} |`;
  return [line(head), line([], "-"), ...rows.map((row) => line(row))];
}
