import type { SqlDriverAdapter } from "@prisma/driver-adapter-utils";
import { DatabaseError } from "./database-error";

/** A table as the database itself describes it, in the same words whichever database it is. */
export interface Table {
  name: string;
  /** By name. */
  columns: Column[];
  /** The columns of the primary key, in its order. */
  key: string[];
}

interface Column {
  name: string;
  /** What its values are; undefined for a type that nobody here knows. */
  kind: Kind | undefined;
}

/** What both databases can hold, however they write it down. */
export type Kind = "text" | "integer" | "number" | "boolean" | "time";

const kinds: Record<string, Kind> = {
  text: "text",
  integer: "integer",
  bigint: "integer",
  real: "number",
  "double precision": "number",
  boolean: "boolean",
  datetime: "time",
  "timestamp without time zone": "time",
};

/** What something can be asked of. */
export type Readable = Pick<SqlDriverAdapter, "provider" | "queryRaw">;

/** Where Prisma keeps its record of migrations, and a copy its own. */
const records = ["_prisma_migrations", "_latchkey_copy"];

/**
 * All tables, those that others refer to before these. Read from the database and not from a list, so that none is forgotten.
 * @throws {DatabaseError} when they refer to each other in a circle
 */
export async function listTables(connection: Readable): Promise<Table[]> {
  const { columnsSql, referencesSql } =
    connection.provider === "postgres" ? postgresqlCatalog : sqliteCatalog;
  const tables = new Map<string, Table & { position: Map<string, number> }>();
  for (const [name, column, type, position] of await rowsOf(connection, columnsSql)) {
    if (records.includes(String(name))) continue;
    const table = tables.get(String(name)) ?? newTable(String(name));
    tables.set(table.name, table);
    table.columns.push({ name: String(column), kind: kinds[String(type).toLowerCase()] });
    if (Number(position) > 0) table.position.set(String(column), Number(position));
  }
  const references = (await rowsOf(connection, referencesSql)).map(([from, to]) => ({
    from: String(from),
    to: String(to),
  }));
  return inOrder([...tables.values()].map(withoutPositions), references);
}

function newTable(name: string) {
  return { name, columns: [], key: [], position: new Map<string, number>() };
}

function withoutPositions(table: Table & { position: Map<string, number> }): Table {
  const key = [...table.position].sort(([, one], [, other]) => one - other);
  const columns = table.columns.sort((one, other) => (one.name < other.name ? -1 : 1));
  return { name: table.name, columns, key: key.map(([column]) => column) };
}

function inOrder(tables: Table[], references: { from: string; to: string }[]): Table[] {
  const ordered: Table[] = [];
  let waiting = tables;
  while (waiting.length > 0) {
    // A table that refers to itself does not wait for itself: keys are made in the order of time, so a row comes after its own.
    const waitsFor = (table: Table) =>
      references.some(
        ({ from, to }) =>
          from === table.name && to !== from && waiting.some(({ name }) => name === to),
      );
    const free = waiting.filter((table) => !waitsFor(table));
    const names = waiting.map(({ name }) => name).join(", ");
    if (free.length === 0)
      throw new DatabaseError(`The tables ${names} refer to each other in a circle.`);
    ordered.push(...free);
    waiting = waiting.filter((table) => !free.includes(table));
  }
  return ordered;
}

async function rowsOf(connection: Readable, sql: string): Promise<unknown[][]> {
  return (await connection.queryRaw({ sql, args: [], argTypes: [] })).rows;
}

const sqliteCatalog = {
  columnsSql: `SELECT t.name, c.name, c.type, c.pk FROM sqlite_schema t JOIN pragma_table_info(t.name) c
    WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY t.name`,
  referencesSql: `SELECT t.name, r."table" FROM sqlite_schema t JOIN pragma_foreign_key_list(t.name) r
    WHERE t.type = 'table'`,
};

const postgresqlCatalog = {
  columnsSql: `SELECT t.relname, c.attname, format_type(c.atttypid, NULL),
      coalesce(array_position(string_to_array(k.indkey::text, ' '), c.attnum::text), 0)
    FROM pg_class t JOIN pg_attribute c ON c.attrelid = t.oid AND c.attnum > 0 AND NOT c.attisdropped
    LEFT JOIN pg_index k ON k.indrelid = t.oid AND k.indisprimary
    WHERE t.relkind IN ('r', 'p') AND t.relnamespace = current_schema()::text::regnamespace ORDER BY t.relname`,
  referencesSql: `SELECT t.relname, r.relname FROM pg_constraint c
    JOIN pg_class t ON t.oid = c.conrelid JOIN pg_class r ON r.oid = c.confrelid
    WHERE c.contype = 'f' AND t.relnamespace = current_schema()::text::regnamespace`,
};
