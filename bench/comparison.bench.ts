import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "@playwright/test";
import { type MailServer, startMailServer } from "../e2e/support/mail-server";
import { startPostgresql } from "../scripts/postgresql-server.mjs";
import { type Contender, enter, type Ground, type Product } from "./contenders";
import { markupOf } from "./markup";
import { ask, type Bytes, bytesOf, memoryOf, type Sample, signIn, type Work } from "./measure";
import { writeResults } from "./results";
import { buildTwin, twins } from "./twins";

const rounds = Number(process.env.BENCH_ROUNDS ?? 11);
const roundMs = 1000;
const warmUpMs = 2500;
const few = 1000;
const many = 1_000_000;

const works: Work[] = [
  { name: "`/private` signed in", path: "/private", isSignedIn: true },
  { name: "`/me` signed in", path: "/me", isSignedIn: true },
  { name: "`/me` signed out", path: "/me", isSignedIn: false },
  { name: "`/` signed out", path: "/", isSignedIn: false },
];

/** What one contender did, round by round. */
export type Series = {
  product: Product;
  sessions: number;
  work: string;
  samples: Sample[];
};

export type Results = {
  /** By kind of database. */
  series: Record<"SQLite" | "PostgreSQL", Series[]>;
  /** In megabytes, after all that work. */
  memory: { product: Product; sessions: number; database: string; megabytes: number }[];
  /** In milliseconds, of several starts each. */
  starts: Record<"latchkey" | "bare", number[]>;
  bytes: Record<"latchkey" | "bare", Bytes>;
};

let mailServer: MailServer;
let folder: string;

test.beforeAll(async () => {
  requireTools();
  // The servers have the other core, and PostgreSQL, which this process starts, has this one.
  execFileSync("taskset", ["-acp", "1", String(process.pid)], { stdio: "ignore" });
  mailServer = await startMailServer();
  folder = mkdtempSync(join(tmpdir(), "latchkey-bench-"));
});

test.afterAll(async () => {
  await mailServer?.stop();
  if (folder) rmSync(folder, { recursive: true, force: true });
});

test("the same work, by this site and by others", async () => {
  test.setTimeout(90 * 60_000);
  const onFiles: Ground = { folder, postgresql: null, mailServer };
  await buildTwins(onFiles);
  const { starts, bytes } = await measureStarts(onFiles);
  const memory: Results["memory"] = [];
  const onSqlite = await measureAll(onFiles, "SQLite", memory);
  const server = await startPostgresql();
  const onServer = { ...onFiles, postgresql: server.url };
  const onPostgresql = await measureAll(onServer, "PostgreSQL", memory).finally(server.stop);
  const series = { SQLite: onSqlite, PostgreSQL: onPostgresql };
  writeResults({ series, memory, starts, bytes }, rounds);
});

/** Everything is started here, and nothing that is elsewhere may be put under load. */
function requireTools(): void {
  if (availableParallelism() < 2)
    throw new Error("The servers need one core and the load another: this machine has one.");
  try {
    execFileSync("taskset", ["--version"], { stdio: "ignore" });
  } catch {
    throw new Error(
      "taskset is missing, which gives a process a core of its own. It is part of util-linux: apt install util-linux. There is none for macOS and Windows.",
    );
  }
  const given = process.env.TEST_POSTGRES_URL;
  if (given && !["localhost", "127.0.0.1", "[::1]"].includes(new URL(given).hostname))
    throw new Error("TEST_POSTGRES_URL is on another machine: only this one is put under load.");
}

async function buildTwins(ground: Ground): Promise<void> {
  const site = await enter(ground, "latchkey", few);
  const read = async (path: string, cookie = "") =>
    await (await fetch(site.url + path, { headers: { cookie } })).text();
  const pages = { home: await read("/"), private: await read("/private", site.cookies[0]) };
  await site.server.stop();
  const markup = markupOf(pages, "person@example.org");
  for (const twin of twins) buildTwin(twin, join(ground.folder, twin), markup);
}

async function measureStarts(ground: Ground): Promise<Pick<Results, "starts" | "bytes">> {
  const starts: Results["starts"] = { latchkey: [], bare: [] };
  const bytes: Partial<Results["bytes"]> = {};
  for (let round = 0; round < 5; round++)
    for (const product of ["latchkey", "bare"] as const) {
      const contender = await enter(ground, product);
      starts[product].push(contender.startedIn);
      await contender.server.stop();
    }
  for (const product of ["latchkey", "bare"] as const) {
    const contender = await enter(ground, product, product === "latchkey" ? few : 0);
    bytes[product] = await bytesOf(contender, "/private");
    await contender.server.stop();
  }
  return { starts, bytes: bytes as Results["bytes"] };
}

async function measureAll(
  ground: Ground,
  database: "SQLite" | "PostgreSQL",
  memory: Results["memory"],
): Promise<Series[]> {
  tell(`${database}: starting all, and filling their databases`);
  const contenders = [await enter(ground, "bare"), await enter(ground, "nonce")];
  const products = ["latchkey", "next-auth", "better-auth"] as const;
  for (const sessions of [few, many])
    for (const product of products) contenders.push(await enter(ground, product, sessions));
  const series: Series[] = [];
  for (const work of works)
    series.push(...(await interleave(contenders, work.name, (one, ms) => ask(one, work, ms))));
  const inviting = contenders.filter(({ sessions }) => sessions > 0);
  series.push(...(await interleave(inviting, "sign-in", (one, ms) => signIn(one, 3 * ms))));
  for (const contender of contenders) {
    const { product, sessions } = contender;
    memory.push({ product, sessions, database, megabytes: memoryOf(contender) });
    await contender.server.stop();
  }
  return series;
}

/** It takes a while: whoever waits sees how far it is. */
function tell(step: string): void {
  console.log(`${new Date().toISOString().slice(11, 19)} ${step}`);
}

/** Each round in another order, so that nobody always comes after the same one. */
async function interleave(
  contenders: Contender[],
  work: string,
  measure: (contender: Contender, duration: number) => Promise<Sample>,
): Promise<Series[]> {
  tell(work);
  const all = contenders.map((contender) => ({ contender, samples: [] as Sample[] }));
  for (const { contender } of all) await measure(contender, warmUpMs);
  for (let round = 0; round < rounds; round++) {
    const turn = round % all.length;
    for (const { contender, samples } of [...all.slice(turn), ...all.slice(0, turn)])
      samples.push(await measure(contender, roundMs));
  }
  return all.map(({ contender: { product, sessions }, samples }) => ({
    product,
    sessions,
    work,
    samples,
  }));
}
