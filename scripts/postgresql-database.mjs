import { randomUUID } from "node:crypto";
import pg from "pg";

/**
 * A database for a test, on the server where `at` lies: empty, or a copy of `template`.
 * @param {string} at the URL of any database there
 * @param {string} [template] the URL of one, to which nobody is connected
 * @returns {Promise<{ url: string, remove(): Promise<void> }>}
 */
export async function makePostgresqlDatabase(at, template) {
  const name = `latchkey_${randomUUID().replaceAll("-", "")}`;
  const from = template ? ` TEMPLATE ${new URL(template).pathname.slice(1)}` : "";
  await onServer(at, `CREATE DATABASE ${name}${from}`);
  return {
    url: urlOf(at, name),
    remove: () => onServer(at, `DROP DATABASE ${name} WITH (FORCE)`),
  };
}

/**
 * @param {string} at
 * @param {string} sql
 */
async function onServer(at, sql) {
  const client = new pg.Client({ connectionString: urlOf(at, "postgres") });
  await client.connect();
  await client.query(sql).finally(() => client.end());
}

/**
 * @param {string} at
 * @param {string} name
 */
function urlOf(at, name) {
  return Object.assign(new URL(at), { pathname: `/${name}` }).href;
}
