// Writes the next migration for each kind of database: what leads from those in prisma/migrations to the schema.
//   npm run migration -- add_nickname
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { importTypeScript } from "./bundle.mjs";
import { postgresqlSchemaOf } from "./postgresql-schema.mjs";
import { startPostgresql } from "./postgresql-server.mjs";

const [name = ""] = process.argv.slice(2);
const timestamp = new Date().toISOString().replace(/\D/g, "").slice(0, 14);

if (!/^[a-z][a-z0-9_]{0,59}$/.test(name))
  stop("Give the migration a name of small letters, digits and _, such as add_nickname.");

const { diffSchema } = await importTypeScript("lib/platform/database/migrate.ts");
const { adapterFactoryOf } = await importTypeScript("lib/platform/database/database.ts");
const schema = readFileSync("prisma/schema.prisma", "utf8");
const server = await startPostgresql();
const written = [
  await write("sqlite", "file:./data/never.db", schema),
  await write("postgresql", server.url, postgresqlSchemaOf(schema)),
].filter((file) => file !== null);
await server.stop();
if (written.length === 0)
  stop("The migrations already lead to prisma/schema.prisma: nothing to write.");
console.log(`Written: ${written.join(", ")}\nRead them before you commit them.`);

/**
 * @param {string} provider
 * @param {string} url of a database that is only asked for scratch ones
 * @param {string} models
 */
async function write(provider, url, models) {
  const folder = join("prisma", "migrations", provider);
  const lock = join(folder, "migration_lock.toml");
  mkdirSync(folder, { recursive: true });
  if (!existsSync(lock)) writeFileSync(lock, `provider = "${provider}"\n`);
  const script = await diffSchema(adapterFactoryOf(url), models);
  if (script === "") return null;
  const file = join(folder, `${timestamp}_${name}`, "migration.sql");
  mkdirSync(dirname(file));
  writeFileSync(file, script);
  return file;
}

/**
 * @param {string} message
 * @returns {never}
 */
function stop(message) {
  console.error(message);
  process.exit(1);
}
