import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { promisify } from "node:util";
import type { Page } from "@playwright/test";
import pg from "pg";
import { startPostgresql } from "../scripts/postgresql-server.mjs";
import { askOverHttp, isSignedIn, sendCode, signInOverHttp } from "./support/program";
import { codeIn, signIn } from "./support/sign-in";
import { type Site, SiteDidNotStart, startSite } from "./support/site";
import { test as base, expect } from "./support/test";

const root = resolve(import.meta.dirname, "..");
const run = promisify(execFile);
const day = 24 * 60 * 60_000;
const cronSecret = "what-vercel-says-to-cron";
const onVercel = { VERCEL: "1", VERCEL_ENV: "production", CRON_SECRET: cronSecret };
/** What Vercel runs is near to it: Next alone, without `server.ts`. */
const nextAlone = { program: "node_modules/next/dist/bin/next", args: ["start"] };

/** A database of this file's own, which can be made to be away, and another one that is empty. */
type Database = { url: string; emptyUrl: string; setAway(isAway: boolean): Promise<void> };

const test = base.extend<object, { database: Database; site: Site }>({
  database: [
    async ({ siteEnv: _ }, use) => {
      const server = await startPostgresql();
      const name = `vercel_${randomBytes(6).toString("hex")}`;
      const urlOf = (database: string) => new URL(`/${database}`, server.url).href;
      const ask = async (...statements: string[]) => {
        const client = new pg.Client(server.url);
        await client.connect();
        for (const statement of statements) await client.query(statement);
        await client.end();
      };
      await ask(`CREATE DATABASE ${name}`, `CREATE DATABASE ${name}_empty`);
      await use({
        url: urlOf(name),
        emptyUrl: urlOf(`${name}_empty`),
        setAway: (isAway) =>
          ask(
            `ALTER DATABASE ${name} ALLOW_CONNECTIONS ${!isAway}`,
            `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${name}'`,
          ),
      });
      await ask(`DROP DATABASE ${name} WITH (FORCE)`, `DROP DATABASE ${name}_empty WITH (FORCE)`);
      await server.stop();
    },
    { scope: "worker" },
  ],
  site: [
    async ({ mailServer, database }, use) => {
      const { code, stderr } = await endBuild({
        DATABASE_URL: database.url,
        SMTP_URL: mailServer.url,
      });
      expect(code, stderr).toBe(0);
      const site = await startSite({
        ...nextAlone,
        mailServer,
        database: database.url,
        env: onVercel,
      });
      await use(site);
      await site.stop();
    },
    { scope: "worker" },
  ],
});
// One after the other, since one of them takes the database away.
test.describe.configure({ mode: "default" });

test("somebody signs in with a browser and out again", async ({ page, mailServer, visitor }) => {
  await signIn(page, mailServer, visitor.email, { by: "link" });
  await expect(page).toHaveURL("/private");
  await expectScriptsRun(page);
  await page.getByRole("button", { name: "Sign out" }).click();
  await expect(page).toHaveURL("/");
});

