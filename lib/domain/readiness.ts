import { Prisma } from "@/lib/platform/database/client/client";
import { adapterFactory, database } from "@/lib/platform/database/database";
import {
  comparePending,
  defaultFolder,
  MigrationError,
  type MigrationRecord,
  readMigrations,
  recordsSql,
} from "@/lib/platform/database/migrations";

let migrations: ReturnType<typeof readMigrations> | undefined;

/**
 * The database answers and has exactly the migrations of this version. Never writes.
 * @throws {MigrationError} when migrations are missing or unknown
 * @throws when the database does not answer
 */
export async function requireMigratedDatabase(): Promise<void> {
  migrations ??= readMigrations(defaultFolder(adapterFactory()));
  const records = await database().$queryRaw<MigrationRecord[]>(Prisma.raw(recordsSql));
  const pending = comparePending(records, migrations);
  if (pending.length > 0)
    throw new MigrationError(
      "pending",
      `The database lacks the migrations ${pending.join(", ")}: start the site with npm start, which applies them.`,
    );
}
