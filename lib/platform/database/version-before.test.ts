import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

const folder = "prisma/migrations";

/** They came before the first version that was given to anybody, so that none stands before them. */
const exempt = ["sqlite/20261122160049_sign_in_by_number"];

const migrations = readdirSync(folder, { recursive: true, encoding: "utf8" })
  .filter((path) => path.endsWith("migration.sql"))
  .map((path) => path.replace("/migration.sql", ""))
  .sort();

test.each(migrations)("the version before goes on working beside %s", (name) => {
  const script = readFileSync(join(folder, name, "migration.sql"), "utf8");
  expect(listBreaking(script).length > 0, listBreaking(script).join("\n")).toBe(
    exempt.includes(name),
  );
});

test.each([
  'ALTER TABLE "User" DROP COLUMN "name"',
  'ALTER TABLE "User" RENAME COLUMN "name" TO "title"',
  'ALTER TABLE "User" RENAME TO "Person"',
  'ALTER TABLE "User" ADD COLUMN "name" TEXT NOT NULL',
  'ALTER TABLE "User" ADD COLUMN "a" TEXT,\nADD COLUMN "b" TEXT NOT NULL',
  'ALTER TABLE "User" ALTER COLUMN "name" SET NOT NULL',
  'ALTER TABLE "User" ALTER COLUMN "name" SET DATA TYPE INTEGER',
  'ALTER TABLE "User" ADD CONSTRAINT "long" CHECK (length("name") > 1)',
  'DROP TABLE "User"',
  'CREATE UNIQUE INDEX "User_name_key" ON "User"("name")',
  'CREATE TRIGGER "t" AFTER INSERT ON "User" BEGIN SELECT 1; END',
])("%s would break it", (statement) => {
  expect(
    listBreaking(`CREATE TABLE "Other" ("id" TEXT);\n-- A comment\n${statement};`),
  ).toHaveLength(1 + (statement.match(/;/g)?.length ?? 0));
});

test("what is new to it does not", () => {
  expect(
    listBreaking(`CREATE TABLE "New" ("id" TEXT NOT NULL PRIMARY KEY, "userId" TEXT NOT NULL);
      CREATE UNIQUE INDEX "New_userId_key" ON "New"("userId");
      ALTER TABLE "New" ADD CONSTRAINT "New_userId_fkey" FOREIGN KEY ("userId") REFERENCES "User"("id");
      ALTER TABLE "User" ADD COLUMN "nickname" TEXT;
      CREATE UNIQUE INDEX "User_nickname_key" ON "User"("nickname");
      ALTER TABLE "User" ADD COLUMN "tries" INTEGER NOT NULL DEFAULT 0;
      DROP INDEX "User_name_idx";
      CREATE INDEX "User_name_id_idx" ON "User"("name", "id");
      UPDATE "User" SET "nickname" = "name";`),
  ).toEqual([]);
});

/** The statements after which a process of the version before might fail: all that are not known to leave it alone. */
function listBreaking(script: string): string[] {
  const statements = script
    .replace(/--.*$/gm, "")
    .split(";")
    .map((statement) => statement.trim())
    .filter(Boolean);
  const made = statements.flatMap((statement) => [
    ...capture(/^CREATE TABLE (?:IF NOT EXISTS )?"(\w+)"/i, statement),
    ...capture(/^ALTER TABLE "\w+" ADD COLUMN "(\w+)"/i, statement),
  ]);
  return statements.filter((statement) => !leavesAlone(statement, made));
}

/** @param made the tables and columns that the same migration makes: the version before does not know them */
function leavesAlone(statement: string, made: string[]): boolean {
  if (/^(CREATE TABLE|CREATE INDEX|DROP INDEX|UPDATE|INSERT)\b/i.test(statement)) return true;
  const [table = ""] = capture(/^(?:ALTER TABLE|CREATE UNIQUE INDEX "\w+" ON) "(\w+)"/i, statement);
  if (/^CREATE UNIQUE INDEX/i.test(statement)) {
    const [column = ""] = capture(/\("(\w+)"/, statement);
    return made.includes(table) || made.includes(column);
  }
  if (!/^ALTER TABLE/i.test(statement)) return false;
  if (made.includes(table)) return true;
  const changes = statement
    .replace(/^ALTER TABLE "\w+"/i, "")
    .split(/,\s*(?=ADD|DROP|ALTER|RENAME)/i);
  return changes.every(
    (change) =>
      /^\s*ADD COLUMN\b/i.test(change) &&
      (!/NOT NULL/i.test(change) || /\bDEFAULT\b/i.test(change)),
  );
}

function capture(pattern: RegExp, text: string): string[] {
  return pattern.exec(text)?.slice(1) ?? [];
}
