import { randomBytes } from "node:crypto";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { client } from "../e2e/support/http";
import type { MailServer } from "../e2e/support/mail-server";
import { type ServerProcess, startProcess } from "../e2e/support/server-process";
import { freePort } from "../scripts/free-port.mjs";
import { makePostgresqlDatabase } from "../scripts/postgresql-database.mjs";
import { tools } from "../scripts/run.mjs";
import { addSessions, cookieOf, makeTables, secret } from "./fill";
import { signIn } from "./sign-ins";
import type { Twin } from "./twins";

const root = fileURLToPath(new URL("..", import.meta.url));

export type Product = "latchkey" | Twin;

/** A running server of one product, on a core of its own. */
export type Contender = {
  product: Product;
  /** How many sessions its database holds; none where nobody signs in. */
  sessions: number;
  url: string;
  server: ServerProcess;
  /** From its start to its first answer, in milliseconds. */
  startedIn: number;
  /** What signed-in browsers send, many of them. */
  cookies: string[];
  /** Asks for a mail and goes in by it. */
  signIn: (email: string) => Promise<void>;
};

/** Where twins have been built and contenders put their databases, and where their mail goes. */
export type Ground = {
  folder: string;
  /** Of a PostgreSQL server; null for files. */
  postgresql: string | null;
  mailServer: MailServer;
};

/** Starts a product on a database of its own, with so many sessions in it. */
export async function enter(ground: Ground, product: Product, sessions = 0): Promise<Contender> {
  const databaseUrl = await makeDatabase(ground, `${product}-${sessions}`);
  await makeTables[product]?.(databaseUrl);
  const port = await freePort();
  const url = `http://localhost:${port}`;
  const startedAt = performance.now();
  const server = start(product, {
    folder: product === "latchkey" ? root : join(ground.folder, product),
    port,
    url,
    databaseUrl,
    smtpUrl: ground.mailServer.url,
  });
  await untilAnswered(url, server.process, server.output);
  const startedIn = performance.now() - startedAt;
  const tokens = await addSessions[product]?.(databaseUrl, sessions);
  return {
    product,
    sessions,
    url,
    server: server.process,
    startedIn,
    cookies: (tokens ?? []).map((token) => cookieOf[product](token)),
    signIn: (email) => signIn[product](client({ url }), ground.mailServer, email),
  };
}

async function makeDatabase({ folder, postgresql }: Ground, name: string): Promise<string> {
  if (postgresql) return (await makePostgresqlDatabase(postgresql)).url;
  mkdirSync(folder, { recursive: true });
  return `file:${join(folder, `${name}-${randomBytes(4).toString("hex")}.db`)}`;
}

type Place = { folder: string; port: number; url: string; databaseUrl: string; smtpUrl: string };

/** The core of all servers; that of whoever asks is the other one. */
const serverCore = "0";

function start(product: Product, { folder, port, url, databaseUrl, smtpUrl }: Place) {
  const command =
    product === "latchkey"
      ? startCommand()
      : [join(root, tools.next), "start", "-H", "127.0.0.1", "-p", String(port)];
  let output = "";
  const process_ = startProcess(["-c", serverCore, process.execPath, ...command], {
    program: "taskset",
    cwd: folder,
    env: {
      PATH: process.env.PATH,
      NODE_ENV: "production",
      NEXT_TELEMETRY_DISABLED: "1",
      __NEXT_PROCESSED_ENV: "true",
      PORT: String(port),
      SITE_URL: url,
      DATABASE_URL: databaseUrl,
      SMTP_URL: smtpUrl,
      MAIL_FROM: "Latchkey <sign-in@example.org>",
      LOG_LEVEL: "warn",
      // All requests come from one address.
      MAILS_PER_HOUR_PER_NETWORK: "1000000",
      AUTH_SECRET: secret,
      AUTH_URL: url,
      BETTER_AUTH_SECRET: secret,
      BETTER_AUTH_URL: url,
    },
    onOutput: (text) => {
      output += text;
    },
  });
  return { process: process_, output: () => output };
}

/** What `npm start` comes to. */
function startCommand(): string[] {
  const { scripts } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const flags = String(scripts.start)
    .split(" ")
    .filter((word) => word.startsWith("--"));
  return [...flags, join(root, "dist/server.mjs")];
}

async function untilAnswered(url: string, server: ServerProcess, output: () => string) {
  for (;;) {
    if (server.ending) throw new Error(`A server ended. It wrote:\n${output()}`);
    const answer = await client({ url })
      .get("/me")
      .catch(() => null);
    if (answer && answer.status < 500) return;
    await pause(10);
  }
}
