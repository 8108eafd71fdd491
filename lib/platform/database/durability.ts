import { adapterFactory, database } from "./database";

/** A setting of the database, and whether a commit that was acknowledged survives a power cut with it. */
export type DurabilitySetting = { name: string; value: string; isDurable: boolean };

/** Reads them on a connection as the site has them. */
export async function readDurability(): Promise<DurabilitySetting[]> {
  return adapterFactory().provider === "postgres" ? await readPostgres() : await readSqlite();
}

async function readSqlite(): Promise<DurabilitySetting[]> {
  const [journal] = await database().$queryRaw<
    { value: string }[]
  >`SELECT journal_mode AS value FROM pragma_journal_mode`;
  const [sync] = await database().$queryRaw<
    { value: number | bigint }[]
  >`SELECT synchronous AS value FROM pragma_synchronous`;
  const level = Number(sync?.value);
  return [
    {
      name: "journal_mode",
      value: String(journal?.value),
      isDurable: journal?.value === "wal",
    },
    { name: "synchronous", value: String(level), isDurable: level >= 2 },
  ];
}

async function readPostgres(): Promise<DurabilitySetting[]> {
  const rows = await database().$queryRaw<{ name: string; value: string }[]>`
    SELECT name, setting AS value FROM pg_settings
    WHERE name IN ('fsync', 'full_page_writes', 'synchronous_commit') ORDER BY name`;
  return rows.map(({ name, value }) => ({ name, value, isDurable: value !== "off" }));
}
