import { execFileSync } from "node:child_process";
import { client } from "./support/http";
import { beginToAsk } from "./support/in-flight";
import { askOverHttp, isSignedIn, sendCode } from "./support/program";
import { codeIn } from "./support/sign-in";
import { type Site, SiteDidNotStart, startSite } from "./support/site";
import { expect, test } from "./support/test";

const two = { WEB_CONCURRENCY: "2" };

test("of two processes one that dies is replaced, and a change of version drops nothing", async ({
  mailServer,
  visitor,
}) => {
  test.setTimeout(120_000);
  const site = await startSite({ mailServer, env: two });
  try {
    const { origin } = new URL(site.url);
    expect(site.output().split(`is open at ${origin}`)).toHaveLength(2);
    const first = await untilTwo(site, []);

    const program = client(site);
    const mail = await askOverHttp(program, mailServer, visitor.email);
    const load = askAllTheTime(site);
    process.kill(site.pid ?? 0, "SIGHUP");
    const second = await untilTwo(site, first);
    expect(new Set(await load.end())).toEqual(new Set([200]));

    process.kill(second[0] ?? 0, "SIGKILL");
    await untilTwo(site, second.slice(0, 1));
    // What one process has handed out, another one takes.
    expect((await sendCode(program, codeIn(mail))).status).toBe(200);
    for (const _ of [1, 2, 3, 4]) expect(await isSignedIn(program)).toBe(true);

    const finish = await beginToAsk(site, `other-${visitor.email}`);
    const ended = site.kill("SIGTERM");
    // The one that has nothing to do ends at once.
    await expect.poll(() => listChildren(site), { timeout: 20_000 }).toHaveLength(1);
    expect((await finish()).status).toBe(202);
    expect(await ended).toEqual({ code: 0, signal: null });

    // Killed without warning, the first process takes nothing of what the others have begun with it.
    await site.restart();
    const orphans = await untilTwo(site, []);
    const finishOrphaned = await beginToAsk(site, `third-${visitor.email}`);
    process.kill(site.pid ?? 0, "SIGKILL");
    expect((await finishOrphaned()).status).toBe(202);
    await expect.poll(() => orphans.filter(isAlive)).toEqual([]);
  } finally {
    await site.stop();
  }
});

test("processes that cannot start say why once", async () => {
  const refusal = await startSite({ env: two, database: "file:/proc/none/site.db" }).catch(
    (error: unknown) => error,
  );
  if (!(refusal instanceof SiteDidNotStart)) throw new Error(String(refusal));
  expect(refusal.ending).toEqual({ code: 1, signal: null });
  expect(refusal.output.trim().split("\n")).toEqual([expect.stringMatching(/^DATABASE_URL /)]);
});

/** The two processes that serve, once neither of them is one of the former. */
async function untilTwo(site: Site, former: number[]): Promise<number[]> {
  await expect
    .poll(() => listChildren(site).filter((pid) => !former.includes(pid)), { timeout: 60_000 })
    .toHaveLength(2);
  await expect.poll(() => listChildren(site), { timeout: 60_000 }).toHaveLength(2);
  return listChildren(site);
}

function listChildren({ pid }: Site): number[] {
  try {
    return execFileSync("pgrep", ["-P", `${pid}`], { encoding: "utf8" })
      .trim()
      .split("\n")
      .map(Number);
  } catch {
    // It has none.
    return [];
  }
}

/** Asks one thing after another in several connections at once, kept ones and new ones. */
function askAllTheTime(site: Site) {
  const answers: number[] = [];
  let isOver = false;
  const ask = async (path: string) => {
    while (!isOver) answers.push((await client(site).get(path)).status);
  };
  const paths = ["/", "/sign-in", ...Array<string>(10).fill("/healthz")];
  const asking = Promise.all(paths.map(ask));
  return {
    async end() {
      isOver = true;
      await asking;
      return answers;
    },
  };
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
