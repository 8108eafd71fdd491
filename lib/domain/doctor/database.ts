import { existsSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { adapterFactory } from "@/lib/platform/database/database";
import { readDurability } from "@/lib/platform/database/durability";
import { listPendingMigrations, MigrationError } from "@/lib/platform/database/migrations";
import { parseFileUrl } from "@/lib/platform/database/sqlite";
import { lookAtDisk } from "@/lib/platform/disk";
import type { Environment } from "@/lib/platform/environment";
import { requireMigratedDatabase } from "../readiness";
import { type Finding, fault, notChecked, ok, warning } from "./finding";

const megabyte = 1024 ** 2;
/** A mailing, a busy day: with less, commits may soon fail. */
const tooLittle = 100 * megabyte;
/** So much is left to somebody who reads this once a week. */
const comfortable = 1024 * megabyte;

/**
 * The database can be read, and nothing has been made for it: opening a file that is not there would make it.
 * @throws when it is missing, and as `requireMigratedDatabase`
 */
export async function requireReadableDatabase(site: Environment): Promise<void> {
  const file = fileOf(site);
  if (file && !existsSync(file)) throw new Error(`There is no ${file}`);
  await requireMigratedDatabase();
}

/** Null where the database is a server. */
function fileOf({ databaseUrl }: Environment): string | null {
  return adapterFactory().provider === "sqlite" ? parseFileUrl(databaseUrl) : null;
}

/** Whether the database answers, is this version's, and keeps what it has taken. */
export async function examineDatabase(site: Environment): Promise<Finding[]> {
  const file = fileOf(site);
  if (file && !existsSync(file)) return [fault("database.missing", { file })];
  const [state, disk] = await Promise.all([
    examineState(),
    file ? examineDisk(file) : [notChecked("database.space-elsewhere")],
  ]);
  return [...state, ...disk];
}

async function examineState(): Promise<Finding[]> {
  try {
    // On a connection of its own: one that has stood for long says little about the next.
    const pending = await listPendingMigrations(adapterFactory());
    if (pending.length > 0) return [fault("database.pending", { names: pending.join(", ") })];
    return [ok("database.ready"), ...(await examineDurability())];
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error);
    if (!(error instanceof MigrationError))
      return [fault("database.away", { said: lastLine(said) })];
    return [fault(`database.${error.reason}`, { said })];
  }
}

/** Prisma tells the query first, and the reason last. */
function lastLine(message: string): string {
  return message.trim().split("\n").at(-1) ?? "";
}

async function examineDurability(): Promise<Finding[]> {
  const settings = await readDurability();
  const said = (given: typeof settings) =>
    given.map(({ name, value }) => `${name}=${value}`).join(", ");
  const loose = settings.filter(({ isDurable }) => !isDurable);
  if (loose.length === 0) return [ok("database.durable", { settings: said(settings) })];
  const { provider } = adapterFactory();
  return [
    fault(provider === "postgres" ? "database.loose-postgres" : "database.loose-sqlite", {
      settings: said(loose),
    }),
  ];
}

async function examineDisk(file: string): Promise<Finding[]> {
  const { free, kind } = await lookAtDisk(dirname(file));
  const values = { folder: dirname(file), free: Math.floor(free / megabyte) };
  const place = {
    memory: [fault("database.in-memory", values)],
    network: [fault("database.on-network", values)],
    container: [warning("database.in-container", values)],
    other: [],
  };
  // `db backup` needs as much again.
  if (free < tooLittle) return [...place[kind], fault("database.no-space", values)];
  return free < Math.max(comfortable, statSync(file).size)
    ? [...place[kind], warning("database.little-space", values)]
    : [...place[kind], ok("database.space", values)];
}
