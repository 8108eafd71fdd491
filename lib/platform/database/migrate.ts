import type {
  SqlDriverAdapter,
  SqlMigrationAwareDriverAdapterFactory,
} from "@prisma/driver-adapter-utils";
import {
  defaultFolder,
  listPendingMigrations,
  listPendingOn,
  MigrationError,
  readMigrations,
} from "./migrations";
import { applyWithEngine, diffWithEngine } from "./schema-engine";
import type { Connections } from "./statement";

/** What a database has to offer to be migrated; each kind of database brings its own. */
export interface MigratableAdapterFactory extends SqlMigrationAwareDriverAdapterFactory {
  connect(): Promise<Connections>;
  /**
   * Waits until no other process is in such a transaction, and runs `work` in one. Nothing is
   * kept when `work` throws or the process dies.
   */
  inExclusiveTransaction<T>(work: (connection: SqlDriverAdapter) => Promise<T>): Promise<T>;
  /**
   * Opens a connection that reads one moment of the database, however long it takes, while nobody can write to it.
   * @throws DatabaseError when a site runs on it
   */
  connectAlone(): Promise<SoleConnection>;
}

/** A connection that only reads. */
export type SoleConnection = Pick<SqlDriverAdapter, "provider" | "queryRaw" | "dispose">;

/**
 * Applies the pending migrations, all or none, and returns the names of those that this call
 * applied. Safe to call from several processes at once.
 *
 * @throws MigrationError as `listPendingMigrations` does, and when a migration fails; what
 * `inExclusiveTransaction` throws.
 */
export async function applyMigrations(
  adapterFactory: MigratableAdapterFactory,
  migrationsFolder = defaultFolder(adapterFactory),
): Promise<string[]> {
  const pending = await listPendingMigrations(adapterFactory, migrationsFolder);
  if (pending.length === 0) return [];

  const migrations = readMigrations(migrationsFolder);
  return await adapterFactory.inExclusiveTransaction(async (connection) => {
    // Another process, perhaps of a newer version, may have had its turn meanwhile.
    const stillPending = await listPendingOn(connection, migrations);
    if (stillPending.length === 0) return [];
    return await applyWithEngine(adapterFactory, connection, migrations).catch(throwFailed);
  });
}

/**
 * Returns the SQL script that leads from the migrations to `schema`, the text of a Prisma
 * schema; empty when they agree. `adapterFactory` only gives scratch databases for it.
 */
export async function diffSchema(
  adapterFactory: SqlMigrationAwareDriverAdapterFactory,
  schema: string,
  migrationsFolder = defaultFolder(adapterFactory),
): Promise<string> {
  return await diffWithEngine(adapterFactory, readMigrations(migrationsFolder), schema);
}

function throwFailed(cause: Error): never {
  // Of PostgreSQL the engine tells the words in the second line.
  const whatDatabaseSaid = cause.message.replace(/^external connector error\n/, "").split("\n")[0];
  const message = `A migration failed and nothing was changed (${whatDatabaseSaid}): check that this is the right database, and otherwise go on with the former version.`;
  throw new MigrationError("failed", message, { cause });
}
