import { PrismaPg } from "@prisma/adapter-pg";
import {
  ColumnTypeEnum,
  DriverAdapterError,
  isDriverAdapterError,
  type SqlDriverAdapter,
  type SqlQuery,
  type SqlQueryable,
  type Transaction,
} from "@prisma/driver-adapter-utils";
import pg from "pg";
import { seconds } from "../duration";
import { listTables } from "./catalog";
import { Prisma } from "./client/client";
import { DatabaseError } from "./database-error";
import type { MigratableAdapterFactory, SoleConnection } from "./migrate";
import { type Connections, execute, inTransactionOn, named, query } from "./statement";

/**
 * How long is waited before the database counts as away. Who waits for a connection, and then for a lock on it, waits for
 * both: together they have to stay below six seconds.
 */
const patience = { connection: seconds(3.5), lock: seconds(2), statement: seconds(5) };
/** How many connections a process opens at most, unless `connection_limit` of the URL says otherwise. */
const usualConnections = 10;
const longestMigration = seconds(60);
/** By which a site is known to the server. */
const applicationName = "latchkey";
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
 * @param givenAs where it was given, for whoever is told that it is wrong
 * @throws DatabaseError from `connect`, when the database does not let us in
 */
export function postgresqlAdapterFactory(
  url: string,
  givenAs = "DATABASE_URL",
): MigratableAdapterFactory {
  const address = { url, givenAs };
  const adapters = new PrismaPg({});
  return {
    provider: adapters.provider,
    adapterName: adapters.adapterName,
    connect: () => connect(address),
    connectToShadowDb: () => connectToScratch(address),
    inExclusiveTransaction: (work) => runInExclusiveTransaction(address, work),
    connectAlone: () => connectAlone(address),
  };
}

interface Address {
  url: string;
  givenAs: string;
}

async function connect(address: Address): Promise<Connections> {
  const connections = await open(address, {
    max: Number(new URL(address.url).searchParams.get("connection_limit") ?? usualConnections),
    connectionTimeoutMillis: patience.connection,
    // Where the server, or the way to it, is silent: later than it would have ended the statement itself.
    query_timeout: patience.statement + 500,
    onConnect: async (client) => void (await client.query(serverLimits)),
  });
  const known = withKnownFaults(connections);
  return Object.assign(known, { findRow: async (sql: Prisma.Sql) => (await query(known, sql))[0] });
}

