import { type AuditEvent, Prisma, type User } from "@/lib/platform/database/client/client";
import { database } from "@/lib/platform/database/database";
import { findUser, type Operator } from "./administration";
import { type EventType, recordEvent } from "./audit";
import { parseEmailAddress } from "./email-address";
import { isId, lowestIdAt } from "./time-ordered-id";

/** Which events: those of which all of this is true. Null asks for nothing. */
export type AuditFilter = {
  /** The id of an account, "operator" or "system": what happened to it, and what it did. */
  person: string | null;
  type: EventType | null;
  /** One of `eventActs`. */
  act: string | null;
  from: Date | null;
  /** The first moment that is too late. */
  until: Date | null;
};

type Person = Pick<User, "id" | "email" | "emailTyped">;

/** An event, and whose names are behind its ids as long as they have an account. */
export type ListedEvent = AuditEvent & { subject: Person | null; doer: Person | null };

export type EventPage = { events: ListedEvent[]; next: string | null };

/** So many events are read at once for an export: little memory, however many there are. */
const exportPage = 500;

/**
 * Whom a search for a person means: whoever has this address, the id of an account, also of one that has been deleted,
 * "operator" for the shell of the machine, or "system" for the site itself.
 * @returns an `id`, or why it is none
 */
export async function resolvePerson(
  typed: string,
): Promise<{ id: string } | { problem: "unknown" | "malformed" }> {
  const text = typed.trim().toLowerCase();
  if (isId(text) || text === "operator" || text === "system") return { id: text };
  if ("problem" in parseEmailAddress(typed)) return { problem: "malformed" };
  const user = await findUser(typed);
  return user ? { id: user.id } : { problem: "unknown" };
}

/**
 * A page of the audit trail, the newest first. By keys, so that it costs the same among millions, and wherever it is.
 * @param after what `next` of the page before said; made up by somebody, it is the first page or some other
 */
export async function listAuditEvents(
  filter: AuditFilter,
  after: string | undefined,
  limit: number,
): Promise<EventPage> {
  const found = await Promise.all(
    auditQueries(filter, after, limit + 1).map((query) =>
      database().$queryRaw<AuditEvent[]>(query),
    ),
  );
  // Who did something to their own account is found on both sides.
  const byId = new Map(found.flat().map((event) => [event.id, event]));
  const events = [...byId.values()].sort((one, other) => (one.id < other.id ? 1 : -1));
  const page = events.slice(0, limit);
  return {
    events: await nameAll(page),
    next: events.length > limit ? (page.at(-1)?.id ?? null) : null,
  };
}

/** What is asked of the database: one question, or two about a person, each answered from one index. */
export function auditQueries(
  filter: AuditFilter,
  after: string | undefined,
  limit: number,
): Prisma.Sql[] {
  const { person, type, act, from, until } = filter;
  const rest = [
    Prisma.sql`1 = 1`,
    ...(from ? [Prisma.sql`"id" >= ${lowestIdAt(from)}`] : []),
    ...(until ? [Prisma.sql`"id" < ${lowestIdAt(until)}`] : []),
    ...(after && isId(after) ? [Prisma.sql`"id" < ${after}`] : []),
  ];
  const conditions = [
    ...(act ? [[Prisma.sql`"act"`, act] as const] : []),
    ...(type ? [[Prisma.sql`"type"`, type] as const] : []),
  ];
  const drivers = person
    ? [[Prisma.sql`"userId"`, person] as const, [Prisma.sql`"actor"`, person] as const]
    : conditions.splice(0, 1);
  // An expression: the index of the rarest column is the one to follow, and no statistics would say which that is.
  for (const [column, value] of conditions) rest.push(Prisma.sql`${column} || '' = ${value}`);
  const query = (all: Prisma.Sql[]) => Prisma.sql`SELECT * FROM "AuditEvent"
    WHERE ${Prisma.join(all, " AND ")} ORDER BY "id" DESC LIMIT ${limit}`;
  return drivers.length > 0
    ? drivers.map(([column, value]) => query([Prisma.sql`${column} = ${value}`, ...rest]))
    : [query(rest)];
}

async function nameAll(events: AuditEvent[]): Promise<ListedEvent[]> {
  const ids = events.flatMap(({ userId, actor }) => [userId, actor]).filter((id) => id !== null);
  const people = await database().user.findMany({
    where: { id: { in: [...new Set(ids)] } },
    select: { id: true, email: true, emailTyped: true },
  });
  const byId = new Map(people.map((person) => [person.id, person]));
  const find = (id: string | null) => byId.get(id ?? "") ?? null;
  return events.map((event) => ({
    ...event,
    subject: find(event.userId),
    doer: find(event.actor),
  }));
}

/**
 * All events, page by page, the newest first. What happens meanwhile is not among them.
 * Whoever stops asking for pages stops the reading.
 */
export async function* exportAuditEvents(filter: AuditFilter): AsyncGenerator<ListedEvent[]> {
  let after: string | undefined;
  do {
    const { events, next } = await listAuditEvents(filter, after, exportPage);
    yield events;
    after = next ?? undefined;
  } while (after);
}

/** Writes down that somebody takes the audit trail away, and which part. */
export async function recordAuditExport(
  { id: actor, client }: Operator,
  { person, type, act, from, until }: AuditFilter,
): Promise<void> {
  await recordEvent(database(), {
    type: "sensitive_read",
    userId: null,
    actor,
    client,
    details: {
      act: "audit-export",
      ...(person && { person }),
      ...(type && { type }),
      ...(act && { asked: act }),
      ...(from && { from: from.toISOString() }),
      ...(until && { until: until.toISOString() }),
    },
  });
}
