/**
 * Node's entry: checks and migrates what the site stands on, serves, and stops without dropping a request.
 * `npm start` runs it from `dist/server.mjs`.
 */
import { createServer, type RequestListener, type Server } from "node:http";
import nextEnv from "@next/env";
import next from "next";
import { adapterFactory } from "@/lib/platform/database/database";
import { applyMigrations } from "@/lib/platform/database/migrate";
import { seconds } from "@/lib/platform/duration";
import { type Environment, EnvironmentError, environment } from "@/lib/platform/environment";
import { answerWith } from "@/lib/web/listener";

const stopLimit = seconds(30);

try {
  await serve();
} catch (error) {
  stopWithReason(error);
}

async function serve(): Promise<void> {
  nextEnv.loadEnvConfig(process.cwd(), false, { info: () => {}, error: console.error });
  const site = environment();
  await applyMigrations(adapterFactory());
  const app = next({ dev: false, quiet: true });
  await app.prepare();
  const listener = answerWith(app.getRequestHandler(), site);
  const servers = await Promise.all(hostsOf(site).map((host) => listen(listener, site.port, host)));
  stopGracefully(servers.filter((server) => server !== null));
  console.log(`${site.siteName} is open at ${site.siteUrl.origin}`);
  if (site.localMailbox)
    console.log(`Mails stay here, at ${new URL("/mailbox", site.siteUrl)} (no SMTP_URL is set)`);
}

/** Whoever can read the local mailbox can sign in as anybody: then only this machine may connect. */
function hostsOf(site: Environment): (string | undefined)[] {
  return site.localMailbox ? ["127.0.0.1", "::1"] : [undefined];
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
  return await new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) =>
      error.code === "EADDRNOTAVAIL" || error.code === "EAFNOSUPPORT"
        ? resolve(null)
        : reject(error),
    );
    server.listen(port, host, () => resolve(server));
  });
}

/** Takes no more connections, answers what is under way, and ends. */
function stopGracefully(servers: Server[]): void {
  const stop = async () => {
    setTimeout(() => process.exit(1), stopLimit).unref();
    // Those that were busy become idle later, and would be kept open for the client's next request.
    setInterval(() => servers.map((server) => server.closeIdleConnections()), 100);
    await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
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
