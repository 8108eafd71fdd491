import { accessSync, constants, existsSync, statfsSync } from "node:fs";
import { dirname, resolve } from "node:path";
import type { Command } from "commander";
import { backUpTo, measureBackup } from "@/lib/platform/database/backup";
import { type Copied, copyDatabase } from "@/lib/platform/database/copy";
import { adapterFactory, adapterFactoryOf, database } from "@/lib/platform/database/database";
import { applyMigrations } from "@/lib/platform/database/migrate";
import { environment } from "@/lib/platform/environment";
import { databaseUrl } from "@/lib/platform/variable";
import { showCopy } from "./copy-progress";
import { isForPrograms, printDone } from "./output";
import { Refusal } from "./refusal";

export function addDatabaseCommands(latchkey: Command): void {
  const db = latchkey.command("db").description("the database");
  db.command("migrate")
    .description("applies the migrations that are missing")
    .action(async (_, command: Command) => {
      const applied = await applyMigrations(adapterFactory());
      const words = applied.length > 0 ? `Applied: ${applied.join(", ")}` : "Nothing to apply.";
      printDone(command, words, { applied });
    });
  db.command("backup <file>")
    .description("copies the whole database, as it is at one moment, while the site runs (SQLite)")
    .addHelpText("after", "\ndocs/backup.md says how to restore it.")
    .action(async (typed: string, _, command: Command) => {
      const file = resolve(typed);
      requireSqlite();
      await requirePlaceFor(file);
      await backUpTo(file);
      printDone(command, `Copied to ${file}.`, { file });
    });
  db.command("copy")
    .description(
      "moves the site, which has to be stopped, to another database, which has to be empty",
    )
    .requiredOption("--to <url>", "where to, as DATABASE_URL names it: postgres://… or file:…")
    .addHelpText(
      "after",
      "\nBroken off, it goes on where it was when it is run again. README.md leads through it.\nA password that is left out of the URL is read from PGPASSWORD.",
    )
    .action(async ({ to }: { to: string }, command: Command) => {
      requireTarget(to, command);
      // This process has had a look at it, and would count as a site that runs.
      await database().$disconnect();
      const target = adapterFactoryOf(to, "--to");
      const copied = await copyDatabase(adapterFactory(), target, showCopy(isForPrograms(command)));
      printDone(command, wordsOf(copied), {
        tables: copied.tables.length,
        rows: rowsOf(copied),
        replaced_texts: copied.replacedTexts,
      });
    });
}

/** @throws {Refusal} */
function requireSqlite(): void {
  if (environment().databaseUrl.startsWith("file:")) return;
  throw new Refusal(
    'This site is on PostgreSQL, which makes backups itself, also while the site runs: pg_dump --format=custom --file=latchkey.dump "$DATABASE_URL"',
  );
}

/** @throws {Refusal} */
async function requirePlaceFor(file: string): Promise<void> {
  if (existsSync(file)) throw new Refusal(`${file} is there already. Name another file.`);
  const folder = dirname(file);
  try {
    accessSync(folder, constants.W_OK);
  } catch {
    throw new Refusal(`${folder} is no folder that this user may write to.`);
  }
  const needed = await measureBackup();
  const { bavail, bsize } = statfsSync(folder);
  if (bavail * bsize < needed)
    throw new Refusal(
      `${folder} has ${inMegabytes(bavail * bsize)} free, and the copy may need ${inMegabytes(needed)}. Name another folder.`,
    );
}

function inMegabytes(bytes: number): string {
  return `${Math.ceil(bytes / 1_000_000)} MB`;
}

/** Wrong use is told without the URL, which holds a password. */
function requireTarget(to: string, command: Command): void {
  const fault = databaseUrl(
    "must be file: and a path, or look like postgres://user:password@db.example.org:5432/name",
  ).safeParse(to).error?.issues[0]?.message;
  if (fault) command.error(`error: --to ${fault}`);
  if (to === environment().databaseUrl)
    command.error("error: --to is the database of the site itself; name another one");
}

function wordsOf(copied: Copied): string {
  const { tables, replacedTexts } = copied;
  const replaced =
    replacedTexts > 0
      ? `\n${replacedTexts} texts held the character U+0000, which PostgreSQL cannot store: U+FFFD stands there now.`
      : "";
  return `Copied ${rowsOf(copied)} rows in ${tables.length} tables, and both databases hold the same.${replaced}\nNow set DATABASE_URL to the new one, keep AUTH_SECRET, and start the site.`;
}

function rowsOf({ tables }: Copied): number {
  return tables.reduce((sum, { rows }) => sum + rows, 0);
}
