import { endWithNpm, runNode, tools } from "./run.mjs";
import { ensureClients, ensureEnvironment, ensurePackages, Failure, tell } from "./setup.mjs";

process.chdir(`${import.meta.dirname}/..`);
endWithNpm();

try {
  await ensurePackages();
  ensureEnvironment();
  await ensureClients();
  process.exitCode = await serve(await migrate());
} catch (error) {
  tell(error);
  process.exit(1);
}

/** Brings the database up to date, and returns the port that the environment asks for. */
async function migrate() {
  // Packages are imported only here: further up they may not have been installed yet.
  const { default: nextEnv } = await import("@next/env");
  const { importTypeScript } = await import("./bundle.mjs");
  nextEnv.loadEnvConfig(".", true);
  const port = process.env.PORT || "3000";

  const { applyMigrations } = await importTypeScript("lib/platform/database/migrate.ts");
  const { adapterFactory } = await importTypeScript("lib/platform/database/database.ts");
  try {
    await applyMigrations(adapterFactory());
  } catch (error) {
    // What they throw is written for people.
    throw new Failure(error instanceof Error ? error.message : String(error));
  }

  // `next dev` reads `.env` itself, and again whenever it changes.
  nextEnv.resetEnv();
  return port;
}

/** @param {string} port */
function serve(port) {
  // Only this machine: the development server shows mails to whoever asks.
  return runNode(tools.next, ["dev", "--hostname", "localhost", "--port", port], {
    env: { NEXT_TELEMETRY_DISABLED: "1" },
  });
}
