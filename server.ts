/**
 * Node's entry: one HTTP server around Next. It refuses what no page should see, gives each request an id, a nonce and
 * its security headers, and stops without dropping a request. `npm start` runs it from `dist/server.mjs`.
 */
import { randomBytes, randomUUID } from "node:crypto";
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from "node:http";
import nextEnv from "@next/env";
import next from "next";
import { adapterFactory } from "@/lib/platform/database/database";
import { applyMigrations } from "@/lib/platform/database/migrate";
import { seconds } from "@/lib/platform/duration";
import { type Environment, EnvironmentError, environment } from "@/lib/platform/environment";
import { type RequestContext, runWithRequestContext } from "@/lib/platform/request-context";
import { requestedPathHeader, securityHeaders } from "@/lib/platform/security-headers";
import { renderFaultPage } from "@/lib/web/fault-page";

const bodyLimit = 64 * 1024;
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

function answerWith(
  handle: ReturnType<ReturnType<typeof next>["getRequestHandler"]>,
  site: Environment,
): RequestListener {
  return (request, response) => {
    const context: RequestContext = {
      requestId: randomUUID(),
      socketAddress: request.socket.remoteAddress ?? "",
    };
    const nonce = randomBytes(16).toString("base64");
    const headers = securityHeaders({ ...site, nonce });
    beforeHead(response, () => {
      if (context.databaseFault && response.statusCode === 500) response.statusCode = 503;
      // An answer that says otherwise, keeps what it says.
      for (const [name, value] of Object.entries({ ...headers, "x-request-id": context.requestId }))
        if (!response.hasHeader(name)) response.setHeader(name, value);
      return isFaultPage(response)
        ? faultPage(response, request.url ?? "/", context.requestId, site.siteName)
        : undefined;
    });
    const refusal = refusalOf(request);
    if (refusal) return refuse(response, ...refusal);
    dropInternalHeaders(request);
    // Next takes the nonce for its scripts from here.
    request.headers["content-security-policy"] = headers["content-security-policy"];
    request.headers[requestedPathHeader] = request.url;
    runWithRequestContext(context, () => void handle(request, response));
  };
}

/**
 * Runs `act` once, when the status and the headers are about to be sent and nothing of the body has been.
 * When it returns a text, that is the body, and whatever else comes is dropped.
 */
function beforeHead(response: ServerResponse, act: () => string | undefined): void {
  const { writeHead, write, end } = response;
  let isPending = true;
  let body: string | undefined;
  response.writeHead = (status: number, ...rest: unknown[]) => {
    const headers = rest.at(-1);
    if (typeof headers === "object" && headers !== null)
      for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
    response.statusCode = status;
    if (isPending) body = act();
    isPending = false;
    return writeHead.call(response, response.statusCode);
  };
  // By themselves these send the head in the middle of their work, when it is too late for another body.
  const sendHead = () => {
    if (isPending) response.writeHead(response.statusCode);
  };
  response.write = (...given: unknown[]) => {
    sendHead();
    return body === undefined ? Reflect.apply(write, response, given) : true;
  };
  response.end = (...given: unknown[]) => {
    sendHead();
    return Reflect.apply(end, response, body === undefined ? given : [body]);
  };
}

function isFaultPage(response: ServerResponse): boolean {
  return (
    response.statusCode >= 500 && /^text\/html/.test(String(response.getHeader("content-type")))
  );
}

function faultPage(
  response: ServerResponse,
  path: string,
  requestId: string,
  siteName: string,
): string {
  const status = response.statusCode === 503 ? 503 : 500;
  const page = renderFaultPage({ status, siteName, requestId, path });
  response.removeHeader("content-encoding");
  response.setHeader("content-length", Buffer.byteLength(page));
  response.setHeader("cache-control", "no-store");
  if (status === 503) response.setHeader("retry-after", "5");
  return page;
}

function refusalOf(
  request: IncomingMessage,
): [status: number, title: string, detail: string] | null {
  const { method = "", url = "", headers } = request;
  if (!/^(GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS)$/.test(method))
    return [405, "Method Not Allowed", `${method} is not possible here.`];
  if (!url.startsWith("/")) return [400, "Bad Request", "The address must be a path."];
  if (Number(headers["content-length"] ?? 0) > bodyLimit)
    return [413, "Payload Too Large", `The body is larger than ${bodyLimit / 1024} KB.`];
  return null;
}

function refuse(response: ServerResponse, status: number, title: string, detail: string): void {
  const body = JSON.stringify({ type: "about:blank", title, status, detail });
  response.writeHead(status, {
    "content-type": "application/problem+json",
    "cache-control": "no-store",
    connection: "close",
  });
  response.end(body);
}

/** What only a server may say, a client must not (ASVS 15.3.4). */
function dropInternalHeaders(request: IncomingMessage): void {
  for (const name of Object.keys(request.headers))
    if (
      /^(x-middleware-|x-latchkey-|x-nextjs-(?!data$|prefetch$)|x-invoke-|x-forwarded-(?!for$))/.test(
        name,
      )
    )
      delete request.headers[name];
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
    await Promise.all(
      servers.map(
        (server) =>
          new Promise((resolve) => {
            server.close(resolve);
            server.closeIdleConnections();
          }),
      ),
    );
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
