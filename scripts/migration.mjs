// Writes the next migration: what leads from those in prisma/migrations/sqlite to the schema.
//   npm run migration -- add_nickname
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { PrismaBetterSqlite3 } from "@prisma/adapter-better-sqlite3";
import { importTypeScript } from "./bundle.mjs";

const folder = "prisma/migrations/sqlite";
const lock = join(folder, "migration_lock.toml");
const [name = ""] = process.argv.slice(2);

if (!/^[a-z][a-z0-9_]{0,59}$/.test(name))
  stop("Give the migration a name of small letters, digits and _, such as add_nickname.");

mkdirSync(folder, { recursive: true });
if (!existsSync(lock)) writeFileSync(lock, 'provider = "sqlite"\n');

const { diffSchema } = await importTypeScript("lib/platform/database/migrate.ts");
const schema = readFileSync("prisma/schema.prisma", "utf8");
const script = await diffSchema(new PrismaBetterSqlite3({ url: ":memory:" }), schema);
if (script === "") stop("The migrations already lead to prisma/schema.prisma: nothing to write.");

const timestamp = new Date().toISOString().replace(/\D/g, "").slice(0, 14);
const file = join(folder, `${timestamp}_${name}`, "migration.sql");
mkdirSync(dirname(file));
writeFileSync(file, script);
console.log(`Written: ${file}\nRead it before you commit it.`);

/**
 * @param {string} message
 * @returns {never}
 */
function stop(message) {
  console.error(message);
  process.exit(1);
}
