import type { SqlDriverAdapterFactory } from "@prisma/driver-adapter-utils";
import { seconds } from "../duration";
import { environment } from "../environment";
import { processWide } from "../process-wide";
import { type Prisma, PrismaClient } from "./client/client";
import { PrismaClient as PostgresqlClient } from "./client-postgresql/client";
import type { MigratableAdapterFactory } from "./migrate";
import { observed } from "./observed";
import { postgresqlAdapterFactory } from "./postgresql";
import { sqliteAdapterFactory } from "./sqlite";
import type { Connections } from "./statement";

/** What is asked and written with: the database, or a transaction in it. */
export type Transaction = Omit<
  PrismaClient,
  "$connect" | "$disconnect" | "$on" | "$transaction" | "$extends"
>;

/** Longer than the adapter waits for other writers, so that it is the adapter which gives up, and says why. */
const transactionOptions = { maxWait: seconds(6), timeout: seconds(10) };

/** The database that `DATABASE_URL` names. */
export function database(): PrismaClient {
  return ownDatabase().client;
}

/**
 * One row, on a shorter way than Prisma's: for what every request asks.
 * @returns its values in the order of the SELECT, as `readRow` reads them; undefined when there is no such row
 */
export async function findRow(sql: Prisma.Sql): Promise<unknown[] | undefined> {
  const connections = await ownDatabase().connections.connect();
  return await connections.findRow(sql);
}

function ownDatabase() {
  return processWide("database", () => {
    const connections = connectedOnce(observed(adapterFactory()));
    return { connections, client: openDatabase(connections) };
  });
}

/** The same factory, which opens its connections at the first use and gives them to all. */
function connectedOnce(factory: ReturnType<typeof observed>): typeof factory {
  let opening: Promise<Connections> | undefined;
  const forget = () => {
    opening = undefined;
  };
  const open = async () => {
    const connections = await factory.connect();
    const { dispose } = connections;
    return Object.assign(connections, {
      dispose: () => {
        forget();
        return dispose.call(connections);
      },
    });
  };
  return {
    ...factory,
    connect: () => {
      opening ??= open().catch((error: unknown) => {
        forget();
        throw error;
      });
      return opening;
    },
  };
}

/** A client for another database than that of the site. */
export function openDatabase(adapter: SqlDriverAdapterFactory): PrismaClient {
  if (adapter.provider === "sqlite") return new PrismaClient({ adapter, transactionOptions });
  // Made from the same models, and with the same methods: what differs in their types is the name of the provider.
  return new PostgresqlClient({ adapter, transactionOptions }) as unknown as PrismaClient;
}

/** How connections to it are made. */
export function adapterFactory(): MigratableAdapterFactory {
  return adapterFactoryOf(environment().databaseUrl);
}

/**
 * The same for any `DATABASE_URL`.
 * @param givenAs where it was given, for whoever is told that it is wrong
 */
export function adapterFactoryOf(url: string, givenAs?: string): MigratableAdapterFactory {
  const adapterFactory = url.startsWith("file:") ? sqliteAdapterFactory : postgresqlAdapterFactory;
  return adapterFactory(url, givenAs);
}