/** @throws DatabaseError when it does not let us in */
async function open({ url, givenAs }: Address, config: pg.PoolConfig) {
  const pool = new pg.Pool({
    connectionString: url,
    application_name: applicationName,
    keepAlive: true,
    ...config,
  });
  const connections = await new PrismaPg(pool, { disposeExternalPool: true }).connect();
  try {
    await connections.queryRaw({ sql: "SELECT 1", args: [], argTypes: [] });
    return connections;
  } catch (cause) {
    await connections.dispose();
    throw new DatabaseError(`${givenAs}: ${describe(cause, new URL(url))}`, { cause });
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
  const { startTransaction } = connections;
  return Object.assign(statementsWithKnownFaults(connections), {
    startTransaction: known(async (...given: Parameters<typeof startTransaction>) =>
      statementsWithKnownFaults(await startTransaction.apply(connections, given)),
    ),
  });
}

function statementsWithKnownFaults<Connection extends SqlQueryable>(
  connection: Connection,
): Connection {
  const { queryRaw, executeRaw } = connection;
  return Object.assign(connection, {
    queryRaw: known((query: SqlQuery) => queryRaw.call(connection, withoutZeros(query))),
    executeRaw: known((query: SqlQuery) => executeRaw.call(connection, withoutZeros(query))),
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
  address: Address,
  work: (connection: SqlDriverAdapter) => Promise<T>,
): Promise<T> {
  const connection = await open(address, { max: 1 });
  try {
    return await inTransactionOn(connection, async (transaction) => {
      // Behind a pooler a connection may still have the limits of somebody who has asked on it before.
      for (const statement of [
        `SET LOCAL lock_timeout = ${longestMigration}`,
        "SET LOCAL statement_timeout = 0",
        `SET LOCAL idle_in_transaction_session_timeout = ${longestMigration}`,
        "SET LOCAL TIME ZONE 'UTC'",
        `SELECT pg_advisory_xact_lock(${migrationLock})`,
      ])
        await execute(transaction, Prisma.raw(statement));
      const result = await work(withinTransaction(connection, transaction));
      // The engine's own lock goes with the connection, and behind a pooler that one stays after a commit.
      await execute(transaction, Prisma.sql`SELECT pg_advisory_unlock_all()`);
      return result;
    });
  } finally {
    await connection.dispose();
  }
}

/** As the engine wants a connection, with all on it inside the transaction. */
function withinTransaction(
  { provider, adapterName }: SqlDriverAdapter,
  transaction: Transaction,
): SqlDriverAdapter {
  let firstFault: Error | undefined;
  // What the engine asks after a fault is refused, and it would tell that instead.
  const remember = (fault: Error) => {
    firstFault ??= fault;
    throw firstFault;
  };
  const executeRaw: SqlDriverAdapter["executeRaw"] = (query) =>
    transaction.executeRaw(query).catch(remember);
  return {
    provider,
    adapterName,
    queryRaw: (query) => transaction.queryRaw(query).catch(remember),
    executeRaw,
    executeScript: async (script) => {
      for (const sql of script.split(";").filter((statement) => statement.trim()))
        await executeRaw({ sql, args: [], argTypes: [] });
    },
    startTransaction: () => Promise.reject(new Error("There is a transaction already")),
    dispose: async () => {},
  };
}

/** One transaction sees one moment, and the locks of all tables keep a site that starts meanwhile from writing. */
async function connectAlone(address: Address): Promise<SoleConnection> {
  const connections = await open(address, { max: 1, idleTimeoutMillis: 0 });
  try {
    await requireNoSite(connections);
    const tables = (await listTables(connections)).map(({ name }) => named(name));
    const transaction = await connections.startTransaction("REPEATABLE READ");
    await execute(transaction, Prisma.sql`SET LOCAL idle_in_transaction_session_timeout = 0`);
    await execute(transaction, Prisma.raw(`SET LOCAL lock_timeout = ${patience.lock}`));
    // Before the first look, since that chooses the moment.
    if (tables.length > 0)
      await execute(transaction, Prisma.sql`LOCK TABLE ${Prisma.join(tables)} IN SHARE MODE`);
    return {
      provider: connections.provider,
      queryRaw: (asked) => transaction.queryRaw(asked),
      dispose: async () => {
        await transaction.rollback();
        await connections.dispose();
      },
    };
  } catch (error) {
    await connections.dispose();
    throw error;
  }
}

/** Every process of a site has connections to its database under its name. */
async function requireNoSite(connection: SqlDriverAdapter): Promise<void> {
  const others = Prisma.sql`SELECT 1 FROM pg_stat_activity WHERE datname = current_database()
    AND application_name = ${applicationName} AND pid <> pg_backend_pid() LIMIT 1`;
  if ((await query(connection, others)).length > 0)
    throw new DatabaseError(
      "The database is in use: stop every process of the site first, so that nothing is written meanwhile.",
    );
}

/** An empty database of its own, which is gone when the connection is given back. */
async function connectToScratch(address: Address): Promise<SqlDriverAdapter> {
  const server = await open(address, { max: 1 });
  const name = `latchkey_scratch_${crypto.randomUUID().replaceAll("-", "")}`;
  await server.executeScript(`CREATE DATABASE ${name}`);
  const scratchUrl = new URL(address.url);
  scratchUrl.pathname = name;
  const scratch = forEngine(await open({ ...address, url: scratchUrl.href }, { max: 1 }));
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
      return `${server} refuses the password of ${user}; correct both, with special characters of the password as %23 and the like.`;
    case "DatabaseAccessDenied":
      return `${server} does not let ${user} use ${name} (${said}); correct both, or allow it in pg_hba.conf.`;
    case "DatabaseDoesNotExist":
      return `${server} has no database ${name}; create it (CREATE DATABASE ${name}), or correct the name.`;
    case "TlsConnectionError":
      return `no TLS with ${server} (${said}); name its certificate with sslrootcert=, or correct sslmode.`;
    case "TooManyConnections":
      return `${server} takes no more connections; raise its max_connections, or lower connection_limit or the number of processes.`;
    default:
      return `no PostgreSQL answers at ${server} (${said}); start it, or correct host and port.`;
  }
}
