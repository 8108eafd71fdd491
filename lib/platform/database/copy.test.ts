import { spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { PrismaBetterSqlite3 } from "@prisma/adapter-better-sqlite3";
import { build } from "esbuild";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Prisma } from "./client/client";
import { type CopyStep, copyDatabase } from "./copy";
import { adapterFactoryOf, openDatabase } from "./database";
import { applyMigrations } from "./migrate";
import { listPendingMigrations } from "./migrations";
import { isOnPostgresql, makeEmptyDatabase } from "./test-database";

const folder = mkdtempSync(join(tmpdir(), "latchkey-copy-"));
// Below node_modules, where the packages are found.
const program = resolve(`node_modules/.cache/latchkey/copy-${process.pid}.mjs`);
const removals: (() => Promise<void>)[] = [];
const rowsOfEach = 25;
const hostile = ["", "Zoë 😀 \u202e", "with\0zero", '\'; DROP TABLE "User"; --', "a\r\nb\\n", "%_"];

let filled: string;

beforeAll(async () => {
  await bundleCopyingProgram();
  filled = await makeFilledFile();
});
afterAll(async () => {
  for (const remove of removals) await remove();
  rmSync(folder, { recursive: true });
  rmSync(program);
});

test("every row of every model arrives as it was, and can go back", async () => {
  const source = copyOfFilled();
  const target = await freshUrl();
  const copied = await copy(source, target);
  expect(copied.tables.map(({ table }) => table).sort()).toEqual(
    Object.values(Prisma.ModelName).sort(),
  );
  expect(copied.tables.map(({ rows }) => rows)).toEqual(copied.tables.map(() => rowsOfEach));
  expect(copied.replacedTexts > 0).toBe(isOnPostgresql);
  expect(await readModels(target)).toEqual(withoutZeros(await readModels(source)));
  expect(await listPendingMigrations(adapterFactoryOf(target))).toEqual([]);
  expect(await listTraces(target)).toEqual([]);

  const back = `file:${join(folder, "new", "back.db")}`;
  const again = await copy(target, back);
  expect(again.tables).toEqual(expect.arrayContaining(copied.tables));
  expect(await readModels(back)).toEqual(await readModels(target));
}, 30_000);

test("a database with anything in it is refused and stays as it is", async () => {
  const source = copyOfFilled();
  const site = await freshUrl();
  await applyMigrations(adapterFactoryOf(site));
  await onDatabase(site, `INSERT INTO "MailStop" VALUES ('a@example.org', '2026-01-01')`);
  await expect(copy(source, site)).rejects.toThrow(/is not empty: it has rows in MailStop\. Make/);
  const other = await freshUrl();
  await onDatabase(other, "CREATE TABLE others (id INTEGER PRIMARY KEY)");
  await expect(copy(source, other)).rejects.toThrow(/is not empty: it has a table others/);
  expect(await listPendingMigrations(adapterFactoryOf(other))).not.toEqual([]);
});

test("while others are connected to the source it is refused, and nobody gets in meanwhile", async () => {
  const sources = isOnPostgresql ? [await makeMigrated(), copyOfFilled()] : [copyOfFilled()];
  for (const source of sources) {
    const site = openDatabase(adapterFactoryOf(source));
    await site.user.count();
    await expect(copy(source, await freshUrl())).rejects.toThrow(/is in use.*: stop /);
    await site.$disconnect();

    const late = openDatabase(adapterFactoryOf(source));
    let writing: Promise<string> | undefined;
    let written: string | undefined;
    await copy(source, await freshUrl(), () => {
      writing ??= late.$executeRaw`INSERT INTO "ConfiguredAdmin" ("hash") VALUES ('late')`
        .then(() => "written")
        .catch(() => "refused")
        .then((outcome) => {
          written = outcome;
          return outcome;
        });
      expect(written).not.toBe("written");
    });
    await writing;
    await late.$disconnect();
  }
}, 30_000);

