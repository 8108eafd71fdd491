import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Prisma } from "@/lib/platform/database/client/client";
import { database } from "@/lib/platform/database/database";
import {
  emptyDatabase,
  expectFoundBy,
  prepareTestDatabase,
} from "@/lib/platform/database/test-database";
import { sweep } from "./sweep";

await prepareTestDatabase();
const now = new Date("2030-01-01T10:42:00Z");
const day = 24 * 60 * 60_000;
/** The last moment that is too old, and the first that is not. */
const edges = (age = 0) => [new Date(now.getTime() - age), new Date(now.getTime() - age + 1)];

let made = 0;

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ["Date"] });
  vi.setSystemTime(now);
  await emptyDatabase();
});
afterEach(() => vi.useRealTimers());

test("sessions and what was interrupted in them go when they have ended", async () => {
  const userId = await addUser();
  for (const expiresAt of edges()) await addSession(userId, expiresAt);
  const { id: sessionId } = await database().session.findFirstOrThrow({
    where: { expiresAt: { gt: now } },
  });
  const act = { sessionId, path: "/", sealedFields: "" };
  for (const expiresAt of edges())
    await database().pausedAct.create({ data: { ...act, expiresAt } });
  expect(await sweep()).toEqual({ Session: 1, PausedAct: 1 });
  for (const rows of [await database().session.findMany(), await database().pausedAct.findMany()])
    expect(rows).toMatchObject([{ expiresAt: new Date(now.getTime() + 1) }]);
});

test("what signs in explains itself for seven days after its end, and its mail outlives it", async () => {
  for (const expiresAt of [...edges(7 * day), now]) await addRequest(expiresAt);
  expect(await sweep()).toEqual({ SignInRequest: 1 });
  expect(await database().signInRequest.count()).toBe(2);
  const mails = await database().mail.findMany({ where: { signInRequestId: null } });
  expect(mails).toHaveLength(1);
});

test("mails are known for thirty days, and one that still waits is never removed", async () => {
  for (const createdAt of edges(30 * day))
    for (const state of ["queued", "accepted", "captured", "refused", "expired"])
      await addMail(state, createdAt);
  expect(await sweep()).toEqual({ Mail: 4 });
  const left = await database().mail.findMany({ orderBy: { createdAt: "asc" } });
  expect(left).toHaveLength(6);
  expect(left[0]).toMatchObject({ state: "queued", createdAt: new Date(now.getTime() - 30 * day) });
});

test("a change of address stays while it can be undone, and seven days after its end", async () => {
  const userId = await addUser();
  const [old = now, young = now] = edges(7 * day);
  await addChange(userId, old, null);
  await addChange(userId, young, null);
  const [past = now, future = now] = edges();
  await addChange(userId, old, past);
  await addChange(userId, old, future);
  await addChange(userId, young, past);
  expect(await sweep()).toEqual({ AddressChange: 2 });
  const left = await database().addressChange.findMany({ orderBy: { id: "asc" } });
  expect(left).toMatchObject([
    { expiresAt: young, undoUntil: null },
    { expiresAt: old, undoUntil: future },
    { expiresAt: young, undoUntil: past },
  ]);
});

test("security notices, stops of mails and counts go at their end", async () => {
  const userId = await addUser();
  for (const expiresAt of edges()) {
    await database().securityNotice.create({ data: { userId, expiresAt } });
    await database().mailStop.create({ data: { email: `${made++}@example.org`, expiresAt } });
    await database().limitCount.create({
      data: { key: `${made++}`, points: 1, expire: expiresAt },
    });
  }
  await database().limitCount.create({ data: { key: "for ever", points: 1 } });
  expect(await sweep()).toEqual({ SecurityNotice: 1, MailStop: 1, LimitCount: 1 });
  const live = new Date(now.getTime() + 1);
  expect(await database().securityNotice.findMany()).toMatchObject([{ expiresAt: live }]);
  expect(await database().mailStop.findMany()).toMatchObject([{ expiresAt: live }]);
  expect(await database().limitCount.findMany({ orderBy: { key: "asc" } })).toMatchObject([
    { expire: live },
    { expire: null },
  ]);
});

test("sign-ins that wait for a second factor, and spent values, go at their end", async () => {
  const userId = await addUser();
  for (const expiresAt of edges()) {
    await addAttempt(userId, expiresAt);
    await database().spentValue.create({ data: { hash: `${made++}`, expiresAt } });
  }
  expect(await sweep()).toEqual({ TwoFactorAttempt: 1, SpentValue: 1 });
  const live = new Date(now.getTime() + 1);
  expect(await database().twoFactorAttempt.findMany()).toMatchObject([{ expiresAt: live }]);
  expect(await database().spentValue.findMany()).toMatchObject([{ expiresAt: live }]);
});

test("all of 450 spent values go", async () => {
  const data = Array.from({ length: 450 }, () => ({ hash: `${made++}`, expiresAt: now }));
  await database().spentValue.createMany({ data });
  expect(await sweep()).toEqual({ SpentValue: 450 });
});

test("browsers are forgotten when their cookie has run out", async () => {
  const userId = await addUser();
  for (const lastSignedInAt of edges(366 * day))
    await database().knownBrowser.create({
      data: { userId, browserHash: `${made++}`, lastSignedInAt },
    });
  expect(await sweep()).toEqual({ KnownBrowser: 1 });
  expect(await database().knownBrowser.count()).toBe(1);
});

