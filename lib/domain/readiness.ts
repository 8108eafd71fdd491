import { adapterFactory } from "@/lib/platform/database/database";
import { listPendingMigrations, MigrationError } from "@/lib/platform/database/migrations";

/**
 * The database answers and has exactly the migrations of this version. Never writes.
 * @throws {MigrationError} when migrations are missing or unknown
 * @throws when the database does not answer
 */
export async function requireMigratedDatabase(): Promise<void> {
  const pending = await listPendingMigrations(adapterFactory());
  if (pending.length > 0)
    throw new MigrationError(
      "pending",
      `The database lacks the migrations ${pending.join(", ")}: start the site with npm start, which applies them.`,
    );
}
