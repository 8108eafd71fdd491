import { readFileSync } from "node:fs";
import { Agent, request } from "node:http";
import { setTimeout as pause } from "node:timers/promises";
import { expect, test } from "@playwright/test";
import { client } from "../e2e/support/http";
import { type MailServer, startMailServer } from "../e2e/support/mail-server";
import { isSignedIn, signInOverHttp } from "../e2e/support/program";
import { type Site, startSite } from "../e2e/support/site";
import { quantile, writeReport } from "./report";

const rows: [string, string][] = [];
const env = { TRUSTED_PROXIES: "1", LOG_LEVEL: "warn" };
/** Each part may be shortened, such as LOAD_MINUTES=5; the report says how long it was. */
const signInMinutes = Number(process.env.LOAD_MINUTES ?? 10);
const memoryMinutes = Number(process.env.LOAD_MINUTES ?? 60);
let mailServer: MailServer;
let people = 0;

test.beforeAll(async () => {
  mailServer = await startMailServer();
});
test.afterAll(async () => {
  await mailServer.stop();
  writeReport("load.md", "Under load", rows);
});

test("200 session-checked pages a second", async () => {
  const site = await startSite({ mailServer, env });
  const cookie = await cookieOfSomebody(site);
  await pages(site, cookie, { rate: 50, seconds: 10 });
  const times = await pages(site, cookie, { rate: 200, seconds: 60 });
  rows.push([
    "`/private`, 200 a second for a minute, one process on SQLite",
    `${times.length} pages, no error, p50 ${quantile(times, 0.5)}, p99 ${quantile(times, 0.99)}`,
  ]);
  await site.stop();
});

test("two processes beside one", async () => {
  const perSecond = { 1: [] as number[], 2: [] as number[] };
  for (let round = 0; round < 4; round++)
    for (const processes of [1, 2] as const) {
      const site = await startSite({
        mailServer,
        env: { ...env, WEB_CONCURRENCY: `${processes}` },
      });
      const cookie = await cookieOfSomebody(site);
      await asManyAsPossible(site, cookie, 5);
      // The first round warms the machine up.
      const count = await asManyAsPossible(site, cookie, 15);
      if (round > 0) perSecond[processes].push(count / 15);
      await site.stop();
    }
  const [one, two] = [median(perSecond[1]), median(perSecond[2])];
  rows.push([
    "`/private`, 32 at a time, medians of three rounds of 15 s",
    `one process ${one.toFixed(0)} a second, two ${two.toFixed(0)}, ratio ${(two / one).toFixed(2)}`,
  ]);
});

test("10 complete sign-ins a second", async () => {
  test.setTimeout((signInMinutes + 5) * 60_000);
  const site = await startSite({ mailServer, env });
  const times = await atRate(10, signInMinutes * 60, () => signInSomebody(site));
  rows.push([
    `10 complete sign-ins (request, mail, code, session) a second for ${signInMinutes} minutes`,
    `${times.length} sign-ins, no error, p50 ${quantile(times, 0.5)}, p99 ${quantile(times, 0.99)}`,
  ]);
  await site.stop();
});

test("memory under lasting load", async () => {
  test.setTimeout((memoryMinutes + 5) * 60_000);
  const site = await startSite({ mailServer, env });
  const cookie = await cookieOfSomebody(site);
  const samples: [minute: number, megabytes: number][] = [];
  const startedAt = performance.now();
  const minute = () => (performance.now() - startedAt) / 60_000;
  const sampling = setInterval(() => samples.push([minute(), residentMegabytes(site)]), 5_000);
  const seconds = memoryMinutes * 60;
  await Promise.all([
    pages(site, cookie, { rate: 20, seconds }),
    atRate(0.5, seconds, () => signInSomebody(site)),
  ]);
  clearInterval(sampling);
  // Until then code is compiled and the heap finds its size.
  const settled = samples.filter(([at]) => at > memoryMinutes / 4);
  const sizes = settled.map(([, size]) => size);
  rows.push([
    `resident memory in the last three quarters of ${memoryMinutes} minutes of 20 pages a second and a sign-in each other second`,
    `${Math.min(...sizes).toFixed(0)} to ${Math.max(...sizes).toFixed(0)} MB, slope ${(slope(settled) * 10).toFixed(2)} MB in 10 minutes`,
  ]);
  await site.stop();
});

/** A request each so often, whether those before have been answered or not. @returns how long each took from when it was due */
async function atRate(rate: number, seconds: number, act: () => Promise<void>): Promise<number[]> {
  const times: number[] = [];
  const underWay: Promise<void>[] = [];
  const startedAt = performance.now();
  for (let index = 0; index < rate * seconds; index++) {
    const dueAt = startedAt + (index * 1000) / rate;
    await pause(Math.max(0, dueAt - performance.now()));
    underWay.push(act().then(() => void times.push(performance.now() - dueAt)));
  }
  await Promise.all(underWay);
  return times;
}

async function pages(
  site: Site,
  cookie: string,
  { rate, seconds }: { rate: number; seconds: number },
): Promise<number[]> {
  const agent = new Agent({ keepAlive: true });
  const times = await atRate(rate, seconds, () => privatePage(site, cookie, agent));
  agent.destroy();
  return times;
}

async function asManyAsPossible(site: Site, cookie: string, seconds: number): Promise<number> {
  const agent = new Agent({ keepAlive: true });
  const endsAt = performance.now() + seconds * 1000;
  let count = 0;
  const visitor = async () => {
    while (performance.now() < endsAt) {
      await privatePage(site, cookie, agent);
      count++;
    }
  };
  await Promise.all(Array.from({ length: 32 }, visitor));
  agent.destroy();
  return count;
}

/** @throws when it is any other page than that of who is signed in */
function privatePage({ url }: Site, cookie: string, agent: Agent): Promise<void> {
  return new Promise((resolve, reject) => {
    request(`${url}/private`, { agent, headers: { cookie } }, (response) => {
      if (response.statusCode !== 200) reject(new Error(`status ${response.statusCode}`));
      response.resume().on("end", resolve).on("error", reject);
    })
      .on("error", reject)
      .end();
  });
}

async function signInSomebody(site: Site): Promise<void> {
  const program = await newcomer(site);
  expect(await isSignedIn(program)).toBe(true);
}

async function cookieOfSomebody(site: Site): Promise<string> {
  const { cookies } = await newcomer(site);
  return [...cookies].map(([name, value]) => `${name}=${value}`).join("; ");
}

/** Somebody new, from a network of their own. */
async function newcomer(site: Site) {
  const number = people++;
  const address = `198.18.${(number >> 8) & 255}.${number & 255}`;
  const program = client(site, { "x-forwarded-for": address });
  await signInOverHttp(program, mailServer, `person-${number}@example.org`);
  return program;
}

function residentMegabytes({ pid }: Site): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024;
}

/** Of the line that fits best, by the least squares. */
function slope(points: [number, number][]): number {
  const mean = (at: 0 | 1) => points.reduce((sum, point) => sum + point[at], 0) / points.length;
  const [meanX, meanY] = [mean(0), mean(1)];
  const above = points.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0);
  return above / points.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0);
}

function median(sample: number[]): number {
  return [...sample].sort((a, b) => a - b)[Math.floor(sample.length / 2)] ?? Number.NaN;
}