test("people, their second factors and what happened to them stay, however long ago", async () => {
  const userId = await addUser(new Date(0));
  const createdAt = new Date(0);
  await database().totp.create({ data: { userId, sealedSecret: "", createdAt } });
  await database().recoveryCode.create({ data: { userId, salt: "", hash: "" } });
  const key = { credentialId: "", publicKey: "", counter: 0, transports: "", name: "" };
  await database().passkey.create({ data: { ...key, userId, createdAt, deniedAt: createdAt } });
  const event = { type: "user_created", userAgent: "", networkAddress: "" };
  await database().auditEvent.create({ data: { ...event, createdAt: new Date(0) } });
  expect(await sweep()).toEqual({});
  const { totp, passkey, recoveryCode, user, auditEvent } = database();
  for (const table of [totp, passkey, recoveryCode, user, auditEvent])
    expect(await (table as typeof user).count()).toBe(1);
});

test.each([199, 200, 201, 450])("all of %d dead sessions go", async (count) => {
  const userId = await addUser();
  await addSessions(userId, count, now);
  await addSessions(userId, 10, new Date(now.getTime() + day));
  expect(await sweep()).toEqual({ Session: count });
  expect(await database().session.count()).toBe(10);
});

test("two sweeps at once remove each row once, and neither fails", async () => {
  const userId = await addUser();
  await addSessions(userId, 900, now);
  const swept = await Promise.all([sweep(), sweep()]);
  const removed = swept.map(({ Session = 0 }) => Session);
  expect(removed.reduce((sum, each) => sum + each)).toBe(900);
  expect(await database().session.count()).toBe(0);
});

test("who signs in, or comes back, during a sweep is not kept from it", async () => {
  const userId = await addUser();
  await addSessions(userId, 600, now);
  const sweeping = sweep();
  for (let count = 0; count < 20; count++) await addSession(userId, new Date(now.getTime() + day));
  await sweeping;
  expect(await database().session.count()).toBe(20);
});

test("told to stop, it removes no further batch", async () => {
  const userId = await addUser();
  await addSessions(userId, 900, now);
  let looks = 0;
  await sweep(() => ++looks > 2);
  expect(await database().session.count()).toBe(500);
  expect(await sweep(() => true)).toEqual({});
  expect(await database().session.count()).toBe(500);
});

test("it finds what is dead by an index", async () => {
  const columns = {
    Session: "expiresAt",
    PausedAct: "expiresAt",
    TwoFactorAttempt: "expiresAt",
    SpentValue: "expiresAt",
    SignInRequest: "expiresAt",
    Mail: "createdAt",
    Mailing: "endedAt",
    MessageDraft: "expiresAt",
    AddressChange: "expiresAt",
    SecurityNotice: "expiresAt",
    KnownBrowser: "lastSignedInAt",
    MailStop: "expiresAt",
    LimitCount: "expire",
  };
  for (const [table, column] of Object.entries(columns)) {
    const where = Prisma.raw(`"${table}" WHERE "${column}" <= `);
    await expectFoundBy(Prisma.sql`SELECT 1 FROM ${where} ${now} LIMIT 200`);
  }
});

async function addUser(createdAt = now): Promise<string> {
  const email = `${made++}@example.org`;
  const data = { email, emailTyped: email, emailVerified: createdAt, createdAt };
  return (await database().user.create({ data })).id;
}

function sessionOf(userId: string, expiresAt: Date) {
  const rest = { keepSignedIn: true, userAgent: "", networkAddress: "" };
  return { tokenHash: `${made++}`, userId, expiresAt, endsAt: expiresAt, ...rest };
}

async function addSession(userId: string, expiresAt: Date) {
  await database().session.create({ data: sessionOf(userId, expiresAt) });
}

async function addAttempt(userId: string, expiresAt: Date) {
  const rest = { way: "link", isNewAccount: false, keepSignedIn: false, next: "/" };
  const data = { tokenHash: `${made++}`, userId, expiresAt, ...rest };
  await database().twoFactorAttempt.create({ data });
}

async function addSessions(userId: string, count: number, expiresAt: Date) {
  const data = Array.from({ length: count }, () => sessionOf(userId, expiresAt));
  await database().session.createMany({ data });
}

async function addRequest(expiresAt: Date) {
  const { id } = await database().signInRequest.create({
    data: {
      email: "ann@example.org",
      emailTyped: "ann@example.org",
      linkHash: `${made++}`,
      codeHash: "",
      browserHash: "",
      keepSignedIn: false,
      next: "/",
      userAgent: "",
      networkAddress: "",
      expiresAt,
    },
  });
  await addMail("accepted", now, id);
}

async function addMail(state: string, createdAt: Date, signInRequestId: string | null = null) {
  const mail = { template: "sign-in", recipient: "ann@example.org", expiresAt: createdAt };
  await database().mail.create({ data: { ...mail, state, createdAt, signInRequestId } });
}

async function addChange(userId: string, expiresAt: Date, undoUntil: Date | null) {
  const former = { formerEmail: "ann@example.org", formerEmailTyped: "ann@example.org" };
  const fresh = { newEmail: "new@example.org", newEmailTyped: "new@example.org" };
  await database().addressChange.create({
    data: {
      ...former,
      ...fresh,
      userId,
      expiresAt,
      undoUntil,
      linkHash: `${made++}`,
      codeHash: "",
      confirmedAt: undoUntil && expiresAt,
    },
  });
}
