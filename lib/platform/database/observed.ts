import type { SqlQuery, SqlQueryable } from "@prisma/driver-adapter-utils";
import { metrics, secondsSince } from "../metrics";
import { startSpan } from "../tracing";
import type { Prisma } from "./client/client";
import type { MigratableAdapterFactory } from "./migrate";
import type { Connections } from "./statement";

type Operation = "read" | "write" | "begin" | "commit" | "rollback";

/** The same connections, with the time of each statement counted and, where traces go out, traced. What it says stays here. */
export function observed(
  factory: Pick<MigratableAdapterFactory, "provider" | "adapterName" | "connect">,
) {
  return {
    provider: factory.provider,
    adapterName: factory.adapterName,
    connect: async (): Promise<Connections> => {
      const connection = observedStatements(await factory.connect());
      const { findRow, startTransaction } = connection;
      return Object.assign(connection, {
        findRow: (sql: Prisma.Sql) => observe("read", () => findRow(sql)),
        startTransaction: async (...given: Parameters<typeof startTransaction>) =>
          observedStatements(
            await observe("begin", () => startTransaction.apply(connection, given)),
          ),
      });
    },
  };
}

function observedStatements<Connection extends SqlQueryable>(connection: Connection): Connection {
  const { queryRaw, executeRaw } = connection;
  return Object.assign(connection, {
    queryRaw: (query: SqlQuery) =>
      observe(operationOf(query), () => queryRaw.call(connection, query)),
    executeRaw: (query: SqlQuery) =>
      observe(operationOf(query), () => executeRaw.call(connection, query)),
  });
}

/** Prisma ends a transaction by a statement, too. */
function operationOf({ sql }: SqlQuery): Operation {
  if (/^\s*SELECT\b/i.test(sql)) return "read";
  if (/^\s*COMMIT\b/i.test(sql)) return "commit";
  return /^\s*ROLLBACK\b/i.test(sql) ? "rollback" : "write";
}

async function observe<Result>(operation: Operation, work: () => Promise<Result>): Promise<Result> {
  const from = performance.now();
  const span = startSpan(`database ${operation}`);
  try {
    return await work();
  } finally {
    span?.end();
    metrics.databaseTime.observe({ operation }, secondsSince(from));
  }
}
