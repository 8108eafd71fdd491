import { spawn } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { text } from "node:stream/consumers";
import { build } from "esbuild";
import { afterAll, expect, onTestFinished, test } from "vitest";
import { applyMigrations, diffSchema } from "./migrate";
import { listPendingMigrations } from "./migrations";
import { sqliteAdapterFactory } from "./sqlite";

const folder = mkdtempSync(join(tmpdir(), "latchkey-migrations-"));
const schema = readFileSync("prisma/schema.prisma", "utf8");
const changedSchema = schema.replace(
  "model User {",
  'model User {\n  nickname String @default("")',
);
let made = 0;

afterAll(() => rmSync(folder, { recursive: true }));

test("a fresh database gets every migration, with Prisma's own record of it", async () => {
  const database = freshDatabase();
  const pending = await listPendingMigrations(database);
  expect(pending[0]).toMatch(/^\d{14}_init$/);
  expect(await applyMigrations(database)).toEqual(pending);
  expect(await listPendingMigrations(database)).toEqual([]);

  const records = await query(
    database,
    `SELECT migration_name, finished_at, rolled_back_at, applied_steps_count, length(checksum)
      FROM _prisma_migrations`,
  );
  expect(records).toEqual(pending.map((name) => [name, expect.any(String), null, 1, 64]));
});

test("a second call does nothing", async () => {
  const database = freshDatabase();
  await applyMigrations(database);
  expect(await applyMigrations(database)).toEqual([]);
});

test("the migrations lead to the models", async () => {
  expect(await diffSchema(freshDatabase(), schema)).toBe("");
});

test("a model that no migration made is a difference", async () => {
  expect(changedSchema).not.toBe(schema);
  expect(await diffSchema(freshDatabase(), changedSchema)).toContain(`"nickname" TEXT NOT NULL`);
});

test("a migration that makes a table anew keeps the rows that point at it", async () => {
  const database = freshDatabase();
  await applyMigrations(database);
  await execute(
    database,
    `CREATE TABLE "Pointed" (id INTEGER PRIMARY KEY);
     CREATE TABLE "Pointing" (at INTEGER REFERENCES "Pointed" (id) ON DELETE CASCADE);
     INSERT INTO "Pointed" VALUES (1);
     INSERT INTO "Pointing" VALUES (1);`,
  );
  // As the engine writes it.
  const rebuild = `PRAGMA defer_foreign_keys=ON;
    PRAGMA foreign_keys=OFF;
    CREATE TABLE "new_Pointed" (id INTEGER PRIMARY KEY, name TEXT);
    INSERT INTO "new_Pointed" (id) SELECT id FROM "Pointed";
    DROP TABLE "Pointed";
    ALTER TABLE "new_Pointed" RENAME TO "Pointed";
    PRAGMA foreign_keys=ON;
    PRAGMA defer_foreign_keys=OFF;`;
  const withRebuild = migrationsWith("29990101000000_rebuild", rebuild);
  expect(await applyMigrations(database, withRebuild)).toEqual(["29990101000000_rebuild"]);
  expect(await query(database, `SELECT at FROM "Pointing"`)).toEqual([[1]]);
});

test("a migration that leaves rows pointing at nothing is undone", async () => {
  const database = freshDatabase();
  await applyMigrations(database);
  const dangling = `CREATE TABLE "Pointed" (id INTEGER PRIMARY KEY);
    CREATE TABLE "Pointing" (at INTEGER REFERENCES "Pointed" (id));
    INSERT INTO "Pointing" VALUES (1);`;
  await expect(
    applyMigrations(database, migrationsWith("29990101000000_dangling", dangling)),
  ).rejects.toThrow(/Pointing.* point at nothing/);
  expect(await listPendingMigrations(database)).toEqual([]);
});

test("a migration that fails leaves nothing behind, so that a mended one can follow", async () => {
  const database = freshDatabase();
  await applyMigrations(database);
  const broken = migrationsWith("29990101000000_more", "CREATE TABLE a (b); CREATE TABLE a (b);");
  await expect(applyMigrations(database, broken)).rejects.toMatchObject({
    name: "MigrationError",
    reason: "failed",
    message: expect.stringContaining("nothing was changed (table a already exists)"),
  });
  const mended = migrationsWith("29990101000000_more", "CREATE TABLE a (b);");
  expect(await applyMigrations(database, mended)).toEqual(["29990101000000_more"]);
});

