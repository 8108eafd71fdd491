import { isClockSynchronized } from "@/lib/platform/clock-state";
import { adapterFactory, database } from "@/lib/platform/database/database";
import { seconds } from "@/lib/platform/duration";
import { type Environment, isLoopback } from "@/lib/platform/environment";
import { requireReadableDatabase } from "./database";
import { type Finding, fault, notChecked, ok, warning } from "./finding";

/** Half of a step of authenticator apps: with more, the first codes are refused (RFC 6238 5.2). */
const tolerance = seconds(15);
/** With a step and more, all are. */
const tooMuch = seconds(30);

/**
 * Whether the clock is right. The answer of the own site would tell nothing, since it is this machine's clock again; what is
 * believed is PostgreSQL on another machine, and the system where it keeps its clock with time servers.
 */
export async function examineClock(site: Environment): Promise<Finding[]> {
  const [difference, age, isSynchronized] = await Promise.all([
    differenceToDatabase(site),
    ageOfNewestRecord(site),
    isClockSynchronized(),
  ]);
  if (age !== null && age < -tolerance)
    return [fault("clock.went-back", { seconds: inSeconds(age) })];
  if (difference !== null) return [describeDifference(difference)];
  if (isSynchronized === null) return [notChecked("clock.untold")];
  return [isSynchronized ? ok("clock.synchronized") : warning("clock.unsynchronized")];
}

function describeDifference(difference: number): Finding {
  const values = { seconds: inSeconds(difference) };
  if (Math.abs(difference) >= tooMuch) return fault("clock.off", values);
  return Math.abs(difference) >= tolerance
    ? warning("clock.off", values)
    : ok("clock.agrees", values);
}

/** Null where the database has the same clock, or none that can be asked. */
async function differenceToDatabase({ databaseUrl }: Environment): Promise<number | null> {
  if (adapterFactory().provider !== "postgres") return null;
  const host = new URL(databaseUrl).hostname;
  if (host === "" || isLoopback(host)) return null;
  try {
    const before = Date.now();
    const [row] = await database().$queryRaw<{ now: Date }[]>`SELECT CURRENT_TIMESTAMP AS now`;
    return row ? row.now.getTime() - (before + Date.now()) / 2 : null;
  } catch {
    return null;
  }
}

/** A record of the future was written by a clock that has been set back since. Null where there is none, or no database. */
async function ageOfNewestRecord(site: Environment): Promise<number | null> {
  try {
    await requireReadableDatabase(site);
    const newest = await database().auditEvent.findFirst({ orderBy: { id: "desc" } });
    return newest ? Date.now() - newest.createdAt.getTime() : null;
  } catch {
    return null;
  }
}

function inSeconds(milliseconds: number): number {
  return Math.round(Math.abs(milliseconds) / 1000);
}
