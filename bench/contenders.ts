import { createHash, createHmac, randomBytes } from "node:crypto";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { getMigrations } from "better-auth/db/migration";
import Database from "better-sqlite3";
import pg from "pg";
import { client, type HttpAnswer, type HttpClient } from "../e2e/support/http";
import type { MailServer } from "../e2e/support/mail-server";
import { askOverHttp, sendCode } from "../e2e/support/program";
import { type ServerProcess, startProcess } from "../e2e/support/server-process";
import { codeIn } from "../e2e/support/sign-in";
import { onDatabase } from "../e2e/support/site-database";
import { freePort } from "../scripts/free-port.mjs";
import { makePostgresqlDatabase } from "../scripts/postgresql-database.mjs";
import { tools } from "../scripts/run.mjs";
import type { Twin } from "./twins";

const root = fileURLToPath(new URL("..", import.meta.url));
const secret = createHash("sha256").update("a secret of the comparison").digest("base64url");
/** Sessions among all of which requests are spread. */
const spread = 1000;

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

/** For those that do not make their tables themselves. */
const makeTables: Partial<Record<Product, (databaseUrl: string) => Promise<void>>> = {
  "next-auth": async (databaseUrl) => {
    const file = join(root, "bench/twins/next-auth/prisma/tables.sql");
    await onDatabase(databaseUrl, (database) => database.executeScript(readFileSync(file, "utf8")));
  },
  "better-auth": async (databaseUrl) => {
    const isFile = databaseUrl.startsWith("file:");
    const database = isFile
      ? new Database(databaseUrl.slice("file:".length))
      : new pg.Pool({ connectionString: databaseUrl });
    const { runMigrations } = await getMigrations({
      database,
      baseURL: "http://localhost",
      telemetry: { enabled: false },
    });
    await runMigrations();
    await (database instanceof Database ? database.close() : database.end());
  },
};

const longAgo = "2019-01-01T00:00:00.000+00:00";
const never = "2099-01-01T00:00:00.000+00:00";
const id = () => randomBytes(16).toString("hex");
const hash = (token: string) => createHash("sha256").update(token).digest("base64url");

/** One account each, and all sessions its own. Each returns the tokens of some of them, evenly spread. */
const addSessions: Partial<
  Record<Product, (databaseUrl: string, count: number) => Promise<string[]>>
> = {
  latchkey: (databaseUrl, count) =>
    insert(databaseUrl, count, {
      owner: `INSERT INTO "User" ("id", "email", "emailTyped", "emailVerified") VALUES ('owner', 'person@example.org', 'person@example.org', '${longAgo}')`,
      table: `"Session" ("id", "tokenHash", "userId", "keepSignedIn", "userAgent", "networkAddress", "createdAt", "lastSeenAt", "signedInAt", "expiresAt", "endsAt")`,
      row: (token) =>
        `('${id()}', '${hash(token)}', 'owner', true, 'A browser', '192.0.2.1', '${longAgo}', '${never}', '${longAgo}', '${never}', '${never}')`,
    }),
  "next-auth": (databaseUrl, count) =>
    insert(databaseUrl, count, {
      owner: `INSERT INTO "User" ("id", "email", "emailVerified", "updatedAt") VALUES ('owner', 'person@example.org', '${longAgo}', '${longAgo}')`,
      table: `"Session" ("sessionToken", "userId", "expires", "createdAt", "updatedAt")`,
      row: (token) => `('${token}', 'owner', '${never}', '${longAgo}', '${longAgo}')`,
    }),
  "better-auth": (databaseUrl, count) =>
    insert(databaseUrl, count, {
      owner: `INSERT INTO "user" ("id", "name", "email", "emailVerified", "createdAt", "updatedAt") VALUES ('owner', '', 'person@example.org', true, '${longAgo}', '${longAgo}')`,
      table: `"session" ("id", "token", "userId", "expiresAt", "createdAt", "updatedAt")`,
      row: (token) => `('${id()}', '${token}', 'owner', '${never}', '${longAgo}', '${longAgo}')`,
    }),
};

type Rows = { owner: string; table: string; row: (token: string) => string };

async function insert(databaseUrl: string, count: number, { owner, table, row }: Rows) {
  const tokens: string[] = [];
  await onDatabase(databaseUrl, async (database) => {
    await database.executeScript(owner);
    for (let done = 0; done < count; done += 10_000) {
      const values = Array.from({ length: Math.min(10_000, count - done) }, (_, index) => {
        const token = randomBytes(32).toString("base64url");
        if ((done + index) % (count / spread) === 0) tokens.push(token);
        return row(token);
      });
      await database.executeScript(`INSERT INTO ${table} VALUES ${values.join(",")}`);
    }
    // As any server would have done by itself some time after so many rows.
    await database.executeScript("ANALYZE");
  });
  return tokens;
}

const cookieOf: Record<Product, (token: string) => string> = {
  latchkey: (token) => `session_id=${token}`,
  "next-auth": (token) => `authjs.session-token=${token}`,
  "better-auth": (token) => {
    const signature = createHmac("sha256", secret).update(token).digest("base64");
    return `better-auth.session_token=${encodeURIComponent(`${token}.${signature}`)}`;
  },
  bare: () => "",
  nonce: () => "",
};

type SignIn = (program: HttpClient, mailServer: MailServer, email: string) => Promise<void>;

const signIn: Record<Product, SignIn> = {
  latchkey: async (program, mailServer, email) => {
    const mail = await askOverHttp(program, mailServer, email);
    expectStatus(await sendCode(program, codeIn(mail)), 200);
    expectCookie(program, "session_id");
  },
  "next-auth": async (program, mailServer, email) => {
    const answer = await program.get("/api/auth/csrf");
    const { csrfToken } = answer.json() as { csrfToken: string };
    const form = { csrfToken, email, callbackUrl: "/private" };
    expectStatus(await program.post("/api/auth/signin/nodemailer", { form }), 302);
    expectStatus(await program.get(await linkMailedTo(mailServer, email)), 302);
    expectCookie(program, "authjs.session-token");
  },
  "better-auth": async (program, mailServer, email) => {
    const json = { email, callbackURL: "/private" };
    expectStatus(await program.post("/api/auth/sign-in/magic-link", { json }), 200);
    expectStatus(await program.get(await linkMailedTo(mailServer, email)), 302);
    expectCookie(program, "better-auth.session_token");
  },
  bare: noSignIn,
  nonce: noSignIn,
};

async function noSignIn(): Promise<void> {
  throw new Error("Nobody signs in there.");
}

async function linkMailedTo(mailServer: MailServer, email: string): Promise<string> {
  const { text } = await mailServer.waitForMail({ to: email });
  const [link] = /https?:\/\/\S+/g.exec(text.slice(text.indexOf("\n"))) ?? [];
  if (!link) throw new Error(`No link in:\n${text}`);
  return link;
}

function expectStatus({ status, body }: HttpAnswer, expected: number): void {
  if (status !== expected) throw new Error(`${status} in place of ${expected}: ${body}`);
}

function expectCookie(program: HttpClient, name: string): void {
  if (!program.cookies.has(name)) throw new Error(`No cookie ${name} came of a sign-in.`);
}
