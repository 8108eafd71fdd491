import { cpSync, mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { MigratableAdapterFactory } from "./migrate";
import { defaultFolder } from "./migrations";

/** For tests: this version's migrations and one more. @returns their folder, which is made inside of `parent` */
export function migrationsWith(
  parent: string,
  database: MigratableAdapterFactory,
  name: string,
  sql: string,
): string {
  const copy = mkdtempSync(join(parent, "with-"));
  cpSync(defaultFolder(database), copy, { recursive: true });
  mkdirSync(join(copy, name));
  writeFileSync(join(copy, name, "migration.sql"), sql);
  return copy;
}

export async function queryOnce(
  database: MigratableAdapterFactory,
  sql: string,
): Promise<unknown[][]> {
  const connection = await database.connect();
  const { rows } = await connection.queryRaw({ sql, args: [], argTypes: [] });
  await connection.dispose();
  return rows;
}

export async function executeOnce(
  database: MigratableAdapterFactory,
  script: string,
): Promise<void> {
  const connection = await database.connect();
  await connection.executeScript(script);
  await connection.dispose();
}
