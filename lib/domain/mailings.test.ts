import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { User } from "@/lib/platform/database/client/client";
import { Prisma } from "@/lib/platform/database/client/client";
import { database } from "@/lib/platform/database/database";
import {
  emptyDatabase,
  expectFoundBy,
  prepareTestDatabase,
  refuseWrites,
} from "@/lib/platform/database/test-database";
import { minutes } from "@/lib/platform/duration";
import { removeAccount } from "./account";
import type { Operator } from "./administration";
import { readDetails } from "./audit";
import { resendMail } from "./mail-administration";
import { renderMail } from "./mail-worker";
import { queueDueBatches } from "./mailing-worker";
import { beginMailing, findMailing, stopMailing } from "./mailings";
import { claimDueMails, recordDelivery } from "./outbox";
import { indexUser } from "./search-terms";
import type { UserFilter } from "./user-search";

process.env.SITE_URL = "https://example.org";
process.env.SMTP_URL = "smtp://mail.example.org";
await prepareTestDatabase();
const now = new Date("2030-01-01T10:42:00Z");
const client = { userAgent: "A browser", networkAddress: "203.0.113.9" };
const operator: Operator = { id: "operator", client };
const message = { subject: "News", text: "Hello" };
let made = 0;

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ["Date"] });
  vi.setSystemTime(now);
  await emptyDatabase();
});
afterEach(() => vi.useRealTimers());

describe("a mailing", () => {
  test("goes once to everybody who was there, and to no blocked account", async () => {
    const everybody = await addUsers(7);
    await addUsers(2, { blockedAt: now });
    const id = await begin({ perMinute: 120 });
    await step();
    later(1);
    await addUsers(3);
    await runToEnd();
    expect((await recipients()).toSorted()).toEqual(everybody.map(({ email }) => email).toSorted());
    const counts = { total: 7, queued: 7, waiting: 7, accepted: 0, isDone: false };
    expect(await findMailing(id)).toMatchObject({ ...counts, endedAt: expect.any(Date) });
    const events = await database().auditEvent.findMany();
    expect(events).toMatchObject([{ actor: operator.id, userId: null, ...client }]);
    expect(events.map(readDetails)).toEqual([
      { act: "mailing-begun", mailing: id, subject: "News" },
    ]);
  });

  test("goes to those whom a search and a filter find, also to the blocked when asked for", async () => {
    const [ann, bob] = await addUsers(2, { name: "Ann Example" });
    await addUsers(3, { name: "Zoe" });
    const [mallory] = await addUsers(1, { name: "Ann Mallory", blockedAt: now });
    await begin({ search: "ann ex" });
    await runToEnd();
    expect((await recipients()).toSorted()).toEqual([ann?.email, bob?.email].toSorted());
    await begin({ search: "ann", filter: "blocked" });
    await runToEnd();
    expect(await recipients()).toContain(mallory?.email);
    expect(await database().mail.count()).toBe(3);
  });

  test("is read by each as one message, and can be sent again to whom the server refused", async () => {
    const [ann] = await addUsers(1);
    const button = { label: "Read on", url: "https://example.com/news" };
    const message = { subject: "News", text: "Hello\n\nagain", button };
    const id = await beginMailing(operator, message, { search: "", filter: "all" });
    await step();
    const [mail] = await claimDueMails(10);
    if (!mail) throw new Error("No mail is due");
    const { subject, text } = await renderMail(mail);
    expect(subject).toBe("News");
    expect(text).toMatch(
      /^News\n\nHello\n\nagain\n\nRead on\n\nhttps:\/\/example.com\/news\n\n-- \n/,
    );
    expect(text).toContain(ann?.email);
    await recordDelivery(mail, { outcome: "refused", answer: "550 no" });
    expect(await findMailing(id)).toMatchObject({ waiting: 0, refused: 1, isDone: true });
    await resendMail(operator, mail.id);
    expect(await findMailing(id)).toMatchObject({ waiting: 1, refused: 0, isDone: false });
    const [again] = await claimDueMails(10);
    expect(again && (await renderMail(again))).toEqual(await renderMail(mail));
  });

  test("is refused when nobody would get it, not all of its search counts, or at a pace that is none", async () => {
    await expect(begin()).rejects.toMatchObject({ reason: "nobody" });
    await addUsers(1);
    await expect(begin({ search: "nobody" })).rejects.toMatchObject({ reason: "nobody" });
    for (const search of ["a b c d e f", "x".repeat(255)])
      await expect(begin({ search })).rejects.toMatchObject({ reason: "search" });
    for (const perMinute of [0, 6001, 1.5, Number.NaN])
      await expect(begin({ perMinute })).rejects.toMatchObject({ reason: "pace" });
    const empty = beginMailing(operator, { subject: "", text: "" }, { search: "", filter: "all" });
    await expect(empty).rejects.toMatchObject({ problems: ["subject", "text"] });
    expect(await database().mailing.count()).toBe(0);
    expect(await database().auditEvent.count()).toBe(0);
  });
});

