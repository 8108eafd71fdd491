/**
 * Node's entry: checks and migrates what the site stands on, serves, and stops without dropping a request.
 * `npm start` runs it from `dist/server.mjs`.
 */
import { createServer, type RequestListener, type Server } from "node:http";
import type { Socket } from "node:net";
import nextEnv from "@next/env";
import next from "next";
import { adapterFactory } from "@/lib/platform/database/database";
import { applyMigrations } from "@/lib/platform/database/migrate";
import { seconds } from "@/lib/platform/duration";
import {
  type Environment,
  EnvironmentError,
  environment,
  isLoopback,
} from "@/lib/platform/environment";
import { finishAtShutdown } from "@/lib/platform/shutdown";
import { answerWith } from "@/lib/web/listener";

const stopLimit = seconds(30);
/** How long a stop waits for a connection on which nothing has been asked. */
const silenceLimit = seconds(1);
/** Connections on which nothing has been asked yet. */
const silent = new Set<Socket>();

try {
  await serve();
} catch (error) {
  stopWithReason(error);
}

async function serve(): Promise<void> {
  nextEnv.loadEnvConfig(process.cwd(), false, { info: () => {}, error: console.error });
  const site = environment();
  // The port comes first: a start that fails for its sake has changed nothing. Who connects already, waits.
  let open: (listener: RequestListener) => void = () => {};
  const whenOpen = new Promise<RequestListener>((resolve) => {
    open = resolve;
  });
  const servers = await listenEverywhere(site, (...given) => {
    void whenOpen.then((listener) => listener(...given));
  });
  await applyMigrations(adapterFactory());
  // Next would answer upgrades on a server that it is not given by itself, past every limit of ours; this one hears none.
  const app = next({ dev: false, quiet: true, httpServer: createServer() });
  await app.prepare();
  open(answerWith(app.getRequestHandler(), site));
  stopGracefully(servers);
  console.log(`${site.siteName} is open at ${site.siteUrl.origin}`);
  if (!site.https && !isLoopback(site.siteUrl.hostname))
    console.warn("SITE_URL is http: sessions can be read and taken over on the way. Use https.");
  if (site.localMailbox)
    console.log(`Mails stay here, at ${new URL("/mailbox", site.siteUrl)} (no SMTP_URL is set)`);
}

/** Whoever can read the local mailbox can sign in as anybody: then only this machine may connect. */
async function listenEverywhere(site: Environment, listener: RequestListener): Promise<Server[]> {
  const hosts = site.localMailbox ? ["127.0.0.1", "::1"] : [undefined];
  const servers = await Promise.all(hosts.map((host) => listen(listener, site.port, host)));
  return servers.filter((server) => server !== null);
}

/** @returns null when this machine does not know the address */
async function listen(
  listener: RequestListener,
  port: number,
  host: string | undefined,
): Promise<Server | null> {
  const server = createServer(
    { requestTimeout: seconds(30), headersTimeout: seconds(10), keepAliveTimeout: seconds(65) },
    listener,
  );
  rememberSilent(server);
  return await new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) =>
      error.code === "EADDRNOTAVAIL" || error.code === "EAFNOSUPPORT"
        ? resolve(null)
        : reject(error),
    );
    server.listen(port, host, () => resolve(server));
  });
}

/** A stop would wait for them. */
function rememberSilent(server: Server): void {
  server.on("connection", (socket: Socket) => {
    silent.add(socket);
    socket.once("close", () => silent.delete(socket));
  });
  server.on("request", ({ socket }) => silent.delete(socket));
}

/** Takes no more connections, answers what is under way, and ends. */
function stopGracefully(servers: Server[]): void {
  const stop = async () => {
    setTimeout(() => process.exit(1), stopLimit).unref();
    // What they have asked may have come already, and not have been read yet.
    setTimeout(() => silent.forEach((socket) => void socket.destroy()), silenceLimit);
    // Those that were busy become idle later, and would be kept open for the client's next request.
    setInterval(() => servers.map((server) => server.closeIdleConnections()), 100);
    await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
    await finishAtShutdown();
    process.exit(0);
  };
  process.once("SIGTERM", stop);
  process.once("SIGINT", stop);
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
  return [message];
}
