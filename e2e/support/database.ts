import { PrismaBetterSqlite3 } from "@prisma/adapter-better-sqlite3";
import type { Site } from "./site";

/** How many rows each table of a site has, the bookkeeping of migrations aside. */
export async function countRows(site: Site): Promise<Record<string, number>> {
  const tables = await query(
    site,
    "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '\\_%' ESCAPE '\\'",
  );
  const counts: Record<string, number> = {};
  for (const [table] of tables) {
    const [[count] = []] = await query(site, `SELECT count(*) FROM "${table}"`);
    counts[String(table)] = Number(count);
  }
  return counts;
}

/** How many sessions an account has, ended ones not counted. */
export async function countSessions(site: Site, email: string): Promise<number> {
  const [[count] = []] = await query(
    site,
    'SELECT count(*) FROM "Session" JOIN "User" ON "User"."id" = "userId" WHERE "email" = ?',
    email,
  );
  return Number(count);
}

/** The addresses that sign-in mails have been asked for, in the form in which they are kept. */
export async function listAskedAddresses(site: Site): Promise<string[]> {
  return (await query(site, 'SELECT DISTINCT "email" FROM "SignInRequest"')).flat().map(String);
}

/** Blocks an account, or lets it in again, behind the back of a running site. */
export async function setBlocked(site: Site, email: string, at: Date | null): Promise<void> {
  const database = await new PrismaBetterSqlite3({ url: site.databaseFile }).connect();
  try {
    const count = await database.executeRaw({
      sql: 'UPDATE "User" SET "blockedAt" = ? WHERE "email" = ?',
      args: [at?.toISOString() ?? null, email],
      argTypes: ["datetime", "string"].map(
        (scalarType) =>
          ({ scalarType, arity: "scalar" }) as {
            scalarType: "datetime" | "string";
            arity: "scalar";
          },
      ),
    });
    if (count !== 1) throw new Error(`There is no account of ${email}`);
  } finally {
    await database.dispose();
  }
}

/** Asks a running site's database file, and cannot change it. */
async function query(site: Site, sql: string, ...args: string[]): Promise<unknown[][]> {
  const url = site.databaseFile;
  const database = await new PrismaBetterSqlite3({ url, readonly: true }).connect();
  try {
    const argTypes = args.map(() => ({ scalarType: "string", arity: "scalar" }) as const);
    return (await database.queryRaw({ sql, args, argTypes })).rows;
  } finally {
    await database.dispose();
  }
}
