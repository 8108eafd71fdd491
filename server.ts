/**
 * Node's entry: checks and migrates what the site stands on, serves, and stops without dropping a request.
 * `npm start` runs it from `dist/server.mjs`; with `WEB_CONCURRENCY` it starts so many processes of itself.
 */
import cluster from "node:cluster";
import { readFileSync } from "node:fs";
import { createServer, type RequestListener } from "node:http";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import nextEnv from "@next/env";
import { adapterFactory } from "@/lib/platform/database/database";
import { applyMigrations } from "@/lib/platform/database/migrate";
import {
  type Environment,
  EnvironmentError,
  environment,
  isLoopback,
} from "@/lib/platform/environment";
import { answerMetricsOfAll } from "@/lib/platform/metrics-cluster";
import {
  onToldToStop,
  ProcessError,
  startProcesses,
  stopLimit,
  untilNoneIsOnItsWay,
  untilOpened,
} from "@/lib/platform/processes";
import { finishAtShutdown } from "@/lib/platform/shutdown";
import { type ClosableServer, listenEverywhere } from "@/lib/web/http-server";
import { answerWith } from "@/lib/web/listener";
import type { OwnRoutes } from "@/lib/web/own-routes";

let servers: ClosableServer[] = [];

try {
  nextEnv.loadEnvConfig(process.cwd(), false, { info: () => {}, error: console.error });
  // `vercel env pull` leaves it in .env.local. Here it is not so: no proxy of theirs has checked what a visitor says.
  process.env.VERCEL = "";
  const site = environment();
  if (cluster.isWorker) await serveAsOneOfSeveral(site);
  else if (site.processes > 1) await startSeveral(site);
  else await serveAlone(site);
} catch (error) {
  stopWithReason(error);
}

async function serveAlone(site: Environment): Promise<void> {
  // The port comes first: a start that fails for its sake has changed nothing. Who connects already, waits.
  let open: (listener: RequestListener) => void = () => {};
  const whenOpen = new Promise<RequestListener>((resolve) => {
    open = resolve;
  });
  servers = await listenEverywhere(site, (...given) => {
    void whenOpen.then((listener) => listener(...given));
  });
  open(await prepareListener(site));
  stopOnSignals();
  announce(site);
}

/** This process serves nothing itself, and what only one process can do for all of them belongs here. */
async function startSeveral(site: Environment): Promise<void> {
  // As above: the port is tried before a process migrates.
  const tried = await listenEverywhere(site, (_, response) => response.destroy());
  await Promise.all(tried.map((server) => server.close()));
  if (site.metricsToken) answerMetricsOfAll();
  await startProcesses(ownPath(), site.processes);
  announce(site);
}

async function serveAsOneOfSeveral(site: Environment): Promise<void> {
  stopOnSignals();
  const listener = await prepareListener(site);
  await untilOpened();
  servers = await listenEverywhere(site, listener);
}

async function prepareListener(site: Environment): Promise<RequestListener> {
  await applyMigrations(adapterFactory());
  takeConfigurationFromBuild();
  // Only here: the first of several processes needs nothing of it, and the others wait for that one.
  const { default: next } = await import("next");
  // Next would answer upgrades on a server that it is not given by itself, past every limit of ours; this one hears none.
  const app = next({ dev: false, quiet: true, httpServer: createServer() });
  await app.prepare();
  return answerWith(app.getRequestHandler(), site, undefined, await loadOwnRoutes(site));
}

/** Only once Next is ready: before, what they import of it would not load. While traces are on, Next has to hear of every request. */
async function loadOwnRoutes({ tracing }: Environment): Promise<OwnRoutes> {
  if (tracing) return {};
  return {
    "/me": await import("@/app/me/route"),
    "/authorize": await import("@/app/authorize/route"),
  };
}

/** As the server of Next's own standalone output does: evaluating the configuration anew would load compilers, too. */
function takeConfigurationFromBuild(): void {
  const { config } = JSON.parse(readFileSync(".next/required-server-files.json", "utf8"));
  process.env.__NEXT_PRIVATE_STANDALONE_CONFIG = JSON.stringify(config);
}

/** As it was typed, where this file was started and not imported: a link in it is followed anew at each change of version. */
function ownPath(): string {
  const self = fileURLToPath(import.meta.url);
  const [, started = self] = process.argv;
  return basename(started) === basename(self) ? started : self;
}

function announce(site: Environment): void {
  console.log(`${site.siteName} is open at ${site.siteUrl.origin}`);
  if (!site.https && !isLoopback(site.siteUrl.hostname))
    console.warn("SITE_URL is http: sessions can be read and taken over on the way. Use https.");
  if (site.localMailbox)
    console.log(`Mails stay here, at ${new URL("/mailbox", site.siteUrl)} (no SMTP_URL is set)`);
}

/** Takes no more connections, answers what is under way, and ends. */
function stopOnSignals(): void {
  const stop = async () => {
    setTimeout(() => process.exit(1), stopLimit).unref();
    const closings = servers.map((server) => server.close());
    await Promise.all([...closings, untilNoneIsOnItsWay()]);
    await finishAtShutdown();
    process.exit(0);
  };
  let isStopping = false;
  const stopOnce = () => {
    if (!isStopping) void stop();
    isStopping = true;
  };
  // A terminal that is closed hangs up; a supervisor that asks for a change of version starts this process anew.
  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) process.once(signal, stopOnce);
  onToldToStop(stopOnce);
}

/** A line for each fault, and nothing of where in the code it came up. */
function stopWithReason(error: unknown): never {
  for (const line of reasonsOf(error)) console.error(line);
  process.exit(1);
}

function reasonsOf(error: unknown): string[] {
  if (error instanceof EnvironmentError) return error.faults;
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === "EADDRINUSE")
    return [
      `PORT ${environment().port} is in use by another program; stop that one, or set PORT to another number.`,
    ];
  if (code === "EACCES")
    return [
      `PORT ${environment().port} needs rights that this user does not have; set PORT to a number above 1023.`,
    ];
  // The process has said why itself.
  if (error instanceof ProcessError) return [];
  return [message];
}
