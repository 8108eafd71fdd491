import type { SqlDriverAdapter } from "@prisma/driver-adapter-utils";
import type { Site } from "../support/site";
import { onDatabase } from "../support/site-database";

/** What the database finds wrong with itself: nothing, if all is well. */
export async function listDamage(site: Site): Promise<string[]> {
  return await onDatabase(site.databaseUrl, async (database) => {
    if (!site.databaseUrl.startsWith("file:")) return await listDamageOfPostgresql(database);
    const found = [
      ...(await ask(database, "PRAGMA integrity_check")),
      ...(await ask(database, "PRAGMA foreign_key_check")),
    ];
    return found.map((row) => row.join(" ")).filter((line) => line !== "ok");
  });
}

/** Its own checks of tables and of their indexes, which are part of the server. */
async function listDamageOfPostgresql(database: SqlDriverAdapter): Promise<string[]> {
  await database.executeScript("CREATE EXTENSION IF NOT EXISTS amcheck");
  const ofKind = (kind: string) =>
    `FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace WHERE nspname = 'public' AND relkind = '${kind}'`;
  const faults = await ask(
    database,
    `SELECT relname, msg FROM (SELECT c.oid, relname ${ofKind("r")}) t, LATERAL verify_heapam(t.oid)`,
  );
  // Throws at the first entry that is wrong.
  await ask(database, `SELECT bt_index_check(c.oid, true)::text ${ofKind("i")}`);
  return faults.map((row) => row.join(": "));
}

async function ask(database: SqlDriverAdapter, sql: string): Promise<unknown[][]> {
  return (await database.queryRaw({ sql, args: [], argTypes: [] })).rows;
}
