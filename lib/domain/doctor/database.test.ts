import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { adapterFactory, database } from "@/lib/platform/database/database";
import { readDurability } from "@/lib/platform/database/durability";
import { emptyDatabase, prepareTestDatabase } from "@/lib/platform/database/test-database";
import { seconds } from "@/lib/platform/duration";
import { environment, readEnvironment } from "@/lib/platform/environment";
import { seal } from "@/lib/platform/secrets";
import { currentSigner } from "../signing-keys";
import { examineClock } from "./clock";
import { examineDatabase } from "./database";
import type { Finding } from "./finding";
import { examineKeys } from "./keys";

await prepareTestDatabase();
const isSqlite = adapterFactory().provider === "sqlite";

afterEach(async () => {
  await emptyDatabase();
  await database().signingKey.deleteMany();
});

describe("the database", () => {
  test("answers, is migrated, and keeps what it has taken", async () => {
    const names = namesOf(await examineDatabase(environment()));
    expect(names).toContain("ok database.ready");
    expect(names).toContain("ok database.durable");
    expect(names.filter((name) => name.startsWith("fault"))).toEqual([]);
  });

  test("has its settings from a real connection", async () => {
    const settings = isSqlite
      ? { journal_mode: "wal", synchronous: "2" }
      : { fsync: "on", full_page_writes: "on", synchronous_commit: "on" };
    expect(await readDurability()).toEqual(
      Object.entries(settings).map(([name, value]) => ({ name, value, isDurable: true })),
    );
  });

  test("that is not there is not made by looking", async () => {
    const folder = newFolder();
    await inSiteWith(
      { DATABASE_URL: `file:${join(folder, "deeper", "site.db")}` },
      async (doctor) => {
        expect(namesOf(await doctor.examineDatabase())).toEqual(["fault database.missing"]);
        expect(namesOf(await doctor.examineKeys())).toEqual(["not-checked any.no-database"]);
        expect(namesOf(await doctor.examineClock())).not.toContain("fault clock.went-back");
      },
    );
    expect(readdirSync(folder)).toEqual([]);
  });

  test("that is none is told in its own words, and is left as it is", async () => {
    const file = join(newFolder(), "notes.txt");
    const text = "no database ".repeat(100);
    writeFileSync(file, text);
    await inSiteWith({ DATABASE_URL: `file:${file}` }, async (doctor) => {
      const [found] = await doctor.examineDatabase();
      expect(found).toMatchObject({ status: "fault", name: "database.away" });
      expect(found?.values.said).toMatch(/not a database/);
    });
    expect(readFileSync(file, "utf8")).toBe(text);
  });

  test("that lacks a migration, or has one of a newer version, is told", async () => {
    const change = async (from: string, to: string) =>
      await database()
        .$executeRaw`UPDATE _prisma_migrations SET migration_name = ${to} WHERE migration_name = ${from}`;
    const [last] = await database().$queryRaw<
      { name: string }[]
    >`SELECT migration_name AS name FROM _prisma_migrations ORDER BY migration_name DESC LIMIT 1`;
    const name = last?.name ?? "";
    await change(name, "99990101000000_future");
    const [found] = await examineDatabase(environment());
    await change("99990101000000_future", name);
    expect(found).toMatchObject({ status: "fault", name: "database.newer-database" });
    expect(found?.values.said).toContain("99990101000000_future");
    const now = new Date();
    const undo = async (at: Date | null) =>
      await database()
        .$executeRaw`UPDATE _prisma_migrations SET rolled_back_at = ${at} WHERE migration_name = ${name}`;
    await undo(now);
    const [pending] = await examineDatabase(environment());
    await undo(null);
    expect(pending).toMatchObject({ status: "fault", name: "database.pending" });
    expect(namesOf(await examineDatabase(environment()))).toContain("ok database.ready");
  });

  test.runIf(existsSync("/dev/shm"))("in memory is no place to stay", async () => {
    const file = join(newFolder("/dev/shm"), "site.db");
    writeFileSync(file, "");
    await inSiteWith({ DATABASE_URL: `file:${file}` }, async (doctor) => {
      const found = await doctor.examineDatabase();
      expect(namesOf(found)).toContain("fault database.in-memory");
      expect(found.at(-1)?.values.free).toBeGreaterThanOrEqual(0);
    });
  });
});

