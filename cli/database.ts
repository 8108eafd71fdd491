import { accessSync, constants, existsSync } from "node:fs";
import { dirname, resolve } from "node:path";
import type { Command } from "commander";
import { backUpTo } from "@/lib/platform/database/backup";
import { adapterFactory } from "@/lib/platform/database/database";
import { applyMigrations } from "@/lib/platform/database/migrate";
import { printDone } from "./output";
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
    .description("copies the whole database, as it is at one moment, while the site runs")
    .addHelpText(
      "after",
      "\nTo restore: stop the site, put the copy where DATABASE_URL points, delete the files beside it that\nend in -wal and -shm, and start the site with the AUTH_SECRET that it had.",
    )
    .action(async (typed: string, _, command: Command) => {
      const file = resolve(typed);
      requirePlaceFor(file);
      await backUpTo(file);
      printDone(command, `Copied to ${file}.`, { file });
    });
}

/** @throws {Refusal} */
function requirePlaceFor(file: string): void {
  if (existsSync(file)) throw new Refusal(`${file} is there already. Name another file.`);
  try {
    accessSync(dirname(file), constants.W_OK);
  } catch {
    throw new Refusal(`${dirname(file)} is no folder that this user may write to.`);
  }
}
