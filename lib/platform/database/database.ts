import { seconds } from "../duration";
import { environment } from "../environment";
import { processWide } from "../process-wide";
import { PrismaClient } from "./client/client";
import type { MigratableAdapterFactory } from "./migrate";
import { sqliteAdapterFactory } from "./sqlite";

/** What is asked and written with: the database, or a transaction in it. */
export type Transaction = Omit<
  PrismaClient,
  "$connect" | "$disconnect" | "$on" | "$transaction" | "$extends"
>;

/** Longer than the adapter waits for other writers, so that it is the adapter which gives up, and says why. */
const transactionOptions = { maxWait: seconds(6), timeout: seconds(10) };

/** The database that `DATABASE_URL` names. */
export function database(): PrismaClient {
  return processWide(
    "database",
    () => new PrismaClient({ adapter: adapterFactory(), transactionOptions }),
  );
}

/** How connections to it are made. */
export function adapterFactory(): MigratableAdapterFactory {
  return sqliteAdapterFactory(environment().databaseUrl);
}
