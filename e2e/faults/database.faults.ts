import { execFile } from "node:child_process";
import { setTimeout as pause } from "node:timers/promises";
import { promisify } from "node:util";
import { Client } from "pg";
import { startOwnPostgresql } from "../../scripts/postgresql-server.mjs";
import { lockDatabase } from "../support/database";
import type { HttpAnswer } from "../support/http";
import type { MailServer } from "../support/mail-server";
import { askOverHttp, isSignedIn, sendCode, signInOverHttp } from "../support/program";
import { codeIn } from "../support/sign-in";
import type { Site } from "../support/site";
import { onDatabase } from "../support/site-database";
import { listDamage } from "./damage";
import { mountSmallDisk } from "./small-disk";
import { newcomer, type Person, test } from "./test";
import type { Toll } from "./toll";

const run = promisify(execFile);
const answeredWithinMs = 6000;
const recoveredWithinMs = 10_000;
const asJson = { accept: "application/json" };

type Setting = { site: Site; mailServer: MailServer; toll: Toll };

test("database locked by another process", async ({ open, mailServer, toll }) => {
  const site = await open();
  await endure({ site, mailServer, toll }, () => lockDatabase(site), { doReadsGoOn: true });
});

test("database full", async ({ open, mailServer, toll, databaseKind }) => {
  if (process.getuid?.() !== 0) return toll.did("tries: only root can mount a small disk");
  const disk = await mountSmallDisk(databaseKind === "sqlite" ? 8 : 160);
  const server =
    databaseKind === "sqlite" ? null : await startOwnPostgresql({ parent: disk.folder });
  try {
    const site = await open({ database: server?.url ?? `file:${disk.folder}/site.db` });
    await endure(
      { site, mailServer, toll },
      async () => {
        await disk.fill();
        return disk.free;
      },
      { doReadsGoOn: true },
    );
    await site.kill("SIGTERM");
  } finally {
    await server?.stop();
    await disk.remove();
  }
});

test("database read-only", async ({ open, mailServer, toll, databaseKind }) => {
  const server = databaseKind === "sqlite" ? null : await startOwnPostgresql();
  try {
    const site = await open(server ? { database: server.url } : {});
    const makeReadOnly = () => (server ? refuseWrites(server.url) : forbidWriting(site));
    await endure({ site, mailServer, toll }, makeReadOnly, { doReadsGoOn: true });
    await site.kill("SIGTERM");
  } finally {
    await server?.stop();
  }
});

test("database restarted", async ({ open, mailServer, toll, databaseKind }) => {
  if (databaseKind === "sqlite") return toll.did("servers: it has none");
  const server = await startOwnPostgresql();
  try {
    const site = await open({ database: server.url });
    const goAway = async () => {
      await server.crash();
      return server.start;
    };
    await endure({ site, mailServer, toll }, goAway, { doReadsGoOn: false });
    await site.kill("SIGTERM");
  } finally {
    await server.stop();
  }
});

test("database out of connections", async ({ open, mailServer, toll, databaseKind }) => {
  if (databaseKind === "sqlite") return toll.did("connections: a file has no limit of them");
  const server = await startOwnPostgresql({ maxConnections: 25 });
  try {
    const site = await open({ database: server.url });
    const takeAll = () => takeConnections(server.url);
    await endure({ site, mailServer, toll }, takeAll, { doReadsGoOn: false });
    await site.kill("SIGTERM");
  } finally {
    await server.stop();
  }
});

/** The system lets the process write nothing to any file, as on a disk that has gone read-only. */
async function forbidWriting({ pid }: Site): Promise<() => Promise<void>> {
  const limit = (soft: string) => run("prlimit", ["--pid", String(pid), `--fsize=${soft}:`]);
  await limit("0");
  return async () => void (await limit("unlimited"));
}

/** As a standby does, or a server whose disk is about to be full at a provider's. */
async function refuseWrites(url: string): Promise<() => Promise<void>> {
  const set = (value: string) =>
    onDatabase(url, (database) =>
      database.executeScript(
        `ALTER SYSTEM SET default_transaction_read_only = ${value}; SELECT pg_reload_conf()`,
      ),
    );
  await set("on");
  return async () => {
    const client = new Client({ connectionString: url });
    await client.connect();
    await client.query("SET default_transaction_read_only = off");
    await client.query("ALTER SYSTEM RESET default_transaction_read_only");
    await client.query("SELECT pg_reload_conf()");
    await client.end();
  };
}