test("a database of a newer version is refused", async () => {
  const database = freshDatabase();
  await applyMigrations(database, migrationsWith("29990101000000_newer", "CREATE TABLE a (b);"));
  const refusal = {
    name: "MigrationError",
    reason: "newer-database",
    message: expect.stringMatching(/29990101000000_newer.*run the newer version/),
  };
  await expect(listPendingMigrations(database)).rejects.toMatchObject(refusal);
  await expect(applyMigrations(database)).rejects.toMatchObject(refusal);
});

test("a half-applied migration is refused, until it is marked as rolled back", async () => {
  const database = freshDatabase();
  const [init] = await applyMigrations(database);
  await execute(database, "UPDATE _prisma_migrations SET finished_at = NULL");
  const refusal = { name: "MigrationError", reason: "half-applied" };
  await expect(listPendingMigrations(database)).rejects.toMatchObject(refusal);
  await expect(applyMigrations(database)).rejects.toMatchObject(refusal);

  await execute(database, "UPDATE _prisma_migrations SET rolled_back_at = CURRENT_TIMESTAMP");
  expect(await listPendingMigrations(database)).toContain(init);
});

test("a missing migrations folder is told", async () => {
  await expect(listPendingMigrations(freshDatabase(), join(folder, "none"))).rejects.toMatchObject({
    name: "MigrationError",
    reason: "unreadable",
  });
});

test("two callers in one process share the work", async () => {
  const database = freshDatabase();
  const applied = await Promise.all([applyMigrations(database), applyMigrations(database)]);
  expect(applied.flat()).toEqual(await applyMigrationsAfresh());
});

test("of processes that start at once on an empty file one migrates, and all go on", async () => {
  const program = await bundleMigratingProgram();
  onTestFinished(() => rmSync(program));
  const expected = await applyMigrationsAfresh();
  for (let round = 0; round < 5; round++) {
    const url = freshUrl();
    const startAt = String(Date.now() + 1000);
    const applied = await Promise.all([1, 2, 3].map(() => runProgram(program, url, startAt)));
    expect(applied.flat()).toEqual(expected);
    expect(await listPendingMigrations(sqliteAdapterFactory(url))).toEqual([]);
  }
}, 60_000);

function freshUrl() {
  made += 1;
  return `file:${join(folder, `${made}.db`)}`;
}

function freshDatabase() {
  return sqliteAdapterFactory(freshUrl());
}

async function applyMigrationsAfresh() {
  return await applyMigrations(freshDatabase());
}

function migrationsWith(name: string, sql: string) {
  const copy = mkdtempSync(join(folder, "with-"));
  cpSync("prisma/migrations/sqlite", copy, { recursive: true });
  mkdirSync(join(copy, name));
  writeFileSync(join(copy, name, "migration.sql"), sql);
  return copy;
}

type Database = ReturnType<typeof sqliteAdapterFactory>;

async function query(database: Database, sql: string) {
  const connection = await database.connect();
  const { rows } = await connection.queryRaw({ sql, args: [], argTypes: [] });
  await connection.dispose();
  return rows;
}

async function execute(database: Database, script: string) {
  const connection = await database.connect();
  await connection.executeScript(script);
  await connection.dispose();
}

async function bundleMigratingProgram() {
  // Below node_modules, where the packages are found.
  const outfile = resolve(`node_modules/.cache/latchkey/migrate-${process.pid}.mjs`);
  const contents = `
    import { applyMigrations } from "./migrate";
    import { sqliteAdapterFactory } from "./sqlite";
    const [url, startAt] = process.argv.slice(2);
    while (Date.now() < Number(startAt));
    console.log(JSON.stringify(await applyMigrations(sqliteAdapterFactory(url))));`;
  await build({
    stdin: { contents, resolveDir: import.meta.dirname },
    outfile,
    bundle: true,
    packages: "external",
    platform: "node",
    format: "esm",
  });
  return outfile;
}

async function runProgram(program: string, url: string, startAt: string): Promise<string[]> {
  const child = spawn(process.execPath, [program, url, startAt]);
  const [output, errors] = await Promise.all([text(child.stdout), text(child.stderr)]);
  if (output === "") throw new Error(errors);
  return JSON.parse(output);
}
