import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Prisma } from "@/lib/platform/database/client/client";
import { database } from "@/lib/platform/database/database";
import {
  emptyDatabase,
  expectFoundBy,
  prepareTestDatabase,
} from "@/lib/platform/database/test-database";
import { inTransaction } from "@/lib/platform/database/transaction";
import { type EventType, listEvents, readDetails, recordEvent, recordFailedSignIn } from "./audit";

await prepareTestDatabase();
const now = new Date("2030-01-01T10:42:00Z");
const client = { userAgent: "A browser", networkAddress: "203.0.113.7" };

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ["Date"] });
  vi.setSystemTime(now);
  await emptyDatabase();
});
afterEach(() => vi.useRealTimers());

test("an event says what happened to whom, who did it, from where, and when", async () => {
  const details = { reason: "revoked", count: 3, undone: true, from: null };
  await record("ann", "authn_token_revoked", details);
  const [event] = await database().auditEvent.findMany();
  expect(event).toEqual({
    id: expect.any(String),
    createdAt: now,
    type: "authn_token_revoked",
    userId: "ann",
    actor: "ann",
    ...client,
    details: JSON.stringify(details),
    act: "revoked",
  });
  expect(event && readDetails(event)).toEqual(details);
});

test.each([null, "null", "[]", '"text"', "1"])("details %j are none", async (details) => {
  await record("ann");
  const event = await database().auditEvent.findFirstOrThrow();
  expect(readDetails({ ...event, details })).toEqual({});
});

test("an event is not written down when its act is undone", async () => {
  const act = inTransaction(async (transaction) => {
    await recordEvent(transaction, { type: "user_updated", userId: "ann", actor: null, client });
    throw new Error("undone");
  });
  await expect(act).rejects.toThrow("undone");
  expect(await database().auditEvent.count()).toBe(0);
});

test("a sign-in that failed is written down with the account, if there is one", async () => {
  const email = "ann@example.org";
  const data = { email, emailTyped: email, emailVerified: now };
  const { id } = await database().user.create({ data });
  await recordFailedSignIn(email, "wrong-code", client);
  await recordFailedSignIn("nobody@example.org", "wrong-code", client);
  const events = await database().auditEvent.findMany({ orderBy: { id: "asc" } });
  const failed = { type: "authn_login_fail", actor: null, ...client };
  expect(events).toMatchObject([
    { ...failed, userId: id },
    { ...failed, userId: null },
  ]);
  for (const event of events) expect(readDetails(event)).toEqual({ reason: "wrong-code" });
  expect(JSON.stringify(events)).not.toContain("example.org");
});

test("a page has the newest first, and the next goes on where it ended", async () => {
  const types: EventType[] = ["user_created", "user_updated", "sensitive_read", "user_deleted"];
  for (const [index, type] of types.entries()) {
    vi.setSystemTime(now.getTime() + index);
    await record("ann", type);
    await record("bob", type);
  }
  const first = await listEvents("ann", undefined, 3);
  expect(first.map(({ type }) => type)).toEqual(types.toReversed().slice(0, 3));
  const second = await listEvents("ann", first.at(-1)?.id, 3);
  expect(second.map(({ type }) => type)).toEqual(["user_created"]);
  expect(await listEvents("ann", second.at(-1)?.id, 3)).toEqual([]);
});

test("what happens in the same millisecond stays in order, and no event is on two pages", async () => {
  for (let count = 0; count < 30; count++) await record("ann", "user_updated", { count });
  const seen = [];
  let before: string | undefined;
  for (;;) {
    const page = await listEvents("ann", before, 7);
    if (page.length === 0) break;
    seen.push(...page.map((event) => readDetails(event).count));
    before = page.at(-1)?.id;
  }
  expect(seen).toEqual(Array.from({ length: 30 }, (_, index) => 29 - index));
});

test.each(["", "z", "made-up", "' OR 1=1 --", "\0"])(
  "whatever stands for the page before, nobody else's events are shown: %j",
  async (before) => {
    await record("ann");
    await record("bob");
    for (const event of await listEvents("ann", before, 10)) expect(event.userId).toBe("ann");
  },
);

test("a page is found by an index, wherever it is", async () => {
  const query = Prisma.sql`SELECT * FROM "AuditEvent"
    WHERE "userId" = 'ann' AND "id" < 'x' ORDER BY "id" DESC LIMIT 20`;
  await expectFoundBy(query, "AuditEvent_userId_id_idx (userId=? AND id<?)");
});

async function record(
  userId: string,
  type: EventType = "user_updated",
  details: Record<string, string | number | boolean | null> = {},
) {
  await recordEvent(database(), { type, userId, actor: userId, client, details });
}
