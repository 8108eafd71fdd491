import { isDriverAdapterError, type SqlDriverAdapter } from "@prisma/driver-adapter-utils";
import { listTables, type Readable, type Table } from "./catalog";
import { Prisma } from "./client/client";
import {
  beginCopyRecords,
  type CopyRecord,
  endCopyRecords,
  findCopyRecords,
  moveCopyRecord,
  noneCopied,
  notToBeTrusted,
  resetCopyRecords,
} from "./copy-record";
import { DatabaseError } from "./database-error";
import { applyMigrations, type MigratableAdapterFactory } from "./migrate";
import { execute, inTransactionOn, named, query } from "./statement";
import { addToDigest, type StoredValue, withoutZero } from "./stored-value";
import { insertOf, keyOf, readBatches } from "./table-rows";

/** Where a copy is. */
export interface CopyStep {
  /** What is done: reading again what an earlier run has copied, copying, or comparing the two databases. */
  act: "resuming" | "copying" | "verifying";
  table: string;
  rows: number;
  /** How many rows the table has. */
  total: number;
}

/** What came of it. */
export interface Copied {
  tables: { table: string; rows: number; digest: string }[];
  /** How many texts held U+0000, which PostgreSQL cannot store. */
  replacedTexts: number;
}

interface Copying {
  source: Readable;
  target: SqlDriverAdapter;
  tell(step: CopyStep): void;
  tables: Table[];
  totals: Map<string, number>;
  records: Map<string, CopyRecord>;
  replacedTexts: number;
}

/**
 * Copies all rows of all tables into an empty database, which gets the migrations first, and compares the two afterwards.
 * Broken off, it goes on where it was when it is called again; if the source has changed meanwhile, it begins anew. Nobody
 * can write to the source, and no site starts on the target, before it is done.
 * @param tell is called after every batch of rows
 * @throws {DatabaseError} when a site runs on the source, the target is not empty, or they differ in the end
 */
export async function copyDatabase(
  from: MigratableAdapterFactory,
  to: MigratableAdapterFactory,
  tell: (step: CopyStep) => void,
): Promise<Copied> {
  const source = await from.connectAlone();
  try {
    const tables = await listTables(source);
    requireCopyable(tables);
    await prepareTarget(to, tables);
    const target = await to.connect();
    try {
      return await copyBetween({ source, target, tables, tell }, to);
    } finally {
      await target.dispose();
    }
  } catch (error) {
    throw isDriverAdapterError(error) ? brokenOff(error) : error;
  } finally {
    await source.dispose();
  }
}

function requireCopyable(tables: Table[]): void {
  for (const { name, columns, key } of tables) {
    const unknown = columns.find(({ kind }) => kind === undefined);
    if (unknown)
      throw new DatabaseError(
        `${name}.${unknown.name} is of a type that cannot be copied: lib/platform/database/catalog.ts knows the others.`,
      );
    if (key.length === 0)
      throw new DatabaseError(`${name} has no primary key, by which it could be copied: add one.`);
  }
}

async function prepareTarget(to: MigratableAdapterFactory, tables: Table[]): Promise<void> {
  const before = await to.connect();
  const isBegun = (await findCopyRecords(before)) !== null;
  if (!isBegun) await requireEmpty(before, tables).finally(() => before.dispose());
  else await before.dispose();
  if (!isBegun) await applyMigrations(to);
  const target = await to.connect();
  try {
    requireSameTables(tables, await listTables(target));
    if (!isBegun) await beginCopyRecords(target, tables);
  } finally {
    await target.dispose();
  }
}

async function requireEmpty(target: Readable, tables: Table[]): Promise<void> {
  for (const { name } of await listTables(target)) {
    const isKnown = tables.some((table) => table.name === name);
    const rows = await query(target, Prisma.sql`SELECT 1 FROM ${named(name)} LIMIT 1`);
    if (!isKnown || rows.length > 0)
      throw new DatabaseError(
        `The database to copy to is not empty: it has ${isKnown ? "rows in" : "a table"} ${name}. Make a new one for the site, and name that.`,
      );
  }
}

function requireSameTables(here: Table[], there: Table[]): void {
  const shapes = ({ name, columns, key }: Table) => JSON.stringify([name, columns, key]);
  const [ours, theirs] = [here.map(shapes), there.map(shapes)];
  const table =
    here.find((one) => !theirs.includes(shapes(one))) ??
    there.find((one) => !ours.includes(shapes(one)));
  if (table)
    throw new DatabaseError(
      `The databases do not have the same table ${table.name}. If a copy was begun by another version of the site, make the database to copy to anew; if the table is not of this site, move it elsewhere.`,
    );
}