test("every answer has the headers and an id, and what no page should see is refused", async ({
  mailServer,
  visitor,
}) => {
  const program = visitor.asNewProgram();
  const statuses = { "/": 200, "/private": 307, "/me": 401, "/nowhere": 404, "/icon.svg": 200 };
  for (const [path, status] of Object.entries({ ...statuses, "/admin/users/%zz": 400 })) {
    const answer = await program.get(path, { "x-request-id": "mine", "x-latchkey-path": "/x" });
    expect(answer, path).toMatchObject({
      status,
      headers: {
        "content-security-policy": expect.stringContaining("'strict-dynamic'"),
        "x-content-type-options": "nosniff",
        "x-frame-options": "DENY",
        "referrer-policy": "same-origin",
        "x-request-id": expect.stringMatching(/^[\da-f-]{36}$/),
      },
    });
    expect(answer.headers).not.toHaveProperty("x-powered-by");
    expect(answer.headers.location ?? "/sign-in?next=/private").toBe("/sign-in?next=/private");
  }
  const [, file = ""] = /"(\/_next\/static\/[^"]+\.js)"/.exec((await program.get("/")).body) ?? [];
  expect((await program.get(file)).headers).toMatchObject({ "x-content-type-options": "nosniff" });
  expect(await program.request("PROPFIND", "/")).toMatchObject({
    status: 405,
    headers: { allow: expect.stringContaining("GET") },
  });
  const asPage = { accept: "text/html" };
  const form = { form: { email: "nobody" } };
  expect(
    (await program.post("/auth", form, { ...asPage, origin: "https://evil.example" })).status,
  ).toBe(403);
  const sentBack = await program.post("/auth", form, asPage);
  expect(sentBack.status).toBe(422);
  expect(sentBack.body).toContain("nobody");
  expect((await program.get("/mailbox")).status).toBe(404);
  // Vercel overwrites the header: the last of it is the visitor, whose network is named in the mail.
  const forwarded = { "x-forwarded-for": "192.0.2.1, 198.51.100.7" };
  const mail = await askOverHttp(visitor.asNewProgram(forwarded), mailServer, visitor.email);
  expect(mail.text).toContain("198.51.100.7");
});

test("mails go out after the answer, also when it takes a few tries, and the others by cron", async ({
  site,
  mailServer,
  visitor,
}) => {
  await mailServer.behave({ at: "RCPT", answer: 451 });
  const tries = mailServer.connectedAt.length;
  const program = visitor.asNewProgram();
  const asked = program.post("/auth", { json: { email: visitor.email } }, asJson);
  expect((await asked).status).toBe(202);
  await expect.poll(() => mailServer.connectedAt.length).toBeGreaterThan(tries);
  await mailServer.behave("accept");
  await mailServer.waitForMail({ to: visitor.email, timeout: 25_000 });

  const recipient = `member-${visitor.email}`;
  await signInOverHttp(program, mailServer, recipient);
  const after = mailServer.messages.at(-1);
  const queued = await site.latchkey(
    "mail",
    "send",
    "--to",
    recipient,
    "--subject",
    "News",
    "--text",
    "Hello",
  );
  expect(queued, queued.stderr).toMatchObject({ code: 0 });
  const cron = (authorization?: string) => program.get("/cron", { authorization });
  for (const wrong of [undefined, "Bearer undefined", `Bearer ${cronSecret}x`])
    expect((await cron(wrong)).status).toBe(404);
  expect(mailServer.messages.at(-1)).toBe(after);
  expect((await cron(`Bearer ${cronSecret}`)).status).toBe(204);
  expect(mailServer.messages.at(-1)).toMatchObject({ subject: "News" });
});

test("while the database is away pages and handlers say 503, and nobody is signed out", async ({
  database,
  mailServer,
  visitor,
}) => {
  const program = visitor.asNewProgram({ accept: "text/html" });
  await signInOverHttp(program, mailServer, visitor.email);
  await database.setAway(true);
  try {
    const page = await program.get("/account?a=b");
    expect(page.headers.location).toBe("/unavailable?next=%2Faccount%3Fa%3Db");
    for (const path of [page.headers.location ?? "", "/me", "/readyz"])
      expect(await program.get(path), path).toMatchObject({
        status: 503,
        headers: { "retry-after": "5", "cache-control": "no-store" },
        setCookies: [],
      });
    expect((await program.get("/healthz")).status).toBe(200);
  } finally {
    await database.setAway(false);
  }
  await expect.poll(async () => (await program.get("/readyz")).status).toBe(200);
  const back = await program.get("/unavailable?next=%2Faccount%3Fa%3Db");
  expect(back).toMatchObject({ status: 303, headers: { location: "/account?a=b" } });
  expect((await program.get("/account?a=b")).status).toBe(200);
  const elsewhere = await program.get("/unavailable?next=https://evil.example");
  expect(elsewhere.headers.location).toBe("/private");
});

