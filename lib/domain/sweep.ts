import { setTimeout as pause } from "node:timers/promises";
import { Prisma } from "@/lib/platform/database/client/client";
import { database } from "@/lib/platform/database/database";
import { days, minutes } from "@/lib/platform/duration";
import { log } from "@/lib/platform/log";
import { processWide } from "@/lib/platform/process-wide";
import { atShutdown } from "@/lib/platform/shutdown";
import { removeDeadKeys, resealKeys } from "./signing-keys";

/** So few rows go at once that nobody who writes at the same time waits for it. */
const batch = 200;
/** Between two batches, in milliseconds, for those who wait to write. */
const breath = 20;
const interval = minutes(1);
/** What has ended still explains itself, and its "stop" link works, for so long. */
const tombstones = days(7);
/** How long it is known which mails went out. */
const settledMails = days(30);
/** A browser whose cookie has run out is not known any more. */
const knownBrowsers = days(366);

/** Removes a few dead rows of each table, or what is dead in them; one that has been renewed meanwhile is not among them. */
function removals(): Record<string, Prisma.Sql> {
  const now = new Date();
  const before = (age: number) => new Date(now.getTime() - age);
  return {
    Session: Prisma.sql`DELETE FROM "Session" WHERE "id" IN
      (SELECT "id" FROM "Session" WHERE "expiresAt" <= ${now} LIMIT ${batch})`,
    PausedAct: Prisma.sql`DELETE FROM "PausedAct" WHERE "id" IN
      (SELECT "id" FROM "PausedAct" WHERE "expiresAt" <= ${now} LIMIT ${batch})`,
    TwoFactorAttempt: Prisma.sql`DELETE FROM "TwoFactorAttempt" WHERE "id" IN
      (SELECT "id" FROM "TwoFactorAttempt" WHERE "expiresAt" <= ${now} LIMIT ${batch})`,
    SpentValue: Prisma.sql`DELETE FROM "SpentValue" WHERE "hash" IN
      (SELECT "hash" FROM "SpentValue" WHERE "expiresAt" <= ${now} LIMIT ${batch})`,
    SignInRequest: Prisma.sql`DELETE FROM "SignInRequest" WHERE "id" IN
      (SELECT "id" FROM "SignInRequest" WHERE "expiresAt" <= ${before(tombstones)} LIMIT ${batch})`,
    Mail: Prisma.sql`DELETE FROM "Mail" WHERE "id" IN
      (SELECT "id" FROM "Mail" WHERE "createdAt" <= ${before(settledMails)} AND "state" <> 'queued' LIMIT ${batch})`,
    // What has been given up says nothing more, once it cannot be sent again.
    MailContent: Prisma.sql`UPDATE "Mail" SET "sealedContent" = NULL WHERE "id" IN
      (SELECT "id" FROM "Mail" WHERE "state" IN ('refused', 'expired') AND "expiresAt" <= ${now}
        AND "sealedContent" IS NOT NULL LIMIT ${batch})`,
    Mailing: Prisma.sql`DELETE FROM "Mailing" WHERE "id" IN
      (SELECT "id" FROM "Mailing" WHERE "endedAt" <= ${before(settledMails)} LIMIT ${batch})`,
    MessageDraft: Prisma.sql`DELETE FROM "MessageDraft" WHERE "id" IN
      (SELECT "id" FROM "MessageDraft" WHERE "expiresAt" <= ${now} LIMIT ${batch})`,
    AddressChange: Prisma.sql`DELETE FROM "AddressChange" WHERE "id" IN
      (SELECT "id" FROM "AddressChange" WHERE "expiresAt" <= ${before(tombstones)}
        AND ("undoUntil" IS NULL OR "undoUntil" <= ${now}) LIMIT ${batch})`,
    SecurityNotice: Prisma.sql`DELETE FROM "SecurityNotice" WHERE "id" IN
      (SELECT "id" FROM "SecurityNotice" WHERE "expiresAt" <= ${now} LIMIT ${batch})`,
    KnownBrowser: Prisma.sql`DELETE FROM "KnownBrowser" WHERE "id" IN
      (SELECT "id" FROM "KnownBrowser" WHERE "lastSignedInAt" <= ${before(knownBrowsers)} LIMIT ${batch})`,
    MailStop: Prisma.sql`DELETE FROM "MailStop" WHERE "email" IN
      (SELECT "email" FROM "MailStop" WHERE "expiresAt" <= ${now} LIMIT ${batch})`,
    LimitCount: Prisma.sql`DELETE FROM "LimitCount" WHERE "key" IN
      (SELECT "key" FROM "LimitCount" WHERE "expire" <= ${now} LIMIT ${batch})`,
  };
}

/**
 * Removes what is dead, a few rows at a time and with a breath between, until there is none or `isStopped`.
 * Safe in several processes at once.
 * @returns how many rows of each table went
 */
export async function sweep(isStopped = () => false): Promise<Record<string, number>> {
  const swept: Record<string, number> = {};
  for (const [table, removal] of Object.entries(removals())) {
    let removed = batch;
    while (removed === batch && !isStopped()) {
      removed = await database().$executeRaw(removal);
      if (removed > 0) swept[table] = (swept[table] ?? 0) + removed;
      await pause(breath);
    }
  }
  await removeDeadKeys();
  await resealKeys();
  return swept;
}

const sweeper = processWide<{ isStarted: boolean }>("sweeper", () => ({ isStarted: false }));

/** Sweeps every minute until the process ends. Starting it twice starts it once. */
export function startSweeper(): void {
  if (sweeper.isStarted) return;
  sweeper.isStarted = true;
  let isStopped = false;
  let underWay: Promise<void> | null = null;
  const run = async () => {
    try {
      const swept = await sweep(() => isStopped);
      if (Object.keys(swept).length > 0) log().info({ swept }, "sweep");
    } catch (error) {
      log().error({ err: error }, "the sweep failed; the next one goes on");
    }
    underWay = null;
  };
  setInterval(() => {
    underWay ??= run();
  }, interval).unref();
  atShutdown(async () => {
    isStopped = true;
    await underWay;
  });
}
