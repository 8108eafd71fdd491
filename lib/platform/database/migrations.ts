import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import type {
  SqlDriverAdapter,
  SqlMigrationAwareDriverAdapterFactory,
} from "@prisma/driver-adapter-utils";
import type { MigrationList } from "./schema-engine";

/** Database and migrations do not go together; the message says in one line what to do. */
export class MigrationError extends Error {
  override name = "MigrationError";

  constructor(
    readonly reason: "newer-database" | "half-applied" | "failed" | "unreadable" | "pending",
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/**
 * Names the migrations that the database lacks, oldest first. Cheap: one query, no engine.
 *
 * @param migrationsFolder this version's migrations, by default those of the working directory
 * for this kind of database.
 * @throws MigrationError when a newer version has migrated the database, or a migration was
 * left half-applied.
 */
export async function listPendingMigrations(
  adapterFactory: SqlMigrationAwareDriverAdapterFactory,
  migrationsFolder = defaultFolder(adapterFactory),
): Promise<string[]> {
  const migrations = readMigrations(migrationsFolder);
  const connection = await adapterFactory.connect();
  try {
    return await listPendingOn(connection, migrations);
  } finally {
    await connection.dispose();
  }
}

/** This version's migrations for this kind of database, in the working directory. */
export function defaultFolder({ provider }: SqlMigrationAwareDriverAdapterFactory): string {
  return resolve("prisma/migrations", provider === "postgres" ? "postgresql" : provider);
}

export function readMigrations(folder: string): MigrationList {
  const read = (...path: string[]) => readFileSync(join(folder, ...path), "utf8");
  try {
    const entries = readdirSync(folder, { withFileTypes: true });
    const names = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
    return {
      baseDir: folder,
      lockfile: { path: "migration_lock.toml", content: read("migration_lock.toml") },
      shadowDbInitScript: "",
      migrationDirectories: names.sort().map((path) => {
        const content = { tag: "ok" as const, value: read(path, "migration.sql") };
        return { path, migrationFile: { path: "migration.sql", content } };
      }),
    };
  } catch (cause) {
    const message = `The migrations in ${folder} cannot be read: start in the project's folder, with prisma/migrations complete.`;
    throw new MigrationError("unreadable", message, { cause });
  }
}

/** The same on an open connection. */
export async function listPendingOn(
  connection: SqlDriverAdapter,
  migrations: MigrationList,
): Promise<string[]> {
  return comparePending(await listRecords(connection), migrations);
}

/** What stands among the migrations of a database as long as a copy to it is not finished. */
export const unfinishedCopy = "unfinished_copy";

/** The same from records that have been read already. */
export function comparePending(records: MigrationRecord[], migrations: MigrationList): string[] {
  if (records.some(({ name }) => name === unfinishedCopy)) {
    const message =
      'The database holds a part of a site only: run the "latchkey db copy" that was broken off again, with the former DATABASE_URL, until it is done.';
    throw new MigrationError("half-applied", message);
  }
  const known = migrations.migrationDirectories.map(({ path }) => path);
  const unknown = records.filter(({ name }) => !known.includes(name));
  if (unknown.length > 0) {
    const message = `The database has migrations that this version does not know (${namesOf(unknown)}): run the newer version that made them, or restore a backup from before it.`;
    throw new MigrationError("newer-database", message);
  }
  const unfinished = records.filter(({ finishedAt }) => finishedAt === null);
  if (unfinished.length > 0) {
    const message = `The database has half-applied migrations (${namesOf(unfinished)}): restore a backup from before, or repair it by hand and run "npx prisma migrate resolve".`;
    throw new MigrationError("half-applied", message);
  }
  const applied = records.map(({ name }) => name);
  return known.filter((name) => !applied.includes(name));
}

/** Reads Prisma's own record, as `MigrationRecord`s. */
export const recordsSql = `SELECT migration_name AS "name", finished_at AS "finishedAt"
  FROM _prisma_migrations WHERE rolled_back_at IS NULL ORDER BY started_at`;

/** A line of Prisma's own record. */
export type MigrationRecord = { name: string; finishedAt: unknown };

async function listRecords(connection: SqlDriverAdapter): Promise<MigrationRecord[]> {
  const ask = async (sql: string) =>
    (await connection.queryRaw({ sql, args: [], argTypes: [] })).rows;
  // Asked for first: on PostgreSQL, asking a table that is not there would end the transaction.
  const [isThere] = await ask(
    connection.provider === "postgres"
      ? "SELECT 1 WHERE to_regclass('_prisma_migrations') IS NOT NULL"
      : "SELECT 1 FROM sqlite_schema WHERE name = '_prisma_migrations'",
  );
  if (!isThere) return [];
  return (await ask(recordsSql)).map(([name, finishedAt]) => ({ name: String(name), finishedAt }));
}

function namesOf(records: MigrationRecord[]) {
  return records.map(({ name }) => name).join(", ");
}
