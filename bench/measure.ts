import { readFileSync } from "node:fs";
import { Agent, get } from "node:http";
import type { Contender } from "./contenders";

/** Requests under way at any time, each on a connection that is kept. */
const connections = 16;

export type Work = { name: string; path: string; isSignedIn: boolean };

/** What one contender did in one round. */
export type Sample = {
  /** Processor time of the server for each piece of work, in milliseconds. */
  cpu: number;
  /** Pieces of work a second. */
  rate: number;
};

/**
 * Asks one thing all the time, as one after another of the signed-in browsers.
 * @param duration in milliseconds
 * @throws when an answer is none that this work should get
 */
export async function ask(contender: Contender, work: Work, duration: number): Promise<Sample> {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const expected = statusOf(contender, work);
  const sample = await sampleOf(contender, connections, duration, async () => {
    const status = await request(agent, contender, work);
    if (status !== expected)
      throw new Error(`${contender.product} answered ${work.path} with ${status}.`);
  });
  agent.destroy();
  return sample;
}

/** The bare pages know nobody; a twin in which somebody might sign in refuses. */
function statusOf({ cookies }: Contender, { path, isSignedIn }: Work): number {
  return path === "/me" && !isSignedIn && cookies.length > 0 ? 401 : 200;
}

function request(agent: Agent, { url, cookies }: Contender, { path, isSignedIn }: Work) {
  const cookie = isSignedIn && cookies[Math.floor(Math.random() * cookies.length)];
  return new Promise<number>((resolve, reject) => {
    get(url + path, { agent, headers: cookie ? { cookie } : {} }, (response) => {
      response.resume().on("end", () => resolve(response.statusCode ?? 0));
      response.on("error", reject);
    }).on("error", reject);
  });
}

let people = 0;

/** Has new people sign in all the time, so many at once as keep the server busy while mails are on their way. */
export function signIn(contender: Contender, duration: number): Promise<Sample> {
  return sampleOf(contender, 2 * connections, duration, () =>
    contender.signIn(`person-${people++}@example.org`),
  );
}

async function sampleOf(
  { server }: Contender,
  atOnce: number,
  duration: number,
  act: () => Promise<void>,
): Promise<Sample> {
  const startedAt = performance.now();
  const cpuBefore = cpuTimeOf(server.pid);
  let count = 0;
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      while (performance.now() - startedAt < duration) {
        await act();
        count++;
      }
    }),
  );
  const cpu = (cpuTimeOf(server.pid) - cpuBefore) / count;
  return { cpu, rate: (count / (performance.now() - startedAt)) * 1000 };
}

/** What Linux has counted for a process and all its threads, in milliseconds; it counts in hundredths of a second. */
function cpuTimeOf(pid = 0): number {
  const [, fields = ""] = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ");
  const [user, system] = fields.split(" ").slice(11, 13).map(Number);
  return ((user ?? 0) + (system ?? 0)) * 10;
}

/** The memory that a process takes up, in megabytes. */
export function memoryOf({ server }: Contender): number {
  const [, kilobytes] =
    /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${server.pid}/status`, "utf8")) ?? [];
  return Number(kilobytes) / 1024;
}

export type Bytes = { html: number; scripts: number };

/** What a browser has to fetch for a page: the page, and the scripts that it names. Without compression. */
export async function bytesOf({ url, cookies }: Contender, path: string): Promise<Bytes> {
  const headers = cookies[0] ? { cookie: cookies[0] } : undefined;
  const html = await (await fetch(url + path, headers && { headers })).text();
  const tags = html.match(/<script[^>]*>/g) ?? [];
  // Browsers that know modules leave out what is for those that do not.
  const modern = tags.filter((tag) => !/ nomodule/i.test(tag));
  const sources = new Set(modern.map((tag) => / src="([^"]+)"/.exec(tag)?.[1]).filter(Boolean));
  const sizes = [...sources].map(async (source) => {
    const answer = await fetch(new URL(source ?? "", url));
    return (await answer.arrayBuffer()).byteLength;
  });
  const scripts = (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
  return { html: Buffer.byteLength(html), scripts };
}
