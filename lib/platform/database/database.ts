import { environment } from "../environment";
import { PrismaClient } from "./client/client";
import type { MigratableAdapterFactory } from "./migrate";
import { sqliteAdapterFactory } from "./sqlite";

/** What is asked and written with: the database, or a transaction in it. */
export type Transaction = Omit<
  PrismaClient,
  "$connect" | "$disconnect" | "$on" | "$transaction" | "$extends"
>;

// One client a process: bundles of one process, and reloads in development, share it by name.
const key = Symbol.for("latchkey.database");
const shared = globalThis as { [key]?: PrismaClient };

/** The database that `DATABASE_URL` names. */
export function database(): PrismaClient {
  shared[key] ??= new PrismaClient({ adapter: adapterFactory() });
  return shared[key];
}

/** How connections to it are made. */
export function adapterFactory(): MigratableAdapterFactory {
  return sqliteAdapterFactory(environment().databaseUrl);
}