test.each([
  [1, 3],
  [7, 16],
  [61, 70],
  [600, 620],
])("of %d a minute, no minute has more, and few have fewer", async (perMinute, users) => {
  await addUsers(users);
  await begin({ perMinute });
  const times: number[] = [];
  for (let queued = 0; queued < users; ) {
    const wait = await step();
    const { count } = await database().mail.updateMany({
      where: { state: "queued" },
      data: { state: "accepted" },
    });
    times.push(...Array.from({ length: count }, () => Date.now()));
    queued += count;
    later(wait);
  }
  for (const [index, time] of times.entries())
    expect(times[index + perMinute] ?? Number.POSITIVE_INFINITY).toBeGreaterThanOrEqual(
      time + minutes(1),
    );
  const lasted = (times.at(-1) ?? 0) - (times[0] ?? 0);
  expect(lasted).toBeLessThanOrEqual(minutes((users / perMinute) * 1.1));
});

describe("nobody is left out, and nobody gets it twice", () => {
  test("when several processes go on with it at once", async () => {
    const everybody = await addUsers(40);
    await begin({ perMinute: 600 });
    while (await isGoingOn()) {
      await Promise.all(Array.from({ length: 5 }, () => queueDueBatches()));
      later(1000);
    }
    const got = await recipients();
    expect(got).toHaveLength(40);
    expect(new Set(got)).toEqual(new Set(everybody.map(({ email }) => email)));
    expect(await database().mailing.findFirst()).toMatchObject({ queued: 40 });
  });

  test("when a process is killed between where it stands and its mails", async () => {
    await addUsers(6);
    await begin({ perMinute: 120 });
    await step();
    const before = await database().mailing.findFirst();
    later(1000);
    const allow = await refuseWrites("INSERT", "Mail");
    await step();
    await allow();
    expect(await database().mailing.findFirst()).toEqual(before);
    await runToEnd();
    expect(new Set(await recipients()).size).toBe(6);
    expect(await database().mail.count()).toBe(6);
  });

  test("when somebody is found again under a new name and address, and another is gone", async () => {
    const users = await addUsers(4, { name: "Example" });
    await begin({ search: "ex", perMinute: 60 });
    await step();
    const [{ userId: first = "" } = {}] = await database().mail.findMany();
    const renamed = await database().user.update({
      where: { id: first ?? "" },
      data: { name: "Exz", email: "exz@example.org" },
    });
    await indexUser(database(), renamed);
    const gone = users.find(({ id }) => id !== first);
    await database().$transaction((transaction) =>
      removeAccount(transaction, gone?.id ?? "", operator.id, client),
    );
    await runToEnd();
    const mails = await database().mail.findMany({ where: { template: "message" } });
    expect(mails).toHaveLength(3);
    expect(new Set(mails.map(({ userId }) => userId)).size).toBe(3);
  });
});

test("a mailing that is stopped takes back what waits, and goes no further", async () => {
  await addUsers(5);
  const id = await begin({ perMinute: 60 });
  await step();
  const [sent] = await claimDueMails(1);
  if (sent) await recordDelivery(sent, { outcome: "accepted", answer: "250" });
  later(1000);
  await step();
  await stopMailing(operator, id);
  later(1000);
  await step();
  expect(await claimDueMails(10)).toEqual([]);
  const stopped = { queued: 2, accepted: 1, expired: 1, waiting: 0, isDone: true, isStopped: true };
  expect(await findMailing(id)).toMatchObject(stopped);
  await expect(stopMailing(operator, id)).rejects.toMatchObject({ reason: "already" });
  await expect(stopMailing(operator, "made-up")).rejects.toMatchObject({ reason: "already" });
  const [, event] = await database().auditEvent.findMany({ orderBy: { id: "asc" } });
  expect(event && readDetails(event)).toEqual({ act: "mailing-stopped", mailing: id });
});

