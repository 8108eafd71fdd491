import { createHash, randomBytes } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { expect, test } from "@playwright/test";
import { PrismaBetterSqlite3 } from "@prisma/adapter-better-sqlite3";
import { client } from "../e2e/support/http";
import { type MailServer, startMailServer } from "../e2e/support/mail-server";
import { signInOverHttp } from "../e2e/support/program";
import { type Site, startSite } from "../e2e/support/site";
import { quantile, writeReport } from "./report";

const rows: [string, string][] = [];
let mailServer: MailServer;

test.beforeAll(async () => {
  mailServer = await startMailServer();
});
test.afterAll(async () => {
  await mailServer.stop();
  writeReport("sessions.md", "Sessions, few and many", rows);
});

test("a session costs the same among 1,000 and among 1,000,000", async () => {
  const sites = [await startSite({ mailServer }), await startSite({ mailServer })] as const;
  const [few, many] = sites;
  const later = new Date("2099-01-01");
  await addSessions(few, 1_000, later);
  await addSessions(many, 1_000_000, later);
  const programs = [client(few), client(many)] as const;
  for (const [index, program] of programs.entries())
    await signInOverHttp(program, mailServer, `person-${index}@example.org`);
  for (const path of ["/me", "/private"]) {
    const times = [[] as number[], [] as number[]] as const;
    for (let round = 0; round < 1500; round++) {
      for (const index of [0, 1] as const) {
        const startedAt = performance.now();
        expect((await programs[index].get(path)).status).toBe(200);
        // The first requests warm both up.
        if (round >= 300) times[index].push(performance.now() - startedAt);
      }
    }
    const [medianFew, medianMany] = times.map((sample) => quantile(sample, 0.5));
    const ratio = Number.parseFloat(medianMany ?? "") / Number.parseFloat(medianFew ?? "");
    rows.push([
      `\`${path}\` signed in, medians of 1200 interleaved requests`,
      `1,000 sessions ${medianFew}, 1,000,000 sessions ${medianMany}, ratio ${ratio.toFixed(2)}`,
    ]);
  }
  for (const site of sites) await site.stop();
});

test("500,000 dead rows are swept at 50 requests a second", async () => {
  const site = await startSite({ mailServer });
  const program = client(site);
  await signInOverHttp(program, mailServer, "swept@example.org");
  // They die all at once, when they are all there: the sweeper would otherwise begin before the measurement.
  const deadAt = new Date(Date.now() + 120_000);
  await addSessions(site, 500_000, deadAt);
  await pause(deadAt.getTime() - Date.now());
  const times: number[] = [];
  const statuses = new Set<number>();
  let left = 500_000;
  const deadline = Date.now() + 20 * 60_000;
  while (left > 0 && Date.now() < deadline) {
    const second = Array.from({ length: 50 }, async (_, index) => {
      await pause(index * 20);
      const startedAt = performance.now();
      const { status } =
        index === 0
          ? await program.post("/account/name", { form: { name: `Name ${Date.now()}` } })
          : await program.get(index % 2 ? "/me" : "/private");
      times.push(performance.now() - startedAt);
      statuses.add(status);
    });
    await Promise.all(second);
    left = await countDead(site);
  }
  expect(left).toBe(0);
  expect([...statuses].filter((status) => status >= 400)).toEqual([]);
  rows.push([
    "50 requests a second while 500,000 dead sessions are swept",
    `${times.length} requests, no error, p50 ${quantile(times, 0.5)}, p99 ${quantile(times, 0.99)}`,
  ]);
  await site.stop();
});

/** Writes sessions of one account straight into the file: what is measured is reading and removing them. */
async function addSessions(site: Site, count: number, expiresAt: Date): Promise<void> {
  const time = (text: string | Date) => `'${new Date(text).toISOString().replace("Z", "+00:00")}'`;
  await inDatabase(site, async (database) => {
    await database.executeScript(
      `INSERT INTO "User" (id, email, emailTyped, emailVerified) VALUES ('owner', 'owner@example.org', 'owner@example.org', ${time("2026-01-01")})`,
    );
    for (let done = 0; done < count; done += 10_000) {
      const values = Array.from({ length: Math.min(10_000, count - done) }, () => {
        const hash = createHash("sha256").update(randomBytes(16)).digest("base64url");
        const start = time("2019-01-01");
        return `('${randomBytes(12).toString("hex")}', '${hash}', 'owner', true, 'A browser', '192.0.2.1', ${start}, ${start}, ${start}, ${time(expiresAt)}, ${time(expiresAt)})`;
      });
      await database.executeScript(
        `INSERT INTO "Session" (id, tokenHash, userId, keepSignedIn, userAgent, networkAddress, createdAt, lastSeenAt, signedInAt, expiresAt, endsAt) VALUES ${values.join(",")}`,
      );
    }
  });
}

async function countDead(site: Site): Promise<number> {
  const sql = `SELECT count(*) FROM "Session" WHERE "userId" = 'owner'`;
  const { rows: found } = await inDatabase(site, (database) =>
    database.queryRaw({ sql, args: [], argTypes: [] }),
  );
  return Number(found[0]?.[0]);
}

async function inDatabase<Result>(
  site: Site,
  work: (database: Awaited<ReturnType<PrismaBetterSqlite3["connect"]>>) => Promise<Result>,
): Promise<Result> {
  const database = await new PrismaBetterSqlite3({ url: site.databaseFile }).connect();
  try {
    return await work(database);
  } finally {
    await database.dispose();
  }
}