test("what a broken copy has begun no site serves, and a source that has changed is copied anew", async () => {
  const source = copyOfFilled();
  const target = await freshUrl();
  const stop = new Error("stopped");
  await expect(
    copy(source, target, ({ act, table, rows }) => {
      if (act === "copying" && table === "Session" && rows > 0) throw stop;
    }),
  ).rejects.toThrow(stop);
  await expect(listPendingMigrations(adapterFactoryOf(target))).rejects.toThrow(/part of a site/);
  await expect(applyMigrations(adapterFactoryOf(target))).rejects.toThrow(/part of a site/);

  await onDatabase(source, `UPDATE "User" SET "name" = 'Changed' WHERE "id" = 'User-1'`);
  const acts: string[] = [];
  await copy(source, target, ({ act }) => void acts.push(act));
  expect(acts[0]).toBe("resuming");
  expect(await readModels(target)).toEqual(withoutZeros(await readModels(source)));
}, 30_000);

test("rows that somebody else has changed in the copy are found, and the next run begins anew", async () => {
  const source = copyOfFilled();
  const target = await freshUrl();
  const stop = new Error("stopped");
  await expect(
    copy(source, target, ({ act }) => {
      if (act === "verifying") throw stop;
    }),
  ).rejects.toThrow(stop);
  await onDatabase(target, `UPDATE "User" SET "name" = 'Else' WHERE "id" = 'User-2'`);
  await expect(copy(source, target)).rejects.toThrow(
    /User is not the same in both databases \(25 rows here, 25 there\)/,
  );
  await copy(source, target);
  expect(await readModels(target)).toEqual(withoutZeros(await readModels(source)));
}, 30_000);

