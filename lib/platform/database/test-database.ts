import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, expect } from "vitest";
import { makePostgresqlDatabase } from "../../../scripts/postgresql-database.mjs";
import { environment } from "../environment";
import { Prisma } from "./client/client";
import { adapterFactory, database } from "./database";
import { applyMigrations } from "./migrate";
import { inTransaction } from "./transaction";

/** Whether this run of the tests is the one on PostgreSQL. */
export const isOnPostgresql = process.env.TEST_DATABASE === "postgresql";
const template = process.env.TEST_POSTGRES_TEMPLATE ?? "";

/**
 * For tests: an empty, migrated database of this test file's own, deleted afterwards. Call it before anything else,
 * since it sets the environment, which is read once.
 */
export async function prepareTestDatabase(): Promise<void> {
  process.env.AUTH_SECRET = "a secret of at least 32 characters";
  process.env.LOG_LEVEL = "silent";
  const { url, remove } = isOnPostgresql
    ? // Copying the migrated one of `scripts/test-postgresql.ts` is quicker than migrating.
      await makePostgresqlDatabase(template, template)
    : makeSqliteFile();
  process.env.DATABASE_URL = url;
  await applyMigrations(adapterFactory());
  afterAll(async () => {
    await database().$disconnect();
    await remove();
  });
}

function makeSqliteFile() {
  const folder = mkdtempSync(join(tmpdir(), "latchkey-"));
  const remove = async () => rmSync(folder, { recursive: true });
  return { url: `file:${join(folder, "site.db")}`, remove };
}

/** An empty database, not migrated. @returns its `DATABASE_URL`, and what deletes it */
export async function makeEmptyDatabase(): Promise<{ url: string; remove(): Promise<void> }> {
  return isOnPostgresql ? await makePostgresqlDatabase(template) : makeSqliteFile();
}

/** All that is stored: the bytes of SQLite's files, or the rows of every table of PostgreSQL. */
export async function readStoredBytes(): Promise<Buffer> {
  if (isOnPostgresql) {
    const rows: unknown[] = [];
    for (const table of await listTables())
      rows.push(await database().$queryRawUnsafe(`SELECT t::text FROM "${table}" t`));
    return Buffer.from(JSON.stringify(rows));
  }
  const folder = dirname(environment().databaseUrl.slice("file:".length));
  return Buffer.concat(readdirSync(folder).map((name) => readFileSync(join(folder, name))));
}

/** The tables of the models. */
export async function listTables(): Promise<string[]> {
  const tables = isOnPostgresql
    ? Prisma.sql`SELECT table_name AS "name" FROM information_schema.tables WHERE table_schema = 'public'`
    : Prisma.sql`SELECT "name" FROM sqlite_schema WHERE "type" = 'table'`;
  const found = await database().$queryRaw<{ name: string }[]>(tables);
  return found.map(({ name }) => name).filter((name) => !/^(_prisma|sqlite_)/.test(name));
}

/**
 * Expects the database to go straight to what is asked for, and to sort nothing.
 * @param index its name, and after a blank more of what SQLite says; any when it is left out
 */
export async function expectFoundBy(query: Prisma.Sql, index?: string): Promise<void> {
  const steps = (await explain(query)).join("\n");
  if (isOnPostgresql) {
    expect(steps).toMatch(/Index Cond/);
    expect(steps).toContain(`using "${index?.split(" ")[0] ?? ""}`);
    expect(steps).not.toMatch(/Seq Scan|Sort/);
  } else {
    expect(steps).toMatch(/SEARCH \w+ USING .*INDEX/);
    expect(steps).toContain(`INDEX ${index ?? ""}`);
    expect(steps).not.toMatch(/SCAN [A-Z]|TEMP B-TREE/);
  }
}

/** How the database finds it, a step each, with PostgreSQL's names of the indexes of primary keys. */
export async function explain(query: Prisma.Sql): Promise<string[]> {
  if (!isOnPostgresql) {
    const plan = Prisma.sql`EXPLAIN QUERY PLAN ${query}`;
    const steps = await database().$queryRaw<{ detail: string }[]>(plan);
    return steps.map(({ detail }) => detail.replace(/sqlite_autoindex_(\w+)_1/, "$1_pkey"));
  }
  return await inTransaction(async (transaction) => {
    // Tables as small as those of tests it would read whole.
    await transaction.$executeRaw`SET LOCAL enable_seqscan = off`;
    await transaction.$executeRaw`SET LOCAL enable_bitmapscan = off`;
    const plan = Prisma.sql`EXPLAIN (COSTS OFF) ${query}`;
    const lines = await transaction.$queryRaw<Record<string, string>[]>(plan);
    return lines.flatMap((line) => Object.values(line)).map((line) => line.trim());
  });
}

/** Has the database refuse to write to a table, until what this returns is called. */
export async function refuseWrites(
  what: "INSERT" | "UPDATE" | "DELETE",
  table: string,
): Promise<() => Promise<void>> {
  const scripts = isOnPostgresql
    ? [
        `CREATE OR REPLACE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'refused'; END $$`,
        `CREATE TRIGGER refuse BEFORE ${what} ON "${table}" FOR EACH ROW EXECUTE FUNCTION refuse()`,
      ]
    : [
        `CREATE TRIGGER refuse BEFORE ${what} ON "${table}" BEGIN SELECT RAISE(ABORT, 'refused'); END`,
      ];
  for (const script of scripts) await database().$executeRawUnsafe(script);
  const undo = isOnPostgresql ? `DROP TRIGGER refuse ON "${table}"` : "DROP TRIGGER refuse";
  return async () => void (await database().$executeRawUnsafe(undo));
}

/** As if what has been counted so far had been long ago: for tests of something else than limits. */
export async function forgetLimits(): Promise<void> {
  await database().limitCount.deleteMany();
}

/** As if nobody had been here. */
export async function emptyDatabase(): Promise<void> {
  await database().user.deleteMany();
  await database().mail.deleteMany();
  await database().mailing.deleteMany();
  await database().signInRequest.deleteMany();
  await database().mailStop.deleteMany();
  await database().auditEvent.deleteMany();
  await database().spentValue.deleteMany();
  await database().configuredAdmin.deleteMany();
  await forgetLimits();
}
