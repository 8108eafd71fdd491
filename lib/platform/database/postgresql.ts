import { PrismaPg } from "@prisma/adapter-pg";
import {
  ColumnTypeEnum,
  DriverAdapterError,
  isDriverAdapterError,
  type SqlDriverAdapter,
  type SqlQuery,
  type Transaction,
} from "@prisma/driver-adapter-utils";
import pg from "pg";
import { seconds } from "../duration";
import { DatabaseError } from "./database-error";
import type { MigratableAdapterFactory } from "./migrate";

/**
 * How long is waited before the database counts as away. Who waits for a connection, and then for a lock on it, waits for
 * both: together they have to stay below six seconds.
 */
const patience = { connection: seconds(3.5), lock: seconds(2), statement: seconds(5) };
/** How many connections a process opens at most, unless `connection_limit` of the URL says otherwise. */
const usualConnections = 10;
const longestMigration = seconds(60);
/** Names the lock that one migrating process has; any number, as long as all versions use the same. */
const migrationLock = 7_014_853_271n;

/**
 * What the server ends by itself, in milliseconds: a wait for another transaction, a statement, and a transaction whose
 * process is gone without having said so, which would keep its locks. Set on the connection and not in its greeting, which
 * poolers refuse.
 */
const serverLimits = `SET lock_timeout = ${patience.lock}; SET statement_timeout = ${patience.statement};
  SET idle_in_transaction_session_timeout = ${seconds(15)}; SET TIME ZONE 'UTC'`;

/**
 * Connects Prisma to the PostgreSQL database that `url` names.
 * @param url `postgres://user:password@host:port/name`, with the parameters that libpq knows and `connection_limit`
 * @throws DatabaseError from `connect`, when the database does not let us in
 */
export function postgresqlAdapterFactory(url: string): MigratableAdapterFactory {
  const adapters = new PrismaPg({});
  return {
    provider: adapters.provider,
    adapterName: adapters.adapterName,
    connect: () => connect(url),
    connectToShadowDb: () => connectToScratch(url),
    inExclusiveTransaction: (work) => runInExclusiveTransaction(url, work),
  };
}

async function connect(url: string): Promise<SqlDriverAdapter> {
  const connections = await open(url, {
    max: Number(new URL(url).searchParams.get("connection_limit") ?? usualConnections),
    connectionTimeoutMillis: patience.connection,
    // Where the server, or the way to it, is silent: later than it would have ended the statement itself.
    query_timeout: patience.statement + 500,
    onConnect: async (client) => void (await client.query(serverLimits)),
  });
  return withKnownFaults(connections);
}

/** @throws DatabaseError when it does not let us in */
async function open(url: string, config: pg.PoolConfig) {
  const pool = new pg.Pool({
    connectionString: url,
    application_name: "latchkey",
    keepAlive: true,
    ...config,
  });
  const connections = await new PrismaPg(pool, { disposeExternalPool: true }).connect();
  try {
    await connections.queryRaw({ sql: "SELECT 1", args: [], argTypes: [] });
    return connections;
  } catch (cause) {
    await connections.dispose();
    throw new DatabaseError(describe(cause, new URL(url)), { cause });
  }
}

/**
 * PostgreSQL's catalogue answers the migration engine with a type of one byte, which Prisma's adapter does not know: read
 * as a text, and called a character afterwards, as the engine wants it.
 */
function forEngine(connections: Awaited<ReturnType<typeof open>>): SqlDriverAdapter {
  const pool = connections.underlyingDriver();
  const { CHAR, TEXT } = pg.types.builtins;
  const charactersIn = new WeakMap<unknown[], boolean[]>();
  const query = pool.query.bind(pool) as (config: pg.QueryConfig) => Promise<pg.QueryResult>;
  Object.assign(pool, {
    query: async (config: pg.QueryConfig) => {
      const result = await query(config);
      const areCharacters = (result.fields ?? []).map((field) => field.dataTypeID === CHAR);
      charactersIn.set(result.rows, areCharacters);
      for (const field of result.fields ?? [])
        if (field.dataTypeID === CHAR) field.dataTypeID = TEXT;
      return result;
    },
  });
  const queryRaw = connections.queryRaw.bind(connections);
  connections.queryRaw = async (asked) => {
    const { columnTypes, ...rest } = await queryRaw(asked);
    const areCharacters = charactersIn.get(rest.rows) ?? [];
    const typeAt = (type: (typeof columnTypes)[number], at: number) =>
      areCharacters[at] ? ColumnTypeEnum.Character : type;
    return { ...rest, columnTypes: columnTypes.map(typeAt) };
  };
  return connections;
}

