import { adapterFactoryOf } from "@/lib/platform/database/database";
import { applyMigrations } from "@/lib/platform/database/migrate";
import { makePostgresqlDatabase } from "./postgresql-database.mjs";
import { startPostgresql } from "./postgresql-server.mjs";

/**
 * Before the tests on PostgreSQL: a server, and a migrated database of which each test file, or site, gets a copy.
 * @returns what ends it
 */
export default async function setUp(): Promise<() => Promise<void>> {
  const server = await startPostgresql();
  const template = await makePostgresqlDatabase(server.url);
  await applyMigrations(adapterFactoryOf(template.url));
  process.env.TEST_POSTGRES_TEMPLATE = template.url;
  return async () => {
    await template.remove();
    await server.stop();
  };
}
