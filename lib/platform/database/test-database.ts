import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";
import { adapterFactory, database } from "./database";
import { applyMigrations } from "./migrate";

/**
 * For tests: an empty, migrated database of this test file's own, deleted afterwards. Call it before anything else,
 * since it sets the environment, which is read once.
 * @returns where the file is
 */
export async function prepareTestDatabase(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "latchkey-"));
  const file = join(folder, "site.db");
  process.env.DATABASE_URL = `file:${file}`;
  process.env.AUTH_SECRET = "a secret of at least 32 characters";
  process.env.LOG_LEVEL = "silent";
  await applyMigrations(adapterFactory());
  afterAll(async () => {
    await database().$disconnect();
    rmSync(folder, { recursive: true });
  });
  return file;
}

/** As if what has been counted so far had been long ago: for tests of something else than limits. */
export async function forgetLimits(): Promise<void> {
  await database().limitCount.deleteMany();
}

/** As if nobody had been here. */
export async function emptyDatabase(): Promise<void> {
  await database().user.deleteMany();
  await database().mail.deleteMany();
  await database().mailing.deleteMany();
  await database().signInRequest.deleteMany();
  await database().mailStop.deleteMany();
  await database().auditEvent.deleteMany();
  await database().spentValue.deleteMany();
  await database().configuredAdmin.deleteMany();
  await forgetLimits();
}