// Moves the clock, past what the others have left.
test("who comes back stays signed in, though no page renews the cookie", async ({
  site,
  mailServer,
  visitor,
}) => {
  const program = visitor.asNewProgram();
  const mail = await askOverHttp(program, mailServer, visitor.email, { remember: "on" });
  const { setCookies } = await sendCode(program, codeIn(mail));
  const cookie = setCookies.find((line) => line.startsWith("session_id="));
  const [, expires = ""] = /Expires=([^;]+)/i.exec(cookie ?? "") ?? [];
  // No answer of a page can renew it.
  expect(Date.parse(expires) - site.clock.now().getTime()).toBeGreaterThan(29 * day);
  for (const _ of ["a week has seven days", "and is renewed"]) {
    await site.clock.advance(4 * day);
    expect((await program.get("/private")).status).toBe(200);
    await expect.poll(() => isSignedIn(program)).toBe(true);
  }
  expect((await program.post("/sign_out")).status).toBe(204);
  expect(await isSignedIn(program)).toBe(false);
});

test("a file for a database is refused when it is built and when it is started, with the fix", async ({
  mailServer,
}) => {
  const fault = "DATABASE_URL is missing or a file, and Vercel keeps no files; set it to";
  // As far as the check of its environment.
  const built = await runNode(["scripts/build.mjs"], { SMTP_URL: mailServer.url });
  expect(built).toMatchObject({ code: 1, stderr: expect.stringContaining(fault) });
  const started = startSite({ ...nextAlone, mailServer, env: onVercel });
  await expect(started).rejects.toThrow(SiteDidNotStart);
  await expect(started).rejects.toThrow(fault);
});

test("the build of a preview leaves the database alone, unless it is said to be its own", async ({
  database,
  mailServer,
}) => {
  const preview = {
    VERCEL_ENV: "preview",
    DATABASE_URL: database.emptyUrl,
    SMTP_URL: mailServer.url,
  };
  const fault = /lacks the migrations \d+_init, .*set MIGRATE_PREVIEWS=yes/;
  for (const _ of ["nothing has been migrated", "the second time neither"])
    expect(await endBuild(preview)).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(fault),
    });
  expect(await endBuild({ ...preview, MIGRATE_PREVIEWS: "yes" })).toMatchObject({ code: 0 });
  expect(await endBuild(preview)).toMatchObject({ code: 0 });
});

test("nothing is built for an edge, and what is read at run time goes along", () => {
  const read = (path: string) =>
    JSON.parse(readFileSync(resolve(root, ".next/server", path), "utf8"));
  expect(read("middleware-manifest.json")).toMatchObject({ middleware: {}, functions: {} });
  expect(read("functions-config-manifest.json").functions["/_middleware"].runtime).toBe("nodejs");
  for (const route of ["readyz", "unavailable"])
    expect(read(`app/${route}/route.js.nft.json`).files).toContainEqual(
      expect.stringMatching(/prisma\/migrations\/postgresql\/.*\.sql$/),
    );
});

const asJson = { accept: "application/json" };

/** Scripts have come past the policy when they have told the time zone. */
async function expectScriptsRun(page: Page): Promise<void> {
  await expect
    .poll(async () => (await page.context().cookies()).map(({ name }) => name))
    .toContain("time_zone");
}

type Ended = { code: number; stderr: string };

/** The last step of a build, with what it has read of its environment. */
async function endBuild(env: Record<string, string>): Promise<Ended> {
  const script =
    'const build = await import("./scripts/vercel.mjs"); await build.prepareDatabase(await build.requireEnvironment()); process.exit(0);';
  return await runNode(["--input-type=module", "--eval", script], env);
}

async function runNode(args: string[], env: Record<string, string>): Promise<Ended> {
  const options = { cwd: root, env: { ...own, ...onVercel, ...env } };
  return await run(process.execPath, args, options).then(
    () => ({ code: 0, stderr: "" }),
    ({ code, stderr }) => ({ code, stderr }),
  );
}

/** Nothing of the developer's own. */
const own = {
  NODE_ENV: "production" as const,
  PATH: process.env.PATH ?? "",
  __NEXT_PROCESSED_ENV: "true",
  AUTH_SECRET: randomBytes(32).toString("base64url"),
};