/** The driver's own words for a broken connection are no fault that Prisma knows, and would pass for one of our code. */
function withKnownFaults(connections: SqlDriverAdapter): SqlDriverAdapter {
  const { queryRaw, executeRaw, startTransaction } = connections;
  return Object.assign(connections, {
    queryRaw: known((query: SqlQuery) => queryRaw.call(connections, withoutZeros(query))),
    executeRaw: known((query: SqlQuery) => executeRaw.call(connections, withoutZeros(query))),
    startTransaction: known(async (...given: Parameters<typeof startTransaction>) =>
      transactionWithKnownFaults(await startTransaction.apply(connections, given)),
    ),
  });
}

function transactionWithKnownFaults(transaction: Transaction): Transaction {
  const { queryRaw, executeRaw } = transaction;
  return Object.assign(transaction, {
    queryRaw: known((query: SqlQuery) => queryRaw.call(transaction, withoutZeros(query))),
    executeRaw: known((query: SqlQuery) => executeRaw.call(transaction, withoutZeros(query))),
  });
}

/** No text of PostgreSQL holds U+0000, and a question with one would be a fault. The sign for what is no letter finds nothing either. */
function withoutZeros(query: SqlQuery): SqlQuery {
  const replace = (value: unknown): unknown =>
    typeof value === "string"
      ? value.replaceAll("\0", "\ufffd")
      : Array.isArray(value)
        ? value.map(replace)
        : value;
  return { ...query, args: query.args.map(replace) };
}

function known<Given extends unknown[], Result>(act: (...given: Given) => Promise<Result>) {
  return async (...given: Given): Promise<Result> => {
    try {
      return await act(...given);
    } catch (error) {
      if (isDriverAdapterError(error)) throw error;
      throw new DriverAdapterError({ kind: "ConnectionClosed" });
    }
  };
}

/**
 * PostgreSQL undoes changes of tables like all others, so that one transaction holds all migrations. One process has the
 * lock, and the others wait; it goes with the transaction, also when the process dies.
 */
async function runInExclusiveTransaction<T>(
  url: string,
  work: (connection: SqlDriverAdapter) => Promise<T>,
): Promise<T> {
  // One connection, that stays open however long the engine thinks: the transaction is on it.
  const connection = await open(url, { max: 1, idleTimeoutMillis: 0 });
  try {
    await connection.executeScript(
      `BEGIN; SET LOCAL lock_timeout = ${longestMigration}; SELECT pg_advisory_xact_lock(${migrationLock})`,
    );
    const result = await work(forEngine(connection));
    await connection.executeScript("COMMIT");
    return result;
  } finally {
    // Without a commit, this undoes everything.
    await connection.dispose();
  }
}

/** An empty database of its own, which is gone when the connection is given back. */
async function connectToScratch(url: string): Promise<SqlDriverAdapter> {
  const server = await open(url, { max: 1 });
  const name = `latchkey_scratch_${crypto.randomUUID().replaceAll("-", "")}`;
  await server.executeScript(`CREATE DATABASE ${name}`);
  const scratchUrl = new URL(url);
  scratchUrl.pathname = name;
  const scratch = forEngine(await open(scratchUrl.href, { max: 1 }));
  const dispose = scratch.dispose.bind(scratch);
  scratch.dispose = async () => {
    await dispose();
    await server.executeScript(`DROP DATABASE ${name} WITH (FORCE)`);
    await server.dispose();
  };
  return scratch;
}

/** What is wrong and what to do, without the password. */
function describe(error: unknown, { username, hostname, port, pathname }: URL): string {
  const user = decodeURIComponent(username);
  const server = `${hostname}:${port || 5432}`;
  const name = decodeURIComponent(pathname.slice(1));
  const fault = isDriverAdapterError(error) ? error.cause : undefined;
  const said = fault?.originalMessage ?? (error instanceof Error ? error.message : String(error));
  switch (fault?.kind) {
    case "AuthenticationFailed":
      return `DATABASE_URL: ${server} refuses the password of ${user}; correct both, with special characters of the password as %23 and the like.`;
    case "DatabaseAccessDenied":
      return `DATABASE_URL: ${server} does not let ${user} use ${name} (${said}); correct both, or allow it in pg_hba.conf.`;
    case "DatabaseDoesNotExist":
      return `DATABASE_URL: ${server} has no database ${name}; create it (CREATE DATABASE ${name}), or correct the name.`;
    case "TlsConnectionError":
      return `DATABASE_URL: no TLS with ${server} (${said}); name its certificate with sslrootcert=, or correct sslmode.`;
    case "TooManyConnections":
      return `DATABASE_URL: ${server} takes no more connections; raise its max_connections, or lower connection_limit or the number of processes.`;
    default:
      return `DATABASE_URL: no PostgreSQL answers at ${server} (${said}); start it, or correct host and port.`;
  }
}
