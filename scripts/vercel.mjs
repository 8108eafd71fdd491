import nextEnv from "@next/env";
import { cliFile } from "./build-stamp.mjs";
import { importTypeScript } from "./bundle.mjs";
import { runNode } from "./run.mjs";
import { Failure } from "./setup.mjs";

/**
 * A deployment that could not serve is none: whatever is wrong with its variables is said while it is built.
 * @throws {Failure} with every fault
 */
export async function requireEnvironment() {
  nextEnv.loadEnvConfig(process.cwd(), false, { info: () => {}, error: console.error });
  const { readEnvironment } = await importTypeScript("lib/platform/environment.ts");
  try {
    return readEnvironment(process.env);
  } catch (error) {
    return throwInWords(error);
  }
}

/**
 * Nobody migrates there when the site starts, so the build does it, as its last step. A preview's database may be that of the
 * site, which a branch must not change: it is only looked at, unless it is said to be the preview's own.
 * @param {{ migratesOnVercel: boolean }} environment
 */
export async function prepareDatabase({ migratesOnVercel }) {
  if (migratesOnVercel) {
    if ((await runNode(cliFile, ["db", "migrate"])) === 0) return;
    throw new Failure("The database was not migrated: see above.");
  }
  const { adapterFactory } = await importTypeScript("lib/platform/database/database.ts");
  const { listPendingMigrations } = await importTypeScript("lib/platform/database/migrations.ts");
  const pending = await listPendingMigrations(adapterFactory()).catch(throwInWords);
  if (pending.length > 0)
    throw new Failure(
      `The database lacks the migrations ${pending.join(", ")}, and a preview applies none. Where DATABASE_URL is a database of its own, set MIGRATE_PREVIEWS=yes (docs/deploy/vercel.md).`,
    );
}

/**
 * @param {unknown} error
 * @returns {never}
 */
function throwInWords(error) {
  throw new Failure(error instanceof Error ? error.message : String(error));
}
