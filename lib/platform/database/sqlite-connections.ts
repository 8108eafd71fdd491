import { setTimeout as sleep } from "node:timers/promises";
import {
  DriverAdapterError,
  isDriverAdapterError,
  type SqlDriverAdapter,
  type SqlQuery,
  type Transaction,
} from "@prisma/driver-adapter-utils";
import { Mutex } from "async-mutex";
import { seconds } from "../duration";
import { openRows } from "./sqlite-row";
import { type Connections, query } from "./statement";

/** How long a statement waits for other writers, in this process and in others, before the database counts as away. */
const patience = seconds(5);
const retryMs = 3;

/**
 * Prisma's adapter has one connection, on which a statement that comes beside an open transaction lands inside it and is
 * undone with it: a counted guess would be forgotten when somebody else's sign-in is refused. So reads get a connection
 * of their own, which sees only what has been committed, and writes wait their turn.
 * @param connect opens another connection to `file`
 */
export async function connectApart(
  file: string,
  connect: () => Promise<SqlDriverAdapter>,
): Promise<Connections> {
  const writer = await connect();
  const reader = await connect();
  await reader.executeScript("PRAGMA query_only=ON");
  const rows = openRows(file);
  const turn = new Mutex();
  const write = async <Result>(work: () => Promise<Result>) => {
    const deadline = performance.now() + patience;
    return await turn.runExclusive(() => whenFree(work, deadline));
  };
  const read = (asked: SqlQuery) =>
    whenFree(() => reader.queryRaw(asked), performance.now() + patience);
  return {
    provider: writer.provider,
    adapterName: writer.adapterName,
    findRow: async (sql) => {
      try {
        return rows.findRow(sql);
      } catch {
        // The adapter waits, or says what is wrong.
        const [row] = await query({ provider: reader.provider, queryRaw: read }, sql);
        return row;
      }
    },
    queryRaw: (asked) =>
      /^\s*SELECT\b/i.test(asked.sql) ? read(asked) : write(() => writer.queryRaw(asked)),
    executeRaw: (asked) => write(() => writer.executeRaw(asked)),
    executeScript: (script) => write(() => writer.executeScript(script)),
    startTransaction: async (isolationLevel) => {
      const deadline = performance.now() + patience;
      const release = await turn.acquire();
      try {
        const begin = () => beginToWrite(writer, isolationLevel);
        return patient(await whenFree(begin, deadline), deadline, release);
      } catch (error) {
        release();
        throw error;
      }
    },
    dispose: async () => {
      rows.close();
      await reader.dispose();
      await writer.dispose();
    },
  };
}

/**
 * Takes SQLite's lock at once. The adapter's own BEGIN takes it at the first write: when another process has written since
 * the transaction looked at something, that write fails however long it is tried (SQLITE_BUSY_SNAPSHOT).
 */
async function beginToWrite(
  writer: SqlDriverAdapter,
  isolationLevel: Parameters<SqlDriverAdapter["startTransaction"]>[0],
): Promise<Transaction> {
  const transaction = await writer.startTransaction(isolationLevel);
  try {
    await writer.executeScript("COMMIT; BEGIN IMMEDIATE");
    return transaction;
  } catch (error) {
    // Nothing is open any more: this only gives back the adapter's own turn.
    await transaction.rollback();
    throw error;
  }
}

/** Waits for other processes as long as anything else does. */
function patient(transaction: Transaction, deadline: number, release: () => void): Transaction {
  const { queryRaw, executeRaw, commit, rollback } = transaction;
  return Object.assign(transaction, {
    queryRaw: (query: SqlQuery) => whenFree(() => queryRaw.call(transaction, query), deadline),
    executeRaw: (query: SqlQuery) =>
      // However late it is, an end must be put to it: the connection would stay in it for ever.
      isEnd(query)
        ? executeRaw.call(transaction, query)
        : whenFree(() => executeRaw.call(transaction, query), deadline),
    commit: () => commit.call(transaction).finally(release),
    rollback: () => rollback.call(transaction).finally(release),
  });
}

function isEnd({ sql }: SqlQuery): boolean {
  return /^\s*(COMMIT|ROLLBACK)\b/i.test(sql);
}

/**
 * Does `work` as soon as no other writer is in the way. Waits without blocking this process, since it may itself be the
 * one to wait for, and has others to answer meanwhile.
 * @param deadline by `performance.now()`, since the time of day may jump
 * @throws what SQLite says when the deadline is over
 */
export async function whenFree<Result>(
  work: () => Promise<Result>,
  deadline: number,
): Promise<Result> {
  for (;;) {
    // A place in the queue that came too late is of no use: whoever asked has been told.
    if (performance.now() > deadline) throw new DriverAdapterError({ kind: "SocketTimeout" });
    try {
      return await work();
    } catch (error) {
      if (!isBusy(error)) throw error;
    }
    await sleep(retryMs);
  }
}

function isBusy(error: unknown): boolean {
  return isDriverAdapterError(error) && error.cause.kind === "SocketTimeout";
}
