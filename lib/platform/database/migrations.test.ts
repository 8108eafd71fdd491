import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { text } from "node:stream/consumers";
import { build } from "esbuild";
import { afterAll, expect, onTestFinished, test } from "vitest";
import { postgresqlSchemaOf } from "../../../scripts/postgresql-schema.mjs";
import { adapterFactoryOf } from "./database";
import { applyMigrations, diffSchema } from "./migrate";
import { listPendingMigrations } from "./migrations";
import { isOnPostgresql, makeEmptyDatabase } from "./test-database";
import { executeOnce, migrationsWith, queryOnce } from "./test-migrations";

const folder = mkdtempSync(join(tmpdir(), "latchkey-migrations-"));
const models = readFileSync("prisma/schema.prisma", "utf8");
const schema = isOnPostgresql ? postgresqlSchemaOf(models) : models;
const changedSchema = schema.replace(
  "model User {",
  'model User {\n  nickname String @default("")',
);
const table = "CREATE TABLE a (b INTEGER);";
const removals: (() => Promise<void>)[] = [];

afterAll(async () => {
  for (const remove of removals) await remove();
  rmSync(folder, { recursive: true });
});

test("a fresh database gets every migration, with Prisma's own record of it", async () => {
  const database = await freshDatabase();
  const pending = await listPendingMigrations(database);
  expect(pending[0]).toMatch(/^\d{14}_init$/);
  expect(await applyMigrations(database)).toEqual(pending);
  expect(await listPendingMigrations(database)).toEqual([]);

  const records = await queryOnce(
    database,
    `SELECT migration_name, finished_at, rolled_back_at, applied_steps_count, length(checksum)
      FROM _prisma_migrations`,
  );
  expect(records).toEqual(pending.map((name) => [name, expect.any(String), null, 1, 64]));
});

test("a second call does nothing", async () => {
  const database = await freshDatabase();
  await applyMigrations(database);
  expect(await applyMigrations(database)).toEqual([]);
});

test("the migrations lead to the models", async () => {
  expect(await diffSchema(await freshDatabase(), schema)).toBe("");
});

test("a model that no migration made is a difference", async () => {
  expect(changedSchema).not.toBe(schema);
  expect(await diffSchema(await freshDatabase(), changedSchema)).toContain(
    `"nickname" TEXT NOT NULL`,
  );
});

test("a migration that fails leaves nothing behind, so that a mended one can follow", async () => {
  const database = await freshDatabase();
  await applyMigrations(database);
  const broken = migrationsWith(folder, database, "29990101000000_more", `${table} ${table}`);
  await expect(applyMigrations(database, broken)).rejects.toMatchObject({
    name: "MigrationError",
    reason: "failed",
    message: expect.stringMatching(/nothing was changed \(.*"?a"? already exists\)/),
  });
  const mended = migrationsWith(folder, database, "29990101000000_more", table);
  expect(await applyMigrations(database, mended)).toEqual(["29990101000000_more"]);
});

test("a database of a newer version is refused", async () => {
  const database = await freshDatabase();
  await applyMigrations(database, migrationsWith(folder, database, "29990101000000_newer", table));
  const refusal = {
    name: "MigrationError",
    reason: "newer-database",
    message: expect.stringMatching(/29990101000000_newer.*run the newer version/),
  };
  await expect(listPendingMigrations(database)).rejects.toMatchObject(refusal);
  await expect(applyMigrations(database)).rejects.toMatchObject(refusal);
});

test("a half-applied migration is refused, until it is marked as rolled back", async () => {
  const database = await freshDatabase();
  const [init] = await applyMigrations(database);
  await executeOnce(database, "UPDATE _prisma_migrations SET finished_at = NULL");
  const refusal = { name: "MigrationError", reason: "half-applied" };
  await expect(listPendingMigrations(database)).rejects.toMatchObject(refusal);
  await expect(applyMigrations(database)).rejects.toMatchObject(refusal);

  await executeOnce(database, "UPDATE _prisma_migrations SET rolled_back_at = CURRENT_TIMESTAMP");
  expect(await listPendingMigrations(database)).toContain(init);
});

test("a missing migrations folder is told", async () => {
  await expect(
    listPendingMigrations(await freshDatabase(), join(folder, "none")),
  ).rejects.toMatchObject({
    name: "MigrationError",
    reason: "unreadable",
  });
});

test("two callers in one process share the work", async () => {
  const database = await freshDatabase();
  const applied = await Promise.all([applyMigrations(database), applyMigrations(database)]);
  expect(applied.flat()).toEqual(await applyMigrationsAfresh());
});

test("of processes that start at once on an empty file one migrates, and all go on", async () => {
  const program = await bundleMigratingProgram();
  onTestFinished(() => rmSync(program));
  const expected = await applyMigrationsAfresh();
  for (let round = 0; round < 5; round++) {
    const url = await freshUrl();
    const startAt = String(Date.now() + 1000);
    const applied = await Promise.all([1, 2, 3].map(() => runProgram(program, url, startAt)));
    expect(applied.flat()).toEqual(expected);
    expect(await listPendingMigrations(adapterFactoryOf(url))).toEqual([]);
  }
}, 60_000);

async function freshUrl() {
  const { url, remove } = await makeEmptyDatabase();
  removals.push(remove);
  return url;
}

async function freshDatabase() {
  return adapterFactoryOf(await freshUrl());
}

async function applyMigrationsAfresh() {
  return await applyMigrations(await freshDatabase());
}

async function bundleMigratingProgram() {
  // Below node_modules, where the packages are found.
  const outfile = resolve(`node_modules/.cache/latchkey/migrate-${process.pid}.mjs`);
  const contents = `
    import { applyMigrations } from "./migrate";
    import { adapterFactoryOf } from "./database";
    const [url, startAt] = process.argv.slice(2);
    while (Date.now() < Number(startAt));
    console.log(JSON.stringify(await applyMigrations(adapterFactoryOf(url))));`;
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
