import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import type { Site } from "./site";
import { connectTo, onDatabase } from "./site-database";

/** How many rows each table of a site has, the bookkeeping of migrations aside. */
export async function countRows(site: Site): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const table of await listTables(site)) {
    const [[count] = []] = await query(site, `SELECT count(*) FROM "${table}"`);
    counts[table] = Number(count);
  }
  return counts;
}

async function listTables(site: Site): Promise<string[]> {
  return [...new Set((await listColumns(site)).map(([table]) => table))];
}

async function listColumns(site: Site): Promise<[table: string, column: string][]> {
  const columns = await query(
    site,
    isFile(site)
      ? `SELECT m.name, c.name FROM sqlite_master m JOIN pragma_table_info(m.name) c WHERE m.type = 'table'`
      : `SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public'`,
  );
  return columns
    .map(([table, column]): [string, string] => [String(table), String(column)])
    .filter(([table]) => !table.startsWith("_"));
}

function isFile({ databaseUrl }: Site): boolean {
  return databaseUrl.startsWith("file:");
}

/** All that a table of a site holds. */
export async function readTable(site: Site, table: string): Promise<Record<string, unknown>[]> {
  return await onDatabase(site.databaseUrl, async (database) => {
    const sql = `SELECT * FROM "${table}" ORDER BY 1`;
    const { columnNames, rows } = await database.queryRaw({ sql, args: [], argTypes: [] });
    return rows.map((row) => Object.fromEntries(row.map((value, at) => [columnNames[at], value])));
  });
}

/** The tables of a site in which any row is another one after this has been done. */
export async function tablesChangedBy(site: Site, act: () => Promise<unknown>): Promise<string[]> {
  const before = await markTables(site);
  await act();
  const after = await markTables(site);
  return Object.keys(after).filter((table) => after[table] !== before[table]);
}

/** Waits until no mail is on its way: what comes of one changes its row. */
export async function mailsSettled(site: Site): Promise<void> {
  const isQueued = ({ state }: Record<string, unknown>) => state === "queued";
  while ((await readTable(site, "Mail")).some(isQueued)) await pause(20);
}

/** A mark for each table of a site, which is another one when any row in it is. */
export async function markTables(site: Site): Promise<Record<string, string>> {
  const marks: Record<string, string> = {};
  const tables = await listTables(site);
  return await onDatabase(site.databaseUrl, async (database) => {
    for (const table of tables) {
      const sql = `SELECT * FROM "${table}"`;
      const { columnNames, rows } = await database.queryRaw({ sql, args: [], argTypes: [] });
      const ends = columnNames.findIndex((name) => name === "expire" || name === "expiresAt");
      // What is dead goes when the sweeper comes by, which may be at any moment.
      const living = rows.filter(
        (row) => row[ends] == null || Date.parse(String(row[ends])) > site.clock.now().getTime(),
      );
      const text = living.map((row) => JSON.stringify(row)).sort();
      marks[table] = createHash("sha256").update(text.join()).digest("hex");
    }
    return marks;
  });
}

