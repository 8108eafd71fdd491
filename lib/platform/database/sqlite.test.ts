import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { afterAll, expect, test } from "vitest";
import { PrismaClient } from "./client/client";
import { applyMigrations } from "./migrate";
import { listPendingMigrations } from "./migrations";
import { sqliteAdapterFactory } from "./sqlite";
import { executeOnce, migrationsWith, queryOnce } from "./test-migrations";

const folder = mkdtempSync(join(tmpdir(), "latchkey-sqlite-"));

afterAll(() => rmSync(folder, { recursive: true }));

test.each([
  ["journal_mode", "wal"],
  ["synchronous", 2n], // FULL
  ["foreign_keys", 1n],
])("a client's connection has %s = %s", async (pragma, value) => {
  const client = new PrismaClient({ adapter: sqliteAdapterFactory(`file:${folder}/pragmas.db`) });
  const rows = await client.$queryRawUnsafe<Record<string, unknown>[]>(`PRAGMA ${pragma}`);
  await client.$disconnect();
  expect(Object.values(rows[0] ?? {})).toEqual([value]);
});

test("a client reads what it wrote", async () => {
  const adapter = sqliteAdapterFactory(`file:${folder}/client.db`);
  await applyMigrations(adapter);
  const client = new PrismaClient({ adapter });
  const now = new Date();
  await client.user.create({
    data: { email: "a@example.org", emailTyped: "A@example.org", emailVerified: now },
  });
  const user = await client.user.findUniqueOrThrow({ where: { email: "a@example.org" } });
  expect(user.emailVerified).toEqual(now);
  await client.$disconnect();
});

test("a relative path starts at the working directory, and missing folders are made", async () => {
  const file = join(folder, "new", "deep", "site.db");
  const adapter = sqliteAdapterFactory(`file:${relative(process.cwd(), file)}`);
  expect(existsSync(file)).toBe(false);
  await (await adapter.connect()).dispose();
  expect(existsSync(file)).toBe(true);
});

test("an absolute path may be written as a URL", async () => {
  await (await sqliteAdapterFactory(`file://${folder}/url.db`).connect()).dispose();
  expect(existsSync(join(folder, "url.db"))).toBe(true);
});

test("the shadow database is another one", async () => {
  const file = join(folder, "never.db");
  const shadow = await sqliteAdapterFactory(`file:${file}`).connectToShadowDb();
  await shadow.executeScript("CREATE TABLE a (b); CREATE TABLE c (d);");
  await shadow.dispose();
  expect(existsSync(file)).toBe(false);
});

test("a path that cannot be written is told in one line", async () => {
  const plainFile = join(folder, "plain");
  writeFileSync(plainFile, "This is no database. ".repeat(100));
  for (const path of [`${plainFile}/below/site.db`, "/proc/none/site.db", folder, plainFile]) {
    await expect(sqliteAdapterFactory(`file:${path}`).connect()).rejects.toMatchObject({
      name: "DatabaseError",
      message: expect.stringMatching(
        /^DATABASE_URL names \/.*, which cannot be opened for writing \(.+\): choose/,
      ),
    });
  }
});

test("a client passes that message on", async () => {
  writeFileSync(join(folder, "blocked"), "");
  const adapter = sqliteAdapterFactory(`file:${folder}/blocked/site.db`);
  const client = new PrismaClient({ adapter });
  await expect(client.$queryRawUnsafe("SELECT 1")).rejects.toThrow(/cannot be opened for writing/);
});

test.each([
  "site.db",
  "file:",
  "file::memory:",
  "file:site.db?mode=ro",
  "file://host/site.db",
  "postgresql://user:password@host/site",
])("the URL %s is refused", (url) => {
  expect(() => sqliteAdapterFactory(url)).toThrow(/has to be file: and a path/);
});

test("a migration that makes a table anew keeps the rows that point at it", async () => {
  const database = freshDatabase();
  await applyMigrations(database);
  await executeOnce(
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
  const withRebuild = migrationsWith(folder, database, "29990101000000_rebuild", rebuild);
  expect(await applyMigrations(database, withRebuild)).toEqual(["29990101000000_rebuild"]);
  expect(await queryOnce(database, `SELECT at FROM "Pointing"`)).toEqual([[1]]);
});

test("a migration that leaves rows pointing at nothing is undone", async () => {
  const database = freshDatabase();
  await applyMigrations(database);
  const dangling = `CREATE TABLE "Pointed" (id INTEGER PRIMARY KEY);
    CREATE TABLE "Pointing" (at INTEGER REFERENCES "Pointed" (id));
    INSERT INTO "Pointing" VALUES (1);`;
  await expect(
    applyMigrations(
      database,
      migrationsWith(folder, database, "29990101000000_dangling", dangling),
    ),
  ).rejects.toThrow(/Pointing.* point at nothing/);
  expect(await listPendingMigrations(database)).toEqual([]);
});

let made = 0;

function freshDatabase() {
  made += 1;
  return sqliteAdapterFactory(`file:${join(folder, `${made}.db`)}`);
}
