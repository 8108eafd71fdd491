import type { SqlDriverAdapter, SqlQuery, Transaction } from "@prisma/driver-adapter-utils";
import type { Readable } from "./catalog";
import { Prisma } from "./client/client";

/** Connections with a way to one row that is shorter than Prisma's: for what every request asks. */
export interface Connections extends SqlDriverAdapter {
  /** @returns the values in the order of the SELECT, as `readStoredValue` reads them; undefined when there is no such row */
  findRow(sql: Prisma.Sql): Promise<unknown[] | undefined>;
}

type Writable = Pick<SqlDriverAdapter, "provider" | "executeRaw">;

/** Asks a connection itself, without Prisma's client between: for work on whole tables, whichever they are. */
export async function query(connection: Readable, sql: Prisma.Sql): Promise<unknown[][]> {
  return (await connection.queryRaw(statementOf(connection, sql))).rows;
}

/** @returns how many rows it has changed */
export async function execute(connection: Writable, sql: Prisma.Sql): Promise<number> {
  return await connection.executeRaw(statementOf(connection, sql));
}

function statementOf({ provider }: Pick<Readable, "provider">, sql: Prisma.Sql): SqlQuery {
  return {
    sql: provider === "postgres" ? sql.text : sql.sql,
    args: sql.values,
    argTypes: sql.values.map(() => ({ scalarType: "unknown", arity: "scalar" })),
  };
}

/** A name of a table or a column. */
export function named(name: string): Prisma.Sql {
  return Prisma.raw(`"${name.replaceAll('"', '""')}"`);
}

/** Does `work` in one transaction on one connection: all of it, or nothing. */
export async function inTransactionOn<Result>(
  connection: SqlDriverAdapter,
  work: (transaction: Transaction) => Promise<Result>,
): Promise<Result> {
  const transaction = await connection.startTransaction();
  try {
    const result = await work(transaction);
    await execute(transaction, Prisma.sql`COMMIT`);
    await transaction.commit();
    return result;
  } catch (error) {
    // On a connection that is gone there is nothing to undo.
    await execute(transaction, Prisma.sql`ROLLBACK`).catch(() => undefined);
    await transaction.rollback();
    throw error;
  }
}