/** All that is stored, as texts or as the files are: to look for what must not be there. */
export async function readStored(site: Site): Promise<{ name: string; bytes: Buffer }[]> {
  if (isFile(site)) {
    const folder = dirname(site.databaseFile);
    return readdirSync(folder)
      .filter((name) => name.startsWith(basename(site.databaseFile)))
      .map((name) => ({ name, bytes: readFileSync(join(folder, name)) }));
  }
  const tables = await listTables(site);
  const read = async (name: string) => ({
    name,
    bytes: Buffer.from(JSON.stringify(await readTable(site, name))),
  });
  return await Promise.all(tables.map(read));
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

/** How many second factors of each kind an account has, and recovery codes left. */
export async function countFactors(
  site: Site,
  email: string,
): Promise<Record<"Totp" | "Passkey" | "RecoveryCode", number>> {
  const count = async (table: string) => {
    const sql = `SELECT count(*) FROM "${table}" JOIN "User" ON "User"."id" = "userId" WHERE "email" = ?`;
    const [[rows] = []] = await query(site, sql, email);
    return Number(rows);
  };
  return {
    Totp: await count("Totp"),
    Passkey: await count("Passkey"),
    RecoveryCode: await count("RecoveryCode"),
  };
}

/** The addresses that sign-in mails have been asked for, in the form in which they are kept. */
export async function listAskedAddresses(site: Site): Promise<string[]> {
  return (await query(site, 'SELECT DISTINCT "email" FROM "SignInRequest"')).flat().map(String);
}

/** A session as it is stored; times in milliseconds since 1970. */
export interface StoredSession {
  id: string;
  lastSeenAt: number;
  expiresAt: number;
}

/** The sessions of an account, the oldest first. */
export async function listSessions(site: Site, email: string): Promise<StoredSession[]> {
  const rows = await query(
    site,
    `SELECT "Session"."id", "lastSeenAt", "expiresAt" FROM "Session"
     JOIN "User" ON "User"."id" = "userId" WHERE "email" = ? ORDER BY "Session"."id"`,
    email,
  );
  return rows.map(([id, lastSeenAt, expiresAt]) => ({
    id: String(id),
    lastSeenAt: Date.parse(String(lastSeenAt)),
    expiresAt: Date.parse(String(expiresAt)),
  }));
}

/** The columns, as "Table.column", in which a text stands anywhere. */
export async function listTraces(site: Site, text: string): Promise<string[]> {
  const columns = await listColumns(site);
  const tables = [...new Set(columns.map(([table]) => table))];
  const like = `'%${text.toLowerCase().replace(/[%_']/g, "_")}%'`;
  return await onDatabase(site.databaseUrl, async (database) => {
    const traces: string[] = [];
    for (const table of tables) {
      const names = columns.filter(([of]) => of === table).map(([, column]) => column);
      const counts = names.map(
        (name) => `sum(CASE WHEN lower(CAST("${name}" AS TEXT)) LIKE ${like} THEN 1 ELSE 0 END)`,
      );
      const sql = `SELECT ${counts} FROM "${table}"`;
      const { rows } = await database.queryRaw({ sql, args: [], argTypes: [] });
      names.forEach((name, at) => {
        if (Number(rows[0]?.[at]) > 0) traces.push(`${table}.${name}`);
      });
    }
    return traces;
  });
}

/** Keeps every other writer waiting; the site still reads. Call what it returns to let them go on. */
export async function lockDatabase(site: Site): Promise<() => Promise<void>> {
  const tables = (await listTables(site)).map((table) => `"${table}"`);
  const database = await connectTo(site.databaseUrl);
  await database.executeScript(
    isFile(site) ? "BEGIN IMMEDIATE" : `BEGIN; LOCK TABLE ${tables} IN EXCLUSIVE MODE`,
  );
  return async () => {
    await database.executeScript("ROLLBACK");
    await database.dispose();
  };
}

/** Takes the sessions out of the site's sight, as a fault of the database would; puts them back. */
export function hideSessions(site: Site): Promise<() => Promise<void>> {
  return hideTable(site, "Session");
}

/** The same with the audit trail. */
export function hideEvents(site: Site): Promise<() => Promise<void>> {
  return hideTable(site, "AuditEvent");
}

async function hideTable(site: Site, table: string): Promise<() => Promise<void>> {
  await execute(site, `ALTER TABLE "${table}" RENAME TO "Hidden${table}"`);
  return () => execute(site, `ALTER TABLE "Hidden${table}" RENAME TO "${table}"`);
}

/** Writes so many events about an account into the audit trail, all older than real ones, each from the network address of its number. */
export function addEvents(site: Site, count: number, userId: string): Promise<void> {
  return execute(
    site,
    `INSERT INTO "AuditEvent" ("id", "type", "userId", "networkAddress", "userAgent")
     WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${count})
     SELECT ${isFile(site) ? "printf('00000000-0000-7000-8000-%012x', i)" : "'00000000-0000-7000-8000-' || lpad(to_hex(i), 12, '0')"},
       'user_updated', '${userId}', ${isFile(site) ? "printf('2001:db8::%x', i)" : "'2001:db8::' || to_hex(i)"},
       'A browser that says a lot about itself, as most of them do' FROM n`,
  );
}

/** A mail as it is stored. */
export interface StoredMail {
  id: string;
  state: string;
  attempts: number;
}

/** The mails to an address, the oldest first. */
export async function listMails(site: Site, recipient: string): Promise<StoredMail[]> {
  const sql = 'SELECT "id", "state", "attempts" FROM "Mail" WHERE "recipient" = ? ORDER BY "id"';
  const rows = await query(site, sql, recipient);
  return rows.map(([id, state, attempts]) => ({
    id: String(id),
    state: String(state),
    attempts: Number(attempts),
  }));
}

async function execute(site: Site, script: string): Promise<void> {
  await onDatabase(site.databaseUrl, (database) => database.executeScript(script));
}

/** Blocks an account, or lets it in again, behind the back of a running site. */
export async function setBlocked(site: Site, email: string, at: Date | null): Promise<void> {
  const blockedAt = at ? `'${at.toISOString()}'` : "NULL";
  const changed = await query(
    site,
    `UPDATE "User" SET "blockedAt" = ${blockedAt} WHERE "email" = ? RETURNING "id"`,
    email,
  );
  if (changed.length !== 1) throw new Error(`There is no account of ${email}`);
}

/** Makes accounts behind the back of a running site, which a search for this word finds. @returns their addresses */
export async function addAccounts(site: Site, word: string, count: number): Promise<string[]> {
  const emails = Array.from({ length: count }, (_, index) => `${word}-${index}@example.org`);
  const rows = emails.map(
    (email) => `('${email}', '${email}', '${email}', '2020-01-01T00:00:00Z')`,
  );
  const terms = emails.map((email) => `('${email}', '${email}')`);
  await execute(
    site,
    `INSERT INTO "User" ("id", "email", "emailTyped", "emailVerified") VALUES ${rows};
       UPDATE "User" SET "createdAt" = "emailVerified" WHERE "id" IN (${emails.map((email) => `'${email}'`)});
       INSERT INTO "UserSearchTerm" ("userId", "term") VALUES ${terms};`,
  );
  return emails;
}

/** Asks a running site's database. */
async function query(site: Site, asked: string, ...args: string[]): Promise<unknown[][]> {
  let number = 0;
  const sql = isFile(site) ? asked : asked.replaceAll("?", () => `$${++number}`);
  const argTypes = args.map(() => ({ scalarType: "string", arity: "scalar" }) as const);
  return await onDatabase(site.databaseUrl, async (database) => {
    return (await database.queryRaw({ sql, args, argTypes })).rows;
  });
}
