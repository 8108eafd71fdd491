import { isDriverAdapterError, type SqlDriverAdapter } from "@prisma/driver-adapter-utils";
import type { Readable, Table } from "./catalog";
import { Prisma } from "./client/client";
import { DatabaseError } from "./database-error";
import { unfinishedCopy } from "./migrations";
import { execute, inTransactionOn, query } from "./statement";
import { emptyDigest, type JsonValue } from "./stored-value";

/** How far the copy of a table is. Kept in the database that is copied to, in the transaction of the rows themselves. */
export interface CopyRecord {
  rows: number;
  /** The primary key of the last row, as JSON; null before the first. */
  cursor: JsonValue[] | null;
  /** Of the rows so far. */
  digest: string;
}

/** Of a copy that is under way or was broken off; null where none was begun. */
export async function findCopyRecords(
  connection: Readable,
): Promise<Map<string, CopyRecord> | null> {
  try {
    const sql = Prisma.sql`SELECT "name", "rows", "cursor", "digest" FROM "_latchkey_copy"`;
    const rows = await query(connection, sql);
    return new Map(
      rows.map(([name, count, cursor, digest]) => [
        String(name),
        { rows: Number(count), cursor: JSON.parse(String(cursor)), digest: String(digest) },
      ]),
    );
  } catch (error) {
    if (isDriverAdapterError(error) && error.cause.kind === "TableDoesNotExist") return null;
    throw error;
  }
}

/**
 * Notes that a copy has begun. Among the migrations it stands as one that is half applied, so that no site, of whichever
 * version, serves half of its data.
 */
export async function beginCopyRecords(connection: SqlDriverAdapter, tables: Table[]) {
  await inTransactionOn(connection, async (transaction) => {
    await execute(
      transaction,
      Prisma.sql`CREATE TABLE "_latchkey_copy" ("name" TEXT PRIMARY KEY, "rows" BIGINT NOT NULL, "cursor" TEXT NOT NULL, "digest" TEXT NOT NULL)`,
    );
    for (const { name } of tables)
      await execute(
        transaction,
        Prisma.sql`INSERT INTO "_latchkey_copy" VALUES (${name}, 0, 'null', ${emptyDigest})`,
      );
    await execute(
      transaction,
      Prisma.sql`INSERT INTO "_prisma_migrations" ("id", "checksum", "migration_name") VALUES (${unfinishedCopy}, '', ${unfinishedCopy})`,
    );
  });
}

/** @throws {DatabaseError} when it is not where `from` says: somebody else copies to the same database */
export async function moveCopyRecord(
  connection: Pick<SqlDriverAdapter, "provider" | "executeRaw">,
  table: Table,
  from: CopyRecord,
  to: CopyRecord,
): Promise<void> {
  const moved = await execute(
    connection,
    Prisma.sql`UPDATE "_latchkey_copy" SET "rows" = ${to.rows}, "cursor" = ${JSON.stringify(to.cursor)}, "digest" = ${to.digest}
      WHERE "name" = ${table.name} AND "rows" = ${from.rows} AND "digest" = ${from.digest}`,
  );
  if (moved !== 1)
    throw new DatabaseError("Another copy to the same database is under way: let it finish.");
}

/** Sets all of them to one and the same. */
export async function resetCopyRecords(
  connection: Pick<SqlDriverAdapter, "provider" | "executeRaw">,
  { rows, cursor, digest }: CopyRecord,
): Promise<void> {
  await execute(
    connection,
    Prisma.sql`UPDATE "_latchkey_copy" SET "rows" = ${rows}, "cursor" = ${JSON.stringify(cursor)}, "digest" = ${digest}`,
  );
}

export const noneCopied: CopyRecord = { rows: 0, cursor: null, digest: emptyDigest };

/** What agrees with nothing: the next copy begins anew. */
export const notToBeTrusted: CopyRecord = { ...noneCopied, rows: -1 };

/** Takes every trace of the copy away: the database is a site's. */
export async function endCopyRecords(connection: SqlDriverAdapter): Promise<void> {
  await inTransactionOn(connection, async (transaction) => {
    await execute(transaction, Prisma.sql`DROP TABLE "_latchkey_copy"`);
    await execute(
      transaction,
      Prisma.sql`DELETE FROM "_prisma_migrations" WHERE "migration_name" = ${unfinishedCopy}`,
    );
  });
}
