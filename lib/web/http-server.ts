import { randomBytes, randomUUID } from "node:crypto";
import {
  createServer,
  type RequestListener,
  type Server,
  type ServerResponse,
  STATUS_CODES,
} from "node:http";
import { Server as NetServer, type Socket } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { seconds } from "@/lib/platform/duration";
import type { Environment } from "@/lib/platform/environment";
import { securityHeaders } from "@/lib/platform/security-headers";
import { Problem } from "./problem";

/** In bytes, of the address and all headers together: a session and the cookies of a domain need a tenth of it. */
const headerLimit = 16 * 1024;
/**
 * Of one process: more would fill the memory. It is not left to `maxConnections`: in a cluster, Node passes a connection beyond
 * that round among the processes until one of them takes it, and does nothing else meanwhile.
 */
const connectionLimit = 5000;
const limits = {
  maxHeaderSize: headerLimit,
  headersTimeout: seconds(10),
  requestTimeout: seconds(30),
  keepAliveTimeout: seconds(65),
  // By itself Node looks every 30 s only, and a slow client would have four times as long.
  connectionsCheckingInterval: seconds(1),
};
/** Who takes nothing of an answer for so long, gets no more of it. */
const silence = seconds(60);
/** What a client sends just when we stop is still on its way for so long, in milliseconds. */
const stragglers = 250;

/** An HTTP server that can be closed without dropping a request. */
export type ClosableServer = {
  /** Takes no more connections, answers what is under way, and is done when all of it has gone out. */
  close(): Promise<void>;
};

/** Whoever can read the local mailbox can sign in as anybody: then only this machine may connect. */
export async function listenEverywhere(
  site: Environment,
  listener: RequestListener,
): Promise<ClosableServer[]> {
  const hosts = site.localMailbox ? ["127.0.0.1", "::1"] : [undefined];
  const servers = await Promise.all(hosts.map((host) => listen(site, listener, host)));
  return servers.filter((server) => server !== null);
}

/** @returns null when this machine does not know the address */
async function listen(
  site: Environment,
  listener: RequestListener,
  host: string | undefined,
): Promise<ClosableServer | null> {
  const server = createServer(limits);
  server.timeout = silence;
  const connections = watchConnections(server);
  server.on("clientError", (error: NodeJS.ErrnoException, socket: Socket) =>
    refuseUnreadable(site, error, socket, connections.answering.get(socket)),
  );
  server.on("request", listener);
  return await new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) =>
      error.code === "EADDRNOTAVAIL" || error.code === "EAFNOSUPPORT"
        ? resolve(null)
        : reject(error),
    );
    server.listen(site.port, host, () => resolve({ close: () => close(server, connections) }));
  });
}

type Connections = {
  open: number;
  /** Those on which nothing has been asked yet: closing would wait for them. */
  silent: Set<Socket>;
  answering: Map<Socket, ServerResponse>;
  isClosing: boolean;
};

function watchConnections(server: Server): Connections {
  const connections: Connections = {
    open: 0,
    silent: new Set(),
    answering: new Map(),
    isClosing: false,
  };
  const { silent, answering } = connections;
  server.on("connection", (socket: Socket) => {
    connections.open += 1;
    socket.once("close", () => {
      connections.open -= 1;
      silent.delete(socket);
    });
    if (connections.open > connectionLimit) socket.destroy();
    else silent.add(socket);
  });
  server.on("request", ({ socket }, response) => {
    silent.delete(socket);
    answering.set(socket, response);
    response.once("close", () => {
      if (answering.get(socket) === response) answering.delete(socket);
    });
    if (connections.isClosing) response.shouldKeepAlive = false;
  });
  return connections;
}

async function close(server: Server, connections: Connections): Promise<void> {
  connections.isClosing = true;
  for (const response of connections.answering.values()) response.shouldKeepAlive = false;
  // HTTP's own would cut off idle connections at once, and with them what is asked on one at this very moment.
  const closed = new Promise((resolve) => NetServer.prototype.close.call(server, resolve));
  await Promise.race([closed, pause(stragglers)]);
  for (const socket of connections.silent) socket.destroy();
  server.closeIdleConnections();
  // Those whose head had gone out become idle later.
  const idle = setInterval(() => server.closeIdleConnections(), 100);
  await closed;
  clearInterval(idle);
}

/** What Node could not read as a request is answered like everything else that is refused. */
function refuseUnreadable(
  site: Environment,
  error: NodeJS.ErrnoException,
  socket: Socket,
  answer: ServerResponse | undefined,
): void {
  if (socket.writableEnded) return;
  if (!socket.writable || answer?.headersSent) return void socket.destroy();
  socket.end(rawAnswer(site, problemOf(error.code)));
  // Closed at once, with what else has come unread, it would take the answer with it.
  setTimeout(() => socket.destroy(), seconds(1)).unref();
}

function problemOf(code = ""): Problem {
  if (code === "HPE_HEADER_OVERFLOW")
    return new Problem(
      431,
      `The address and the headers are larger than ${headerLimit / 1024} KB.`,
    );
  if (code === "HPE_CHUNK_EXTENSIONS_OVERFLOW")
    return new Problem(413, "The extensions of a chunk are too large.");
  if (code === "ERR_HTTP_REQUEST_TIMEOUT")
    return new Problem(408, "The request took too long to arrive. Send it again.");
  return new Problem(400, "This is no HTTP request that can be read.");
}

function rawAnswer(site: Environment, problem: Problem): string {
  const body = JSON.stringify(problem);
  const nonce = randomBytes(16).toString("base64");
  const headers = {
    ...securityHeaders({ ...site, nonce }),
    "x-request-id": randomUUID(),
    "content-type": "application/problem+json",
    "content-length": Buffer.byteLength(body),
    "cache-control": "no-store",
    connection: "close",
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status]}\r\n${lines.join("")}\r\n${body}`;
}
