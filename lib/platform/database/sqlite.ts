import { accessSync, constants, existsSync, mkdirSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { PrismaBetterSqlite3 } from "@prisma/adapter-better-sqlite3";
import { isDriverAdapterError, type SqlDriverAdapter } from "@prisma/driver-adapter-utils";
import { seconds } from "../duration";
import { DatabaseError } from "./database-error";
import type { MigratableAdapterFactory, SoleConnection } from "./migrate";
import { connectApart, whenFree } from "./sqlite-connections";

// Waiting is done by `whenFree`: SQLite's own would block the process, and all that it answers.
// In WAL mode, better-sqlite3's build of SQLite would be content with synchronous=NORMAL, which
// forgets the last commits at a power cut.
const settings = `
  PRAGMA busy_timeout=0;
  PRAGMA journal_mode=WAL;
  PRAGMA synchronous=FULL;
  PRAGMA foreign_keys=ON;`;

const longestMigration = seconds(60);

/**
 * Connects Prisma to the SQLite file that `url` names: `file:` and a path, relative ones being
 * relative to the working directory. The file and its folder are made at the first connection.
 *
 * @param givenAs where it was given, for whoever is told that it is wrong.
 * @throws DatabaseError at once when `url` has another form, and from `connect` when the folder
 * or the file cannot be written.
 */
export function sqliteAdapterFactory(
  url: string,
  givenAs = "DATABASE_URL",
): MigratableAdapterFactory {
  const file = parseFileUrl(url);
  const better = new PrismaBetterSqlite3({ url: file });
  const connect = () => open(better, file, givenAs);
  return {
    provider: better.provider,
    adapterName: better.adapterName,
    connect: () => connectApart(file, connect),
    connectToShadowDb: () => better.connectToShadowDb(),
    inExclusiveTransaction: (work) => runInExclusiveTransaction(connect, work),
    connectAlone: () => openAlone(better, file),
  };
}

/** @throws DatabaseError when it is no `file:` and a path */
export function parseFileUrl(url: string): string {
  const path = /^file:(?:\/\/(?=\/))?(?!\/\/)([^?]+)$/.exec(url)?.[1];
  // In memory, each connection would have a database of its own.
  if (path === undefined || path === ":memory:")
    throw new DatabaseError("The database URL has to be file: and a path, without parameters.");
  return resolve(path);
}

async function open(
  better: PrismaBetterSqlite3,
  file: string,
  givenAs: string,
): Promise<SqlDriverAdapter> {
  let connection: SqlDriverAdapter | undefined;
  try {
    makeFolder(dirname(file));
    accessSync(dirname(file), constants.W_OK);
    connection = await better.connect();
    accessSync(file, constants.W_OK);
    // Of two processes that switch a new file to WAL, one is told at once that it is locked.
    const opened = connection;
    await whenFree(() => opened.executeScript(settings), performance.now() + longestMigration);
    return connection;
  } catch (cause) {
    await connection?.dispose();
    const message = `${givenAs} names ${file}, which cannot be opened for writing (${reasonOf(cause)}): choose a folder that this user may write to.`;
    throw new DatabaseError(message, { cause });
  }
}

// Not mkdir's own `recursive`: it never returns where a system, such as /proc, says ENOENT.
function makeFolder(folder: string) {
  if (existsSync(folder)) return;
  makeFolder(dirname(folder));
  try {
    // Addresses of people and waiting mails are no business of the machine's other users.
    mkdirSync(folder, { mode: 0o700 });
  } catch (error) {
    // Another process may have made it just now.
    if (!existsSync(folder)) throw error;
  }
}

/**
 * SQLite's own write lock keeps other processes out, and dies with the process. The engine's is
 * no help: it asks for an exclusive lock that it gets at its first write only, so that of two
 * processes one fails.
 */
async function runInExclusiveTransaction<T>(
  connect: () => Promise<SqlDriverAdapter>,
  work: (connection: SqlDriverAdapter) => Promise<T>,
): Promise<T> {
  const connection = await connect();
  try {
    // SQLite changes a table by dropping it and making it anew, and dropping deletes the rows
    // that point at it. Migrations switch that off, but inside a transaction cannot.
    await connection.executeScript("PRAGMA foreign_keys=OFF");
    await whenFree(
      () => connection.executeScript("BEGIN IMMEDIATE"),
      performance.now() + longestMigration,
    );
    const result = await work(connection);
    await assertReferencesHold(connection);
    await connection.executeScript("COMMIT");
    return result;
  } finally {
    // Without a commit, this undoes everything.
    await connection.dispose();
  }
}

/** SQLite's exclusive mode lets nobody else in, and is refused while anybody is: a site that runs always is. */
async function openAlone(better: PrismaBetterSqlite3, file: string): Promise<SoleConnection> {
  const connection = await better.connect();
  try {
    await connection.executeScript(
      "PRAGMA busy_timeout=0; PRAGMA locking_mode=EXCLUSIVE; BEGIN EXCLUSIVE",
    );
    return connection;
  } catch (cause) {
    await connection.dispose();
    const message = `${file} is in use (${reasonOf(cause)}): stop the site first, so that nothing is written meanwhile, or use a copy by "latchkey db backup".`;
    throw new DatabaseError(message, { cause });
  }
}

async function assertReferencesHold(connection: SqlDriverAdapter) {
  const sql = "PRAGMA foreign_key_check";
  const { rows } = await connection.queryRaw({ sql, args: [], argTypes: [] });
  if (rows.length > 0) {
    const message = `The migration was undone: rows of ${rows[0]?.[0]} would point at nothing.`;
    throw new DatabaseError(message);
  }
}

function reasonOf(error: unknown) {
  if (isDriverAdapterError(error)) return error.cause.originalMessage ?? error.message;
  return error instanceof Error ? error.message : String(error);
}
