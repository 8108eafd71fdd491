import { createHash, createHmac, randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { getMigrations } from "better-auth/db/migration";
import Database from "better-sqlite3";
import pg from "pg";
import { onDatabase } from "../e2e/support/site-database";
import type { Product } from "./contenders";

/** What all of them sign and encrypt with. */
export const secret = createHash("sha256").update("a secret of the comparison").digest("base64url");
/** Sessions among all of which requests are spread. */
const spread = 1000;

/** For those that do not make their tables themselves. */
export const makeTables: Partial<Record<Product, (databaseUrl: string) => Promise<void>>> = {
  "next-auth": async (databaseUrl) => {
    const file = new URL("twins/next-auth/prisma/tables.sql", import.meta.url);
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
export const addSessions: Partial<
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

/** What a browser sends that has this token. */
export const cookieOf: Record<Product, (token: string) => string> = {
  latchkey: (token) => `session_id=${token}`,
  "next-auth": (token) => `authjs.session-token=${token}`,
  "better-auth": (token) => {
    const signature = createHmac("sha256", secret).update(token).digest("base64");
    return `better-auth.session_token=${encodeURIComponent(`${token}.${signature}`)}`;
  },
  bare: () => "",
  nonce: () => "",
};
