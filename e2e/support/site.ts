import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { chown, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { freePort } from "../../scripts/free-port.mjs";
import { type Clock, clockIn } from "./clock";
import { client } from "./http";
import type { MailServer } from "./mail-server";
import { type Ending, type ServerProcess, startProcess, type User } from "./server-process";
import { makeSiteDatabase } from "./site-database";

const root = fileURLToPath(new URL("../..", import.meta.url));
const clockModule = new URL("clock-preload.mjs", import.meta.url).href;
const readyWithinMs = 60_000;

/** What a site under test starts with; all of it may be left out. */
export interface SiteOptions {
  /** Where its mail goes; without one it captures mails for its own `/mailbox`. */
  mailServer?: Pick<MailServer, "url">;
  /** `DATABASE_URL`; a fresh database of the kind that is tested unless told. */
  database?: string;
  /** The site that this is another process of: with its database, its address and its clock. */
  beside?: Site;
  /** More variables, or others in place of the usual ones. */
  env?: Record<string, string>;
  /** `false` leaves the server's clock alone. */
  clock?: boolean;
  /** Where it lies; the root of the repository unless told. */
  folder?: string;
  /** What to run, as seen from there; `dist/server.mjs` unless told. */
  program?: string;
  /** Whose process it is, and whose data; this one's user unless told. */
  user?: User | undefined;
  /** What it is run with. */
  args?: string[];
}

/** The production server, running as a process of its own. */
export interface Site {
  readonly url: string;
  readonly databaseUrl: string;
  /** The path of the SQLite file; throws on another database. */
  readonly databaseFile: string;
  /** Moves what the server takes for now; throws if the site was started with its own clock. */
  readonly clock: Clock;
  readonly pid: number | undefined;
  /** All that it has written so far, restarts included. */
  output(): string;
  /** Sends it a signal that ends it, SIGKILL unless told; done when it has ended. */
  kill(signal?: NodeJS.Signals): Promise<Ending>;
  /** Ends it as an operator would, and removes its files. */
  stop(): Promise<void>;
  /** Runs `latchkey` with these arguments beside it, with the environment of the site. */
  latchkey(...args: string[]): Promise<CommandResult>;
  /** Ends it if it still runs; starts it again with the same port, database and clock. */
  restart(changedEnv?: Record<string, string>): Promise<void>;
}

/** What came of a command. */
interface CommandResult {
  code: number;
  stdout: string;
  stderr: string;
  /** What it wrote, read as JSON; throws if it is none. */
  json(): unknown;
}

/** The server ended, or was still not ready after a minute. */
export class SiteDidNotStart extends Error {
  constructor(
    readonly ending: Ending | undefined,
    readonly output: string,
  ) {
    const what = ending ? `ended with ${ending.code ?? ending.signal}` : "did not get ready";
    super(`The server ${what}. It wrote:\n${output}`);
  }
}

/**
 * Starts the built site on a free port and waits until `/readyz` says that it can serve.
 *
 * Its environment is complete in itself: nothing of the developer's shell or `.env` gets in.
 *
 * @throws {SiteDidNotStart} with what the process wrote
 */
export async function startSite(options: SiteOptions = {}): Promise<Site> {
  const folder = await mkdtemp(join(tmpdir(), "latchkey-test-"));
  const { user, folder: cwd = root } = options;
  if (user) await chown(folder, user.uid, user.gid);
  const port = await freePort();
  const url = `http://localhost:${port}`;
  const { beside, database = beside?.databaseUrl } = options;
  const made = database ? null : await makeSiteDatabase(folder);
  const databaseUrl = database ?? made?.url ?? "";
  const hasOwnClock = options.clock === false;
  const clock = beside?.clock ?? clockIn(join(folder, "clock"));

  let env: Record<string, string> = {
    PATH: process.env.PATH ?? "",
    HOME: folder,
    NEXT_TELEMETRY_DISABLED: "1",
    // Next's own mark of a process that has all its variables: no `.env` file is read any more.
    __NEXT_PROCESSED_ENV: "true",
    PORT: String(port),
    SITE_URL: beside?.url ?? url,
    DATABASE_URL: databaseUrl,
    // The same for all, so that two sites on one database know each other's secrets.
    AUTH_SECRET: createHash("sha256").update("latchkey tests").digest("base64url"),
    MAIL_FROM: "Latchkey <sign-in@example.org>",
    LOG_LEVEL: "info",
    CLOCK_FILE: clock.file,
    ...(options.mailServer && { SMTP_URL: options.mailServer.url }),
    ...options.env,
  };
  let output = "";
  let server: ServerProcess;

  async function start() {
    const program = resolve(cwd, options.program ?? "dist/server.mjs");
    const command = [program, ...(options.args ?? [])];
    server = startProcess(hasOwnClock ? command : ["--import", clockModule, ...command], {
      cwd,
      user,
      env: { ...env, NODE_ENV: "production" },
      onOutput: (text) => {
        output += text;
      },
    });
    await waitUntilReady();
  }

  async function waitUntilReady() {
    const deadline = Date.now() + readyWithinMs;
    while (Date.now() < deadline && !server.ending) {
      if (await isReady()) return;
      await pause(50);
    }
    const { ending } = server;
    await server.kill("SIGKILL");
    throw new SiteDidNotStart(ending, output);
  }

  function isReady() {
    return client({ url })
      .get("/readyz")
      .then(({ status }) => status === 200)
      .catch(() => false);
  }

  async function stop() {
    await server.stop();
    await removeFiles();
  }

  async function removeFiles() {
    await made?.remove();
    await rm(folder, { recursive: true, force: true });
  }

  function latchkey(...args: string[]): Promise<CommandResult> {
    const command = [resolve(cwd, "dist/cli.mjs"), ...args];
    return new Promise((done) => {
      const all = { ...env, NODE_ENV: "production" as const };
      execFile(process.execPath, command, { cwd, ...user, env: all }, (error, stdout, stderr) => {
        const code = error === null ? 0 : Number(error.code ?? 1);
        done({ code, stdout, stderr, json: () => JSON.parse(stdout) });
      });
    });
  }

  async function restart(changedEnv: Record<string, string> = {}) {
    await server.stop();
    env = { ...env, ...changedEnv };
    await start();
  }

  await start().catch(async (error: unknown) => {
    await removeFiles();
    throw error;
  });
  return {
    url,
    databaseUrl,
    get databaseFile() {
      if (!databaseUrl.startsWith("file:")) throw new Error(`${databaseUrl} is not a file`);
      return databaseUrl.slice("file:".length);
    },
    get clock() {
      if (hasOwnClock) throw new Error("This site was started with `clock: false`");
      return clock;
    },
    get pid() {
      return server.pid;
    },
    output: () => output,
    kill: (signal = "SIGKILL") => server.kill(signal),
    stop,
    latchkey,
    restart,
  };
}
