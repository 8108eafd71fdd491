import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { User } from "@/lib/platform/database/client/client";
import { database } from "@/lib/platform/database/database";
import {
  emptyDatabase,
  expectFoundBy,
  prepareTestDatabase,
} from "@/lib/platform/database/test-database";
import { days } from "@/lib/platform/duration";
import { type EventType, readDetails, recordEvent } from "./audit";
import {
  type AuditFilter,
  auditQueries,
  exportAuditEvents,
  listAuditEvents,
  recordAuditExport,
  resolvePerson,
} from "./audit-search";

await prepareTestDatabase();
/** A day later in each test: ids go on growing when a clock is set back. */
let now = new Date("2030-01-01T10:42:00Z");
const client = { userAgent: "A browser", networkAddress: "203.0.113.7" };
const all: AuditFilter = { person: null, type: null, act: null, from: null, until: null };
const anyId = "017f22e2-79b0-7cc3-98c4-dc0c0c07398f";

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ["Date"] });
  now = new Date(now.getTime() + days(1));
  vi.setSystemTime(now);
  await emptyDatabase();
});
afterEach(() => vi.useRealTimers());

describe("a person is", () => {
  test("whoever has the address, however it is typed", async () => {
    const { id } = await addUser("ann@xn--mnchen-3ya.de");
    for (const typed of ["ann@xn--mnchen-3ya.de", " Ann@München.DE ", "ａｎｎ@münchen.de"])
      expect(await resolvePerson(typed), typed).toEqual({ id });
  });

  test("the id of an account, also of one that is gone, the shell, and the site", async () => {
    for (const typed of [anyId, ` ${anyId.toUpperCase()} `])
      expect(await resolvePerson(typed)).toEqual({ id: anyId });
    expect(await resolvePerson("Operator")).toEqual({ id: "operator" });
    expect(await resolvePerson("system")).toEqual({ id: "system" });
  });

  test("nobody whose address has no account", async () => {
    expect(await resolvePerson("ann@example.org")).toEqual({ problem: "unknown" });
  });

  test("not a text that is far too long", async () => {
    expect(await resolvePerson("x".repeat(10_240))).toEqual({ problem: "malformed" });
  });

  test.each(["", "ann", "ann@", "a@b.org,c@d.org", "' OR 1=1", "\0", "%@%"])(
    "not %j",
    async (typed) => {
      await addUser("ann@example.org");
      expect(await resolvePerson(typed)).toEqual({ problem: "malformed" });
    },
  );
});

describe("a filter by", () => {
  let [ann, bob] = ["", ""];
  beforeEach(async () => {
    ann = (await addUser("ann@example.org")).id;
    bob = (await addUser("bob@example.org")).id;
    await record("user_created", ann, ann);
    await record("user_updated", ann, bob, { act: "blocked", reason: "granted" });
    await record("user_updated", bob, "operator", { act: "blocked", reason: "spam" });
    await record("authn_login_fail", null, null, { reason: "wrong-code" });
    vi.setSystemTime(now.getTime() + 1000);
    await record("user_updated", bob, bob, { field: "name" });
    await record("authn_login_success", ann, ann, { way: "link", factor: "" });
    await record("user_deleted", anyId, "system");
  });

  test("nothing shows all, the newest first, with the names of those who have an account", async () => {
    const { events, next } = await listAuditEvents(all, undefined, 10);
    expect(next).toBeNull();
    expect(events.map(({ type, act }) => [type, act])).toEqual([
      ["user_deleted", null],
      ["authn_login_success", "link"],
      ["user_updated", "name"],
      ["authn_login_fail", "wrong-code"],
      ["user_updated", "blocked"],
      ["user_updated", "blocked"],
      ["user_created", null],
    ]);
    const emails = events.map(({ subject, doer }) => [subject?.email, doer?.email]);
    expect(emails).toEqual([
      [undefined, undefined],
      ["ann@example.org", "ann@example.org"],
      ["bob@example.org", "bob@example.org"],
      [undefined, undefined],
      ["bob@example.org", undefined],
      ["ann@example.org", "bob@example.org"],
      ["ann@example.org", "ann@example.org"],
    ]);
    expect(events[0]).toMatchObject({ userId: anyId, actor: "system", ...client });
    expect(events.at(-1)?.createdAt).toEqual(now);
  });

  test("person shows what happened to them and what they did, each once", async () => {
    expect(await typesOf({ person: ann })).toEqual([
      "authn_login_success",
      "user_updated",
      "user_created",
    ]);
    expect(await typesOf({ person: bob })).toEqual([
      "user_updated",
      "user_updated",
      "user_updated",
    ]);
    expect(await typesOf({ person: "operator" })).toEqual(["user_updated"]);
    expect(await typesOf({ person: anyId })).toEqual(["user_deleted"]);
    expect(await typesOf({ person: "nobody" })).toEqual([]);
  });

  test("type and act shows those, and not whose reason reads like one", async () => {
    expect(await typesOf({ type: "user_updated" })).toHaveLength(3);
    expect(await typesOf({ act: "blocked" })).toHaveLength(2);
    expect(await typesOf({ act: "granted" })).toEqual([]);
    expect(await typesOf({ act: "name", type: "user_updated" })).toHaveLength(1);
    expect(await typesOf({ act: "name", type: "user_created" })).toEqual([]);
    expect(await typesOf({ act: "blocked", person: bob })).toHaveLength(2);
    expect(await typesOf({ type: "user_created", person: bob })).toEqual([]);
  });

  test("time shows from the one on and until the other, by the millisecond", async () => {
    const later = new Date(now.getTime() + 1000);
    expect(await typesOf({ from: later })).toHaveLength(3);
    expect(await typesOf({ until: later })).toHaveLength(4);
    expect(await typesOf({ from: now, until: later })).toHaveLength(4);
    expect(await typesOf({ from: new Date(later.getTime() + 1) })).toEqual([]);
    expect(await typesOf({ until: now })).toEqual([]);
    expect(await typesOf({ person: ann, type: "user_created", from: now, until: later })).toEqual([
      "user_created",
    ]);
    expect(await typesOf({ person: ann, from: later })).toEqual(["authn_login_success"]);
  });

  test("what somebody made up shows nothing", async () => {
    for (const person of ["'", "\0", "\ud800", "x".repeat(10_240)])
      expect(await typesOf({ person })).toEqual([]);
  });

  async function typesOf(filter: Partial<AuditFilter>): Promise<string[]> {
    const { events } = await listAuditEvents({ ...all, ...filter }, undefined, 50);
    return events.map(({ type }) => type);
  }
});

