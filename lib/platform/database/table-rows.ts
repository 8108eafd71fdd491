import type { Kind, Readable, Table } from "./catalog";
import { Prisma } from "./client/client";
import { DatabaseError } from "./database-error";
import { named, query } from "./statement";
import {
  fromJson,
  type JsonValue,
  readStoredValue,
  type StoredValue,
  toJson,
} from "./stored-value";

/** How many rows are in memory at once, and are kept or lost together. */
const rowsAtOnce = 1000;
/** SQLite takes 32,766 values in one statement. */
const valuesAtOnce = 30_000;

/** The rows of a table by their primary key, a few at a time. */
export async function* readBatches(
  connection: Readable,
  table: Table,
  { cursor = null, upTo = null }: { cursor?: JsonValue[] | null; upTo?: JsonValue[] | null } = {},
): AsyncGenerator<StoredValue[][]> {
  const limit = Math.min(rowsAtOnce, Math.floor(valuesAtOnce / table.columns.length));
  const columns = Prisma.join(table.columns.map(({ name }) => named(name)));
  const key = Prisma.join(table.key.map(named));
  const end = upTo ? Prisma.sql`(${key}) <= (${valuesOfKey(table, upTo)})` : Prisma.sql`1 = 1`;
  for (let after = cursor; ; ) {
    const start = after ? Prisma.sql`(${key}) > (${valuesOfKey(table, after)})` : Prisma.sql`1 = 1`;
    const found = await query(
      connection,
      Prisma.sql`SELECT ${columns} FROM ${named(table.name)} WHERE ${start} AND ${end} ORDER BY ${key} LIMIT ${limit}`,
    );
    const rows = found.map((row) => row.map((value, at) => readValue(table, value, at)));
    if (rows.length > 0) yield rows;
    if (rows.length < limit) return;
    after = keyOf(table, rows.at(-1));
  }
}

function readValue({ name, columns }: Table, value: unknown, at: number): StoredValue {
  const column = columns[at];
  try {
    return readStoredValue(value, column?.kind ?? "text");
  } catch (error) {
    if (!(error instanceof DatabaseError)) throw error;
    throw new DatabaseError(`${name}.${column?.name}: ${error.message}`);
  }
}

/** The primary key of a row, as JSON. */
export function keyOf({ columns, key }: Table, row: StoredValue[] = []): JsonValue[] {
  return key.map((name) =>
    toJson(row[columns.findIndex((column) => column.name === name)] ?? null),
  );
}

function valuesOfKey({ columns, key }: Table, values: JsonValue[]): Prisma.Sql {
  const kindOf = (name: string): Kind =>
    columns.find((column) => column.name === name)?.kind ?? "text";
  return Prisma.join(key.map((name, at) => fromJson(values[at] ?? null, kindOf(name))));
}

/** Writes rows with their columns in the order of the table. */
export function insertOf({ name, columns }: Table, rows: StoredValue[][]): Prisma.Sql {
  const names = Prisma.join(columns.map((column) => named(column.name)));
  const values = rows.map((row) => Prisma.sql`(${Prisma.join(row)})`);
  return Prisma.sql`INSERT INTO ${named(name)} (${names}) VALUES ${Prisma.join(values)}`;
}
