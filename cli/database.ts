import type { Command } from "commander";
import { adapterFactory } from "@/lib/platform/database/database";
import { applyMigrations } from "@/lib/platform/database/migrate";
import { printDone } from "./output";

export function addDatabaseCommands(latchkey: Command): void {
  latchkey
    .command("db")
    .description("the database")
    .command("migrate")
    .description("applies the migrations that are missing")
    .action(async (_, command: Command) => {
      const applied = await applyMigrations(adapterFactory());
      const words = applied.length > 0 ? `Applied: ${applied.join(", ")}` : "Nothing to apply.";
      printDone(command, words, { applied });
    });
}