describe("pages", () => {
  let ann = "";
  beforeEach(async () => {
    ann = (await addUser("ann@example.org")).id;
    // In one millisecond, and on either side of Ann, or on both.
    for (let count = 0; count < 30; count++) {
      const [userId, actor] = [count % 3 ? ann : "x", count % 3 === 2 ? "y" : ann];
      await record("user_updated", userId, actor, { count });
      if (count % 10 === 0) await record("user_created", "x", "y");
    }
  });

  test.each([1, 2, 7, 29, 30, 31])("of %d are without doubles and gaps", async (length) => {
    for (const filter of [{ person: ann }, { type: "user_updated" as const }]) {
      const seen = [];
      let after: string | undefined;
      do {
        const { events, next } = await listAuditEvents({ ...all, ...filter }, after, length);
        seen.push(...events.map((event) => readDetails(event).count));
        after = next ?? undefined;
      } while (after);
      expect(seen).toEqual(Array.from({ length: 30 }, (_, index) => 29 - index));
    }
  });

  test("after a cursor that is none begin at the beginning", async () => {
    const first = await listAuditEvents(all, undefined, 5);
    for (const after of ["", "z", "' OR 1=1 --", "\0", "x".repeat(10_240), `${anyId}'`])
      expect(await listAuditEvents(all, after, 5)).toEqual(first);
  });

  test("of an export are all, and stop with whoever reads them", async () => {
    const pages = exportAuditEvents({ ...all, person: ann });
    expect((await pages.next()).value).toHaveLength(30);
    expect((await pages.next()).done).toBe(true);
    const given = exportAuditEvents(all);
    await given.next();
    await given.return(undefined);
    expect((await given.next()).done).toBe(true);
  });
});

test("an export goes on over many pages, and what happens meanwhile is not in it", async () => {
  await addMany(1201);
  const lengths = [];
  const seen = new Set<string>();
  for await (const events of exportAuditEvents(all)) {
    lengths.push(events.length);
    for (const { id } of events) seen.add(id);
    await record("user_created", "late", null);
  }
  expect(lengths).toEqual([500, 500, 201]);
  expect(seen.size).toBe(1201);
});

test("an export is written down, with what was asked for", async () => {
  const operator = { id: "ann", client };
  await recordAuditExport(operator, all);
  const filter = { person: "bob", type: "user_updated" as const, act: "blocked", from: now };
  await recordAuditExport(operator, { ...filter, until: now });
  const events = await database().auditEvent.findMany({ orderBy: { id: "asc" } });
  const event = {
    type: "sensitive_read",
    userId: null,
    actor: "ann",
    act: "audit-export",
    ...client,
  };
  expect(events).toMatchObject([event, event]);
  expect(events.map(readDetails)).toEqual([
    { act: "audit-export" },
    {
      act: "audit-export",
      person: "bob",
      type: "user_updated",
      asked: "blocked",
      from: now.toISOString(),
      until: now.toISOString(),
    },
  ]);
});

test.each<[Partial<AuditFilter>, string[]]>([
  [{}, ["AuditEvent_pkey (id>? AND id<?)"]],
  [{ type: "user_created" }, ["AuditEvent_type_id_idx (type=? AND id>? AND id<?)"]],
  [{ act: "blocked" }, ["AuditEvent_act_id_idx (act=? AND id>? AND id<?)"]],
  [{ act: "blocked", type: "user_updated" }, ["AuditEvent_act_id_idx (act=? AND id>? AND id<?)"]],
  [
    { person: anyId, act: "blocked", type: "user_updated" },
    [
      "AuditEvent_userId_id_idx (userId=? AND id>? AND id<?)",
      "AuditEvent_actor_id_idx (actor=? AND id>? AND id<?)",
    ],
  ],
])("a page is found by an index, wherever it is: %j", async (filter, indexes) => {
  const range = { from: now, until: now };
  for (const query of auditQueries({ ...all, ...range, ...filter }, anyId, 51))
    await expectFoundBy(query, indexes.shift());
});

async function addUser(email: string): Promise<User> {
  const data = { email, emailTyped: email, emailVerified: now };
  return await database().user.create({ data });
}

async function addMany(count: number): Promise<void> {
  const event = { type: "user_updated", userId: "ann", ...client };
  await database().auditEvent.createMany({ data: Array.from({ length: count }, () => event) });
}

async function record(
  type: EventType,
  userId: string | null,
  actor: string | null,
  details: Record<string, string | number> = {},
): Promise<void> {
  await recordEvent(database(), { type, userId, actor, client, details });
}
