import { adapterFactoryOf } from "@/lib/platform/database/database";
import { applyMigrations } from "@/lib/platform/database/migrate";
import { startPostgresql } from "./postgresql-server.mjs";

/**
 * Before the tests on PostgreSQL: a server, and a migrated database of which each test file gets a copy.
 * @returns what ends it
 */
export default async function setUp(): Promise<() => Promise<void>> {
  const server = await startPostgresql();
  const template = new URL(server.url);
  template.pathname = `latchkey_template_${process.pid}`;
  await onServer(server.url, `CREATE DATABASE ${template.pathname.slice(1)}`);
  await applyMigrations(adapterFactoryOf(template.href));
  process.env.TEST_POSTGRES_TEMPLATE = template.href;
  return async () => {
    await onServer(server.url, `DROP DATABASE ${template.pathname.slice(1)} WITH (FORCE)`);
    await server.stop();
  };
}

async function onServer(url: string, script: string): Promise<void> {
  const connection = await adapterFactoryOf(url).connect();
  await connection.executeScript(script).finally(() => connection.dispose());
}
