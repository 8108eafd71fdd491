import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

/** Where the models for PostgreSQL are written; made, like the client, from the ones that are in the repository. */
export const postgresqlSchemaFile = "prisma/postgresql/schema.prisma";

/**
 * The same models for PostgreSQL: Prisma fixes the kind of database, and where the client goes, in the schema.
 * @param {string} schema the text of `prisma/schema.prisma`
 */
export function postgresqlSchemaOf(schema) {
  return schema
    .replace('provider = "sqlite"', 'provider = "postgresql"')
    .replace(
      '"../lib/platform/database/client"',
      '"../../lib/platform/database/client-postgresql"',
    );
}

export function writePostgresqlSchema() {
  mkdirSync(dirname(postgresqlSchemaFile), { recursive: true });
  writeFileSync(
    postgresqlSchemaFile,
    postgresqlSchemaOf(readFileSync("prisma/schema.prisma", "utf8")),
  );
}