test("killed again and again, it goes on, in bounded memory, to the same end", async () => {
  const source = await makeMigratedFile();
  const users = 20_000;
  await onDatabase(source, usersScript(users));
  await onDatabase(source, sessionsScript(users, 4));
  const target = await freshUrl();
  let kept = 0;
  for (let killed = 0; killed < 3; ) {
    const reached = await runKilledAfter(source, target, 3 + Math.floor(Math.random() * 20));
    if (reached === undefined) break;
    killed += 1;
    const now = await countCopied(target);
    expect(now).toBeGreaterThanOrEqual(kept);
    kept = now;
  }
  if (isOnPostgresql)
    expect(await runCutOff(source, target)).toMatch(/The copy broke off \(.+goes on/);
  const { result } = await runProgram(source, target);
  expect(result.tables).toContainEqual(expect.objectContaining({ table: "User", rows: users }));
  expect(result.tables).toContainEqual(
    expect.objectContaining({ table: "Session", rows: users * 4 }),
  );
  expect(await listTraces(target)).toEqual([]);
}, 120_000);

async function copy(
  from: string,
  to: string,
  tell: (step: CopyStep) => void = () => {},
): ReturnType<typeof copyDatabase> {
  return await copyDatabase(adapterFactoryOf(from), adapterFactoryOf(to), tell);
}

async function freshUrl() {
  const { url, remove } = await makeEmptyDatabase();
  removals.push(remove);
  return url;
}

async function makeMigrated() {
  const url = await freshUrl();
  await applyMigrations(adapterFactoryOf(url));
  return url;
}

async function makeMigratedFile() {
  const url = `file:${join(folder, `${crypto.randomUUID()}.db`)}`;
  await applyMigrations(adapterFactoryOf(url));
  return url;
}

function copyOfFilled(): string {
  const file = join(folder, `${crypto.randomUUID()}.db`);
  cpSync(filled.slice("file:".length), file);
  return `file:${file}`;
}

/** A SQLite file with rows in every table, whichever there are, that hold what is hard to move. */
async function makeFilledFile(): Promise<string> {
  const url = await makeMigratedFile();
  const connection = await new PrismaBetterSqlite3({ url }).connect();
  const ask = async (sql: string) =>
    (await connection.queryRaw({ sql, args: [], argTypes: [] })).rows;
  const columns = await ask(
    `SELECT t.name, c.name, c.type, c."notnull" FROM sqlite_schema t JOIN pragma_table_info(t.name) c
      WHERE t.type = 'table' AND t.name NOT LIKE '\\_prisma%' ESCAPE '\\'`,
  );
  const tables = new Map<string, unknown[][]>();
  for (const column of columns)
    tables.set(String(column[0]), [...(tables.get(String(column[0])) ?? []), column]);
  await connection.executeScript("PRAGMA foreign_keys=OFF; BEGIN");
  for (const [table, its] of tables)
    for (let number = 0; number < rowsOfEach; number++) {
      const args = its.map(([, column, type, notNull]) =>
        valueFor([...tables.keys()], table, String(column), String(type), Boolean(notNull), number),
      );
      const argTypes = args.map(() => ({ scalarType: "unknown", arity: "scalar" }) as const);
      const sql = `INSERT INTO "${table}" (${its.map(([, column]) => `"${column}"`)}) VALUES (${its.map(() => "?")})`;
      await connection.executeRaw({ sql, args, argTypes });
    }
  await connection.executeScript("COMMIT");
  expect(await ask("PRAGMA foreign_key_check")).toEqual([]);
  await connection.dispose();
  return url;
}

function valueFor(
  tables: string[],
  table: string,
  column: string,
  type: string,
  notNull: boolean,
  number: number,
) {
  const referred = tables.find((name) => `${name}Id`.toLowerCase() === column.toLowerCase());
  if (column === "id") return `${table}-${number}`;
  if (referred) return `${referred}-${number}`;
  if (!notNull && number % 3 === 0) return null;
  if (type === "DATETIME") return new Date(Date.UTC(2026, 1, 3, 4, 5, 6, number * 41));
  if (type === "BOOLEAN") return number % 2;
  if (type === "BIGINT") return 2n ** 62n + BigInt(number);
  if (type === "INTEGER") return number - 3;
  return `${hostile[number % hostile.length]}${number}`;
}

/** All rows, as Prisma's client reads them. */
async function readModels(url: string): Promise<Record<string, unknown[]>> {
  const client = openDatabase(adapterFactoryOf(url));
  const models = client as unknown as Record<string, { findMany(): Promise<object[]> }>;
  const read: Record<string, unknown[]> = {};
  for (const name of Object.values(Prisma.ModelName)) {
    const model = models[name.charAt(0).toLowerCase() + name.slice(1)];
    const rows = (await model?.findMany()) ?? [];
    read[name] = rows
      .map((row) => [keyText(row), row])
      .sort(([one], [other]) => (String(one) < String(other) ? -1 : 1))
      .map(([, row]) => row);
  }
  await client.$disconnect();
  return read;
}

function keyText(row: object) {
  return JSON.stringify(row, (_, value) => (typeof value === "bigint" ? String(value) : value));
}

function withoutZeros(models: Record<string, unknown[]>): Record<string, unknown[]> {
  if (!isOnPostgresql) return models;
  const clean = (value: unknown) =>
    typeof value === "string" ? value.replaceAll("\0", "\ufffd") : value;
  const cleanRow = (row: unknown) =>
    Object.fromEntries(Object.entries(Object(row)).map(([name, value]) => [name, clean(value)]));
  return Object.fromEntries(
    Object.entries(models).map(([name, rows]) => [name, rows.map(cleanRow)]),
  );
}

async function onDatabase(url: string, script: string): Promise<void> {
  const connection = await adapterFactoryOf(url).connect();
  await connection.executeScript(script).finally(() => connection.dispose());
}

async function askDatabase(url: string, sql: string): Promise<unknown[][]> {
  const connection = await adapterFactoryOf(url).connect();
  const { rows } = await connection
    .queryRaw({ sql, args: [], argTypes: [] })
    .finally(() => connection.dispose());
  return rows;
}

/** What is left of a copy in the database. */
async function listTraces(url: string): Promise<unknown[][]> {
  const catalog = isOnPostgresql
    ? `SELECT relname::text FROM pg_class WHERE relname LIKE '%latchkey_copy%'`
    : `SELECT name FROM sqlite_schema WHERE name LIKE '%latchkey_copy%'`;
  const record = `SELECT migration_name FROM _prisma_migrations WHERE migration_name LIKE '%copy%'`;
  return [...(await askDatabase(url, catalog)), ...(await askDatabase(url, record))];
}

async function countCopied(url: string): Promise<number> {
  const [[rows] = []] = await askDatabase(url, `SELECT sum("rows") FROM "_latchkey_copy"`);
  return Number(rows);
}

function usersScript(count: number) {
  return `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${count})
    INSERT INTO "User" ("id", "email", "emailTyped", "emailVerified")
    SELECT printf('%08d', i), i || '@example.org', i || '@example.org', '2026-01-01T00:00:00.000+00:00' FROM n`;
}

function sessionsScript(users: number, each: number) {
  return `WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < ${users * each - 1})
    INSERT INTO "Session" ("id", "tokenHash", "userId", "keepSignedIn", "userAgent", "networkAddress", "createdAt", "lastSeenAt", "expiresAt")
    SELECT printf('%08d', i), hex(randomblob(32)), printf('%08d', 1 + i % ${users}), i % 2, 'Mozilla/5.0 (X11; Linux x86_64)', '192.0.2.1',
      '2026-01-01 00:00:00', '2026-01-01T00:00:00.123+00:00', '2026-02-01T00:00:00.000+00:00' FROM n`;
}

async function bundleCopyingProgram() {
  const contents = `
    import { copyDatabase } from "./copy";
    import { adapterFactoryOf } from "./database";
    const [from, to] = process.argv.slice(2).map((url) => adapterFactoryOf(url));
    const result = await copyDatabase(from, to, (step) => console.log(JSON.stringify({ step })));
    const maxRssMegabytes = Math.round(process.resourceUsage().maxRSS / 1024);
    console.log(JSON.stringify({ result, maxRssMegabytes }));`;
  await build({
    stdin: { contents, resolveDir: import.meta.dirname },
    outfile: program,
    bundle: true,
    packages: "external",
    platform: "node",
    format: "esm",
  });
}

/** Less than all rows take. */
const memory = "--max-old-space-size=64";

/** Kills it some time after so many batches. @returns undefined when it was done before */
async function runKilledAfter(from: string, to: string, batches: number) {
  const child = spawn(process.execPath, [memory, program, from, to]);
  const ended = once(child, "close");
  let copied = 0;
  for await (const line of createInterface({ input: child.stdout })) {
    if (JSON.parse(line).step?.act === "copying") copied += 1;
    // Not at once, so that it is hit wherever it happens to be.
    if (copied === batches) setTimeout(() => child.kill("SIGKILL"), Math.random() * 30);
  }
  const [, signal] = await ended;
  return signal ? copied : undefined;
}

/** Has the server hang up on it again and again. @returns what it says */
async function runCutOff(from: string, to: string) {
  const child = spawn(process.execPath, [memory, program, from, to]);
  const errors = text(child.stderr);
  child.stdout.resume();
  while (child.exitCode === null) {
    await sleep(20);
    await askDatabase(
      to,
      `SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid() AND query LIKE 'INSERT%'`,
    );
  }
  return await errors;
}

async function runProgram(from: string, to: string) {
  const child = spawn(process.execPath, [memory, program, from, to]);
  const [output, errors] = await Promise.all([text(child.stdout), text(child.stderr)]);
  const last = output.trim().split("\n").at(-1) ?? "";
  if (!last.includes("result")) throw new Error(errors);
  return JSON.parse(last) as {
    result: Awaited<ReturnType<typeof copyDatabase>>;
    maxRssMegabytes: number;
  };
}