describe("keys", () => {
  test("that can be read are told, and that there is none yet", async () => {
    expect(namesOf(await examineKeys(environment()))).toEqual(["ok keys.none-yet"]);
    await currentSigner();
    await addApp();
    await addMail();
    expect(namesOf(await examineKeys(environment()))).toEqual(["ok keys.signing", "ok keys.apps"]);
  });

  test("that another AUTH_SECRET has sealed are faults, and none with it behind the new one", async () => {
    await currentSigner();
    await addApp();
    await addMail();
    const old = environment().authSecrets[0];
    const fresh = "another secret of 32 characters or more";
    await inSiteWith({ AUTH_SECRET: fresh }, async (doctor) => {
      const found = await doctor.examineKeys();
      expect(namesOf(found)).toEqual([
        "fault keys.signing-lost",
        "fault keys.apps-lost",
        "warning keys.mails-lost",
      ]);
      expect(found[1]?.values).toEqual({ count: 1, of: 1 });
    });
    await inSiteWith({ AUTH_SECRET: `${fresh},${old}` }, async (doctor) => {
      expect(namesOf(await doctor.examineKeys())).toEqual(["ok keys.signing", "ok keys.apps"]);
    });
  });

  test("that sign later are looked at, and those that only verify are not", async () => {
    await currentSigner();
    const [key] = await database().signingKey.findMany();
    const past = new Date(Date.now() - seconds(3600));
    const broken = { publicJwk: key?.publicJwk ?? "", sealedPrivate: "broken" };
    await database().signingKey.create({ data: { ...broken, id: "past", signsFrom: past } });
    expect(namesOf(await examineKeys(environment()))).toEqual(["ok keys.signing"]);
    const future = new Date(Date.now() + seconds(3600));
    await database().signingKey.create({ data: { ...broken, id: "next", signsFrom: future } });
    expect(await examineKeys(environment())).toMatchObject([
      { status: "fault", name: "keys.next-lost", values: { kid: "next" } },
    ]);
  });
});

describe("the clock", () => {
  test("that has been set back shows in a record of the future", async () => {
    await addRecord(seconds(10));
    const names = async () => namesOf(await examineClock(environment()));
    expect(await names()).not.toContain("fault clock.went-back");
    await addRecord(seconds(90));
    expect(await names()).toEqual(["fault clock.went-back"]);
  });

  test("is not compared with itself", async () => {
    const [found] = await examineClock(environment());
    expect(["clock.untold", "clock.synchronized", "clock.unsynchronized"]).toContain(found?.name);
  });
});

function namesOf(findings: Finding[]): string[] {
  return findings.map(({ status, name }) => `${status} ${name}`);
}

function newFolder(parent = tmpdir()): string {
  const folder = mkdtempSync(join(parent, "latchkey-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

type Doctor = Record<"examineDatabase" | "examineKeys" | "examineClock", () => Promise<Finding[]>>;

/** Does something with the checks of a process that was started with other variables. */
async function inSiteWith(
  variables: Record<string, string>,
  act: (doctor: Doctor) => Promise<void>,
) {
  vi.resetModules();
  for (const [name, value] of Object.entries(variables)) vi.stubEnv(name, value);
  const site = readEnvironment(process.env);
  // Both would meet at one client in this process.
  const meeting = globalThis as Record<symbol, unknown>;
  const place = Symbol.for("latchkey.database");
  const own = meeting[place];
  meeting[place] = undefined;
  try {
    const { examineDatabase } = await import("./database");
    const { examineKeys } = await import("./keys");
    const { examineClock } = await import("./clock");
    await act({
      examineDatabase: () => examineDatabase(site),
      examineKeys: () => examineKeys(site),
      examineClock: () => examineClock(site),
    });
    await (await import("@/lib/platform/database/database")).database().$disconnect();
  } finally {
    meeting[place] = own;
    vi.unstubAllEnvs();
    vi.resetModules();
  }
}

async function addApp() {
  const user = { email: "ann@example.org", emailTyped: "ann@example.org" };
  await database().user.create({
    data: {
      ...user,
      emailVerified: new Date(),
      totp: { create: { sealedSecret: seal("totp secret", "SECRET") } },
    },
  });
}

async function addMail() {
  await database().mail.create({
    data: {
      template: "message",
      recipient: "ann@example.org",
      sealedContent: seal("mail content", "{}"),
      expiresAt: new Date(Date.now() + seconds(600)),
    },
  });
}

/** One that was written so long from now. */
async function addRecord(ahead: number) {
  await database().auditEvent.create({
    data: {
      type: "user_created",
      createdAt: new Date(Date.now() + ahead),
      networkAddress: "",
      userAgent: "",
    },
  });
}