async function copyBetween(
  given: Pick<Copying, "source" | "target" | "tables" | "tell">,
  to: MigratableAdapterFactory,
): Promise<Copied> {
  const records = (await findCopyRecords(given.target)) ?? new Map();
  const totals = await countRows(given.source, given.tables);
  const copying: Copying = { ...given, records, totals, replacedTexts: 0 };
  if (!(await isStillTrue(copying))) await beginAnew(copying, to);
  for (const table of copying.tables) await copyTable(copying, table);
  for (const table of copying.tables) await verifyTable(copying, table);
  await endCopyRecords(copying.target);
  return {
    tables: copying.tables.map(({ name }) => {
      const { rows, digest } = recordOf(copying, name);
      return { table: name, rows, digest };
    }),
    replacedTexts: copying.replacedTexts,
  };
}

async function countRows(source: Readable, tables: Table[]): Promise<Map<string, number>> {
  const totals = new Map<string, number>();
  for (const { name } of tables) {
    const [[count] = []] = await query(source, Prisma.sql`SELECT count(*) FROM ${named(name)}`);
    totals.set(name, Number(count));
  }
  return totals;
}

/** Whether what has been copied before is what the source has today: the site may have run in between. */
async function isStillTrue(copying: Copying): Promise<boolean> {
  for (const table of copying.tables) {
    const record = recordOf(copying, table.name);
    let rows = 0;
    let { digest } = noneCopied;
    const upTo = record.cursor;
    for await (const batch of upTo ? readBatches(copying.source, table, { upTo }) : []) {
      rows += batch.length;
      digest = addToDigest(digest, storable(copying, batch));
      tell(copying, "resuming", table, rows);
    }
    if (rows !== record.rows || digest !== record.digest) return false;
  }
  return true;
}

async function beginAnew(copying: Copying, to: MigratableAdapterFactory): Promise<void> {
  // Not on the usual connection, which gives up what takes as long as this.
  await to.inExclusiveTransaction(async (connection) => {
    for (const { name } of copying.tables.toReversed())
      await execute(connection, Prisma.sql`DELETE FROM ${named(name)}`);
    await resetCopyRecords(connection, noneCopied);
  });
  for (const { name } of copying.tables) copying.records.set(name, noneCopied);
  copying.replacedTexts = 0;
}

async function copyTable(copying: Copying, table: Table): Promise<void> {
  const { source, target } = copying;
  for await (const batch of readBatches(source, table, recordOf(copying, table.name))) {
    const from = recordOf(copying, table.name);
    const rows = storable(copying, batch);
    const to = {
      rows: from.rows + rows.length,
      cursor: keyOf(table, batch.at(-1)),
      digest: addToDigest(from.digest, rows),
    };
    await inTransactionOn(target, async (transaction) => {
      await moveCopyRecord(transaction, table, from, to);
      await execute(transaction, insertOf(table, rows));
    });
    copying.records.set(table.name, to);
    tell(copying, "copying", table, to.rows);
  }
}

async function verifyTable(copying: Copying, table: Table): Promise<void> {
  const { target } = copying;
  const record = recordOf(copying, table.name);
  let rows = 0;
  let { digest } = noneCopied;
  for await (const batch of readBatches(target, table)) {
    rows += batch.length;
    digest = addToDigest(digest, batch);
    tell(copying, "verifying", table, rows);
  }
  if (rows === record.rows && digest === record.digest && rows === copying.totals.get(table.name))
    return;
  await resetCopyRecords(target, notToBeTrusted);
  throw new DatabaseError(
    `${table.name} is not the same in both databases (${record.rows} rows here, ${rows} there): something else has written to the copy. Run it again, and it begins anew.`,
  );
}

/** The rows as the target can hold them; what had to be replaced for that is counted. */
function storable(copying: Copying, rows: StoredValue[][]): StoredValue[][] {
  if (copying.target.provider !== "postgres") return rows;
  return rows.map((row) =>
    row.map((value) => {
      const replaced = withoutZero(value);
      if (replaced !== value) copying.replacedTexts += 1;
      return replaced;
    }),
  );
}

function recordOf({ records }: Copying, table: string): CopyRecord {
  const record = records.get(table);
  if (!record)
    throw new DatabaseError(`The copy has no record of ${table}: make the database anew.`);
  return record;
}

function tell({ tell, totals }: Copying, act: CopyStep["act"], table: Table, rows: number): void {
  tell({ act, table: table.name, rows, total: totals.get(table.name) ?? 0 });
}

function brokenOff(cause: Error): DatabaseError {
  const reason = isDriverAdapterError(cause)
    ? (cause.cause.originalMessage ?? cause.cause.kind)
    : cause.message;
  return new DatabaseError(
    `The copy broke off (${reason}). Run the same command again: it goes on where it was.`,
    { cause },
  );
}
