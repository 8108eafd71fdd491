import { rm } from "node:fs/promises";
import { join } from "node:path";
import { PrismaBetterSqlite3 } from "@prisma/adapter-better-sqlite3";
import { PrismaPg } from "@prisma/adapter-pg";
import type { SqlDriverAdapter } from "@prisma/driver-adapter-utils";
import { makePostgresqlDatabase } from "../../scripts/postgresql-database.mjs";

/** Whether the tests of this worker run on PostgreSQL. */
export function isOnPostgresql(): boolean {
  return process.env.TEST_DATABASE === "postgresql";
}

/**
 * A database for one site: a file in its folder, or a copy of the migrated one that `scripts/test-postgresql.ts` has made.
 * @returns its `DATABASE_URL`, and what removes it
 */
export async function makeSiteDatabase(
  folder: string,
): Promise<{ url: string; remove(): Promise<void> }> {
  if (!isOnPostgresql()) {
    const file = join(folder, "test.db");
    return { url: `file:${file}`, remove: () => rm(file, { force: true }) };
  }
  const template = process.env.TEST_POSTGRES_TEMPLATE ?? "";
  return await makePostgresqlDatabase(template, template);
}

/** Connects to the database of a site behind its back. */
export async function connectTo(databaseUrl: string): Promise<SqlDriverAdapter> {
  return databaseUrl.startsWith("file:")
    ? await new PrismaBetterSqlite3({ url: databaseUrl.slice("file:".length) }).connect()
    : // What it has begun goes with the connection, which stays until it is given back.
      await new PrismaPg({ connectionString: databaseUrl, max: 1, idleTimeoutMillis: 0 }).connect();
}

/** Does something on a connection that is closed afterwards. */
export async function onDatabase<Result>(
  databaseUrl: string,
  work: (database: SqlDriverAdapter) => Promise<Result>,
): Promise<Result> {
  const database = await connectTo(databaseUrl);
  return await work(database).finally(() => database.dispose());
}
