import { randomUUID } from "node:crypto";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { PrismaBetterSqlite3 } from "@prisma/adapter-better-sqlite3";
import { PrismaPg } from "@prisma/adapter-pg";
import type { SqlDriverAdapter } from "@prisma/driver-adapter-utils";

/** Whether the tests of this worker run on PostgreSQL. */
export function isOnPostgresql(): boolean {
  return process.env.TEST_DATABASE === "postgresql";
}

/**
 * A database for one site: a file in its folder, or a copy of the migrated one that `e2e/support/postgresql.ts` has made.
 * @returns its `DATABASE_URL`, and what removes it
 */
export async function makeSiteDatabase(
  folder: string,
): Promise<{ url: string; remove(): Promise<void> }> {
  if (!isOnPostgresql()) {
    const file = join(folder, "test.db");
    return { url: `file:${file}`, remove: () => rm(file, { force: true }) };
  }
  const template = new URL(process.env.TEST_POSTGRES_TEMPLATE ?? "");
  const name = `latchkey_${randomUUID().replaceAll("-", "")}`;
  const [url, server] = [new URL(template), new URL(template)];
  url.pathname = name;
  server.pathname = "postgres";
  await onDatabase(server.href, (database) =>
    database.executeScript(`CREATE DATABASE ${name} TEMPLATE ${template.pathname.slice(1)}`),
  );
  const remove = () =>
    onDatabase(server.href, (database) =>
      database.executeScript(`DROP DATABASE ${name} WITH (FORCE)`),
    );
  return { url: url.href, remove };
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