test.each([
  [
    "blocked",
    async (id: string) => database().user.update({ where: { id }, data: { blockedAt: now } }),
  ],
  [
    "without the scope",
    async (userId: string) => database().userScope.deleteMany({ where: { userId } }),
  ],
  ["deleted", async (id: string) => database().user.delete({ where: { id } })],
])("a mailing whose author is %s stops by itself", async (_, end) => {
  const [author] = await addUsers(5);
  if (!author) throw new Error("There are no users");
  await database().userScope.create({ data: { userId: author.id, scope: "admin" } });
  const by: Operator = { id: author.id, client };
  const id = await beginMailing(by, message, { search: "", filter: "all" }, 60);
  await step();
  later(1000);
  await step();
  expect(await findMailing(id)).toMatchObject({ queued: 2, isStopped: false });
  await end(author.id);
  later(1000);
  await Promise.all([step(), step()]);
  expect(await findMailing(id)).toMatchObject({ isStopped: true, waiting: 0, isDone: true });
  expect(await claimDueMails(10)).toEqual([]);
  const events = await database().auditEvent.findMany({ where: { act: "mailing-stopped" } });
  expect(events).toMatchObject([{ actor: "system", userId: null, networkAddress: "" }]);
});

test("while the mail server takes nothing, no more than a minute's mails pile up", async () => {
  await addUsers(30);
  await begin({ perMinute: 10 });
  for (let count = 0; count < 60; count++) {
    await step();
    later(5000);
  }
  expect(await database().mail.count()).toBe(10);
  await database().mail.updateMany({ data: { state: "accepted" } });
  await step();
  expect(await database().mail.count()).toBe(11);
});

test("a clock that is set back does not hold it up", async () => {
  await addUsers(3);
  await begin({ perMinute: 60 });
  await step();
  vi.setSystemTime(now.getTime() - minutes(60));
  await step();
  expect(await database().mail.count()).toBe(2);
});

test("where it goes on, and how far it is, is found by an index", async () => {
  for (const query of [
    Prisma.sql`SELECT * FROM "Mailing" WHERE "endedAt" IS NULL`,
    Prisma.sql`SELECT "state", COUNT(*) FROM "Mail" WHERE "mailingId" = 'x'
      AND "state" IN ('queued', 'refused', 'expired') GROUP BY "state"`,
    Prisma.sql`SELECT COUNT(*) FROM "User" WHERE "blockedAt" IS NULL`,
  ])
    await expectFoundBy(query);
});

function begin({
  search = "",
  filter = "all",
  perMinute = 60,
}: {
  search?: string;
  filter?: UserFilter;
  perMinute?: number;
} = {}): Promise<string> {
  return beginMailing(operator, message, { search, filter }, perMinute);
}

function step(): Promise<number> {
  return queueDueBatches();
}

async function runToEnd(): Promise<void> {
  for (let steps = 0; steps < 100 && (await isGoingOn()); steps++) later(await step());
  expect(await isGoingOn()).toBe(false);
}

async function isGoingOn(): Promise<boolean> {
  return (await database().mailing.count({ where: { endedAt: null } })) > 0;
}

async function recipients(): Promise<string[]> {
  return (await database().mail.findMany()).map(({ recipient }) => recipient);
}

async function addUsers(count: number, given: Partial<User> = {}): Promise<User[]> {
  const data = Array.from({ length: count }, () => {
    const email = `person-${made++}@example.org`;
    return { email, emailTyped: email, emailVerified: new Date(), createdAt: new Date(), ...given };
  });
  const users = await database().user.createManyAndReturn({ data });
  if (given.name) for (const user of users) await indexUser(database(), user);
  return users;
}

function later(ms: number): void {
  vi.setSystemTime(Date.now() + ms);
}