/** Takes all that are left, then those of the site. */
async function takeConnections(url: string): Promise<() => Promise<void>> {
  const taken: Client[] = [];
  const take = async () => {
    for (;;) {
      const client = new Client({ connectionString: url }).on("error", () => undefined);
      const isTaken = await client.connect().then(
        () => true,
        () => false,
      );
      if (!isTaken) return;
      taken.push(client);
    }
  };
  await take();
  await taken[0]?.query(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'latchkey'",
  );
  await take();
  return async () => {
    await Promise.all(taken.map((client) => client.end()));
  };
}

/**
 * Signs people in, has them go on while the fault lasts, and ends it: each answer came in time and was right or a 503, and
 * everything is there afterwards, without a restart.
 */
async function endure(
  { site, mailServer, toll }: Setting,
  begin: () => Promise<() => Promise<void>>,
  { doReadsGoOn }: { doReadsGoOn: boolean },
): Promise<void> {
  const people = Array.from({ length: 4 }, () => newcomer(site));
  for (const { program, email } of people) await signInOverHttp(program, mailServer, email);
  // Their next request would renew the session, which is a write.
  await site.clock.advance(6 * 60_000);
  const pending = newcomer(site);
  const mail = await askOverHttp(pending.program, mailServer, pending.email);

  const end = await begin();
  let refusals = 0;
  for (let round = 0; round < 3; round++) {
    const answers = await Promise.all([
      ...people.flatMap((person) => [
        ...["/me", "/private"].map((path) => read(person, path, doReadsGoOn, toll)),
        write(person, "/account/name", { name: `Name ${round}` }, toll),
      ]),
      ...Array.from({ length: 4 }, () => askAsNewcomer(site, toll)),
    ]);
    refusals += answers.filter((status) => status === 503).length;
    await pause(300);
  }
  if (!refusals) throw new Error("Nothing was refused: there was no fault");
  toll.did("answers of 503", refusals);
  const isUsed = (await write(pending, "/auth/code", { code: codeIn(mail) }, toll)) === 200;

  await end();
  await toll.timed(() => recovery(site), recoveredWithinMs, "recovery by itself");
  for (const { program } of people)
    toll.expect(await isSignedIn(program), "session that was there before");
  const { status } = isUsed ? { status: 200 } : await sendCode(pending.program, codeIn(mail));
  toll.expect(status === 200, "mail that was there before");
  const late = newcomer(site);
  await signInOverHttp(late.program, mailServer, late.email);
  for (const damage of await listDamage(site)) toll.lost(damage);
}

async function read(
  { program }: Person,
  path: string,
  doReadsGoOn: boolean,
  toll: Toll,
): Promise<number> {
  toll.did("reads");
  const { status } = await toll.timed(() => program.get(path), answeredWithinMs, path);
  const isRight = status === 200 || (status === 503 && !doReadsGoOn);
  toll.expect(isRight, `${path}, answered with ${status}`);
  return status;
}

async function write(
  { program }: Person,
  path: string,
  fields: Record<string, string>,
  toll: Toll,
): Promise<number> {
  toll.did("writes");
  const answer = () => program.post(path, { json: fields }, asJson);
  return judged(await toll.timed(answer, answeredWithinMs, path), path, toll);
}

async function askAsNewcomer(site: Site, toll: Toll): Promise<number> {
  const person = newcomer(site);
  return await write(person, "/auth", { email: person.email }, toll);
}

function judged({ status, headers }: HttpAnswer, path: string, toll: Toll): number {
  toll.expect(status < 300 || status === 503, `${path}, answered with ${status}`);
  toll.expect(status !== 503 || Number(headers["retry-after"]) > 0, `Retry-After of ${path}`);
  return status;
}

/** Waits until somebody can write again. */
async function recovery(site: Site): Promise<void> {
  for (;;) {
    const { program, email } = newcomer(site);
    const { status } = await program.post("/auth", { json: { email } }, asJson);
    if (status === 202) return;
    await pause(100);
  }
}
