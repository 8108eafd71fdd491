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

/**
 * The database answers and has exactly the migrations of this version. Never writes.
 * @throws {MigrationError} when migrations are missing or unknown
 * @throws when the database does not answer
 */
export async function requireMigratedDatabase(): Promise<void> {
  requireComplete(await readRecords());
}

/**
 * The same for a process that has begun to serve: a newer version beside it may have migrated further, and no migration
 * breaks the version before (CONTRIBUTING.md).
 * @throws as `requireMigratedDatabase`, but for migrations that are unknown
 */
export async function requireServingDatabase(): Promise<void> {
  const known = new Set(ownMigrations().migrationDirectories.map(({ path }) => path));
  requireComplete((await readRecords()).filter(({ name }) => known.has(name)));
}

async function readRecords(): Promise<MigrationRecord[]> {
  return await database().$queryRaw<MigrationRecord[]>(Prisma.raw(recordsSql));
}

let migrations: ReturnType<typeof readMigrations> | undefined;

function ownMigrations() {
  migrations ??= readMigrations(defaultFolder(adapterFactory()));
  return migrations;
}

function requireComplete(records: MigrationRecord[]): void {
  const pending = comparePending(records, ownMigrations());
  if (pending.length > 0)
    throw new MigrationError(
      "pending",
      `The database lacks the migrations ${pending.join(", ")}: start the site with npm start, which applies them.`,
    );
}
