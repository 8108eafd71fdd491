import { expect, test } from "@playwright/test";
import { PrismaBetterSqlite3 } from "@prisma/adapter-better-sqlite3";
import { client } from "../e2e/support/http";
import { startMailServer } from "../e2e/support/mail-server";
import { signInOverHttp } from "../e2e/support/program";
import { type Site, startSite } from "../e2e/support/site";
import { quantile, writeReport } from "./report";

/** What an administrator types, from what one account has to what all of them have, and what none has. */
const searches = [
  "",
  "bakoban.bamuteson350@example.org",
  "bakoban bamuteson",
  "bakoban",
  "ba",
  "example",
  "example org",
  "ba ba ko ex",
  "zzz example",
];
const filters = ["all", "blocked", "invited", "admins"];
const rounds = 20;

test("searching among 1,000 and among 1,000,000 accounts", async () => {
  const mailServer = await startMailServer();
  const env = { ADMIN_EMAILS: "admin@example.org" };
  const sites = [await startSite({ mailServer, env }), await startSite({ mailServer, env })];
  const rows: [string, string][] = [];
  const samples: [size: string, times: number[]][] = [];
  for (const [index, site] of sites.entries()) {
    const count = [1_000, 1_000_000][index] ?? 0;
    await addAccounts(site, count);
    const program = client(site);
    await signInOverHttp(program, mailServer, "admin@example.org");
    const times: number[] = [];
    let slowest = { path: "", p95: 0 };
    for (const search of searches)
      for (const filter of filters) {
        const path = `/admin/users?${new URLSearchParams({ search, filter })}`;
        const own: number[] = [];
        for (let round = 0; round < rounds; round++) {
          const startedAt = performance.now();
          expect((await program.get(path)).status).toBe(200);
          own.push(performance.now() - startedAt);
        }
        times.push(...own);
        const p95 = Number.parseFloat(quantile(own, 0.95));
        if (p95 > slowest.p95) slowest = { path, p95 };
      }
    samples.push([count.toLocaleString("en"), times]);
    rows.push([
      `slowest of these searches among ${count.toLocaleString("en")}`,
      `p95 ${slowest.p95} ms: \`${slowest.path}\``,
    ]);
    await site.stop();
  }
  for (const [size, times] of samples)
    rows.unshift([
      `${times.length} pages of \`/admin/users\` among ${size} accounts`,
      `p50 ${quantile(times, 0.5)}, p95 ${quantile(times, 0.95)}, p99 ${quantile(times, 0.99)}`,
    ]);
  writeReport("administration.md", "Searching accounts, few and many", rows);
  await mailServer.stop();
});

/**
 * Accounts straight into the file, with the words by which they are found: a hundred first names, a thousand last ones, one
 * domain, a third of them invited and one in a hundred thousand blocked.
 */
async function addAccounts(site: Site, count: number): Promise<void> {
  const time = "'2026-01-01T00:00:00.000+00:00'";
  const syllable = (index: string) => `substr('bakorimutelasonivehi', (${index}) % 10 * 2 + 1, 2)`;
  const first = `${syllable("i * 7")} || ${syllable("i * 7 / 10")} || 'ban'`;
  const last = `'ba' || ${syllable("i / 3")} || ${syllable("i / 30")} || ${syllable("i / 300")} || 'son'`;
  const words = ["email", "'example.org'", "'example'", "'org'", "first", "last", "last || i"];
  const database = await new PrismaBetterSqlite3({ url: site.databaseFile }).connect();
  await database.executeScript(`
    CREATE TEMP TABLE person AS
      WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${count})
      SELECT i, printf('%08x-0000-7000-8000-%012x', i, i) AS id, ${first} AS first, ${last} AS last FROM n;
    ALTER TABLE person ADD COLUMN email;
    UPDATE person SET email = first || '.' || last || i || '@example.org';
    INSERT INTO "User" (id, email, emailTyped, emailVerified, name, blockedAt, invitedAt)
      SELECT id, email, email, ${time}, first || ' ' || last, iif(i % 100000 = 7, ${time}, NULL), iif(i % 3, NULL, ${time}) FROM person;
    ${words.map((word) => `INSERT OR IGNORE INTO "UserSearchTerm" (term, userId) SELECT ${word}, id FROM person;`).join("\n")}
    DROP TABLE person;`);
  await database.dispose();
}
