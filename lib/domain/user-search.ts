import { z } from "zod";
import { Prisma, type User } from "@/lib/platform/database/client/client";
import { database } from "@/lib/platform/database/database";
import { parseEmailAddress } from "./email-address";
import { fold, wordsOf } from "./search-terms";

/** So many words of a search count; whoever types more has found nothing by then. */
const mostWords = 5;
/** In UTF-16 units, as forms count them: the longest address fits. */
export const longestSearch = 254;

/** So many accounts a page looks at: all of them, where the rarest word of a search begins fewer words than that. */
export const mostLookedAt = 5_000;

/** Which accounts a list shows. */
export const userFilters = ["all", "blocked", "invited", "admins"] as const;
export type UserFilter = (typeof userFilters)[number];

export type ListedUser = Pick<
  User,
  "id" | "email" | "emailTyped" | "name" | "createdAt" | "blockedAt" | "invitedAt"
>;
export type UserPage = { users: ListedUser[]; next: string | null };

/**
 * A page of accounts: with a search, those of which each word of it begins a word of address or name; without, the newest
 * first, or who was blocked or invited last. The work of a page has an end that a million accounts do not move: it looks at
 * so many accounts, and where those do not fill it, `next` goes on behind them.
 * @param search words of addresses and names, or a whole address; empty for all
 * @param after what `next` of the page before said
 */
export async function listUsers(
  search: string,
  filter: UserFilter,
  after: string | undefined,
  limit: number,
): Promise<UserPage> {
  const words = searchedWords(search);
  // Nothing but signs, which no word begins with.
  if (search.trim() && words.length === 0) return { users: [], next: null };
  const cursor = readCursor(after, words, filter);
  const driver = cursor?.driver ?? (await rarestOf(words, filter));
  const others = words.filter((word) => word !== driver);
  return driver
    ? await listByWord(driver, others, filter, cursor, limit)
    : await listByFilter(words, filter, cursor, limit);
}

/** Whether all of a search counts, so that it finds nobody whom its last words would have left out. */
export function isSearchedWhole(search: string): boolean {
  return search.length <= longestSearch && wordsIn(search).length <= mostWords;
}

function searchedWords(search: string): string[] {
  return wordsIn(search).slice(0, mostWords);
}

function wordsIn(search: string): string[] {
  const typed = search.trim().replace(/^@/, "");
  const isAddress = typed.includes("@") && !/\s/.test(typed);
  const address = isAddress ? parseEmailAddress(typed) : null;
  const whole = address && "canonical" in address ? address.canonical : fold(typed);
  const words = isAddress ? [whole] : wordsOf(typed);
  return [...new Set(words)];
}

/** The word that begins the fewest words of all; empty when the filter leaves fewer, or nothing is searched for. */
async function rarestOf(words: string[], filter: UserFilter): Promise<string> {
  if (words.length === 0) return "";
  const counts = await Promise.all([
    ...words.map((word) => countUpTo(wordsThatBegin(word))),
    ...(filter === "all" ? [] : [countUpTo(usersOf(filter))]),
  ]);
  return words[counts.indexOf(Math.min(...counts))] ?? "";
}

/** In order, so that the database goes by the index, and not through all rows. */
function wordsThatBegin(word: string): Prisma.Sql {
  return Prisma.sql`FROM "UserSearchTerm" t WHERE ${begins(Prisma.sql`t."term"`, word)} ORDER BY t."term", t."userId"`;
}

function usersOf(filter: UserFilter): Prisma.Sql {
  const order = timeOf(filter) ?? Prisma.sql`u."id"`;
  return Prisma.sql`FROM "User" u WHERE ${conditionOf(filter)} ORDER BY ${order}`;
}

/** How many rows, counted no further than a page looks. */
async function countUpTo(rows: Prisma.Sql): Promise<number> {
  const [counted] = await database().$queryRaw<{ count: bigint }[]>`
    SELECT count(*) AS "count" FROM (SELECT 1 ${rows} LIMIT ${mostLookedAt}) c`;
  return Number(counted?.count ?? 0);
}

/** The last account of a page, and the word by whose words the list goes, or none. */
type Cursor = { driver: string; key: string; id: string };
type FoundRow = ListedUser & { key: string | Date };

const columns = Prisma.sql`u."id", u."email", u."emailTyped", u."name", u."createdAt", u."blockedAt", u."invitedAt"`;

/** In the order of the words that begin with `driver`. */
async function listByWord(
  driver: string,
  others: string[],
  filter: UserFilter,
  cursor: Cursor | null,
  limit: number,
): Promise<UserPage> {
  const place = Prisma.sql`(t."term", t."userId")`;
  const range = [
    begins(Prisma.sql`t."term"`, driver),
    ...(cursor ? [Prisma.sql`${place} > (${cursor.key}, ${cursor.id})`] : []),
  ];
  const order = Prisma.sql`ORDER BY t."term", t."userId"`;
  const [end] = await database().$queryRaw<{ term: string; userId: string }[]>`
    SELECT t."term", t."userId" FROM "UserSearchTerm" t
    WHERE ${Prisma.join(range, " AND ")} ${order} LIMIT 1 OFFSET ${mostLookedAt - 1}`;
  const conditions = [
    ...range,
    ...(end ? [Prisma.sql`${place} <= (${end.term}, ${end.userId})`] : []),
    conditionOf(filter),
    // Somebody who is found by several words of theirs stands in the list once.
    Prisma.sql`NOT EXISTS (SELECT 1 FROM "UserSearchTerm" e
      WHERE e."userId" = t."userId" AND e."term" >= ${driver} AND e."term" < t."term")`,
    ...others.map((word) => hasWord(Prisma.sql`t."userId"`, word)),
  ];
  const rows = await database().$queryRaw<FoundRow[]>`
    SELECT ${columns}, t."term" AS "key"
    FROM "UserSearchTerm" t JOIN "User" u ON u."id" = t."userId"
    WHERE ${Prisma.join(conditions, " AND ")} ${order} LIMIT ${limit + 1}`;
  const page = pageOf(driver, rows, limit);
  return end && !page.next ? { ...page, next: writeCursor(driver, end.term, end.userId) } : page;
}

/** The newest first, or who came last to be what the filter asks for. */
async function listByFilter(
  words: string[],
  filter: UserFilter,
  cursor: Cursor | null,
  limit: number,
): Promise<UserPage> {
  const key = timeOf(filter);
  const order = key ? Prisma.sql`${key} DESC, u."id" DESC` : Prisma.sql`u."id" DESC`;
  const conditions = [
    conditionOf(filter),
    ...words.map((word) => hasWord(Prisma.sql`u."id"`, word)),
    ...(cursor ? [before(key, cursor)] : []),
  ];
  const rows = await database().$queryRaw<FoundRow[]>`
    SELECT ${columns}, ${key ?? Prisma.sql`''`} AS "key" FROM "User" u
    WHERE ${Prisma.join(conditions, " AND ")} ORDER BY ${order} LIMIT ${limit + 1}`;
  return pageOf("", rows, limit);
}

/** A row value, so that the database goes to the place by its index. */
function before(key: Prisma.Sql | null, cursor: Cursor): Prisma.Sql {
  return key
    ? Prisma.sql`(${key}, u."id") < (${new Date(cursor.key)}, ${cursor.id})`
    : Prisma.sql`u."id" < ${cursor.id}`;
}

function begins(column: Prisma.Sql, word: string): Prisma.Sql {
  return Prisma.sql`${column} >= ${word} AND ${column} < ${`${word}\u{10ffff}`}`;
}

function hasWord(userId: Prisma.Sql, word: string): Prisma.Sql {
  return Prisma.sql`EXISTS (SELECT 1 FROM "UserSearchTerm" o
    WHERE o."userId" = ${userId} AND ${begins(Prisma.sql`o."term"`, word)})`;
}

function conditionOf(filter: UserFilter): Prisma.Sql {
  switch (filter) {
    case "all":
      return Prisma.sql`1 = 1`;
    case "blocked":
    case "invited":
      return Prisma.sql`${timeOf(filter)} IS NOT NULL`;
    case "admins":
      // Few: their list is read once.
      return Prisma.sql`u."id" IN (SELECT s."userId" FROM "UserScope" s WHERE s."scope" IN ('admin', 'super'))`;
  }
}

/** When an account came to be what the filter asks for, where that is kept. */
function timeOf(filter: UserFilter): Prisma.Sql | null {
  if (filter === "blocked") return Prisma.sql`u."blockedAt"`;
  return filter === "invited" ? Prisma.sql`u."invitedAt"` : null;
}

function pageOf(driver: string, rows: FoundRow[], limit: number): UserPage {
  const last = rows.length > limit ? rows[limit - 1] : undefined;
  return {
    users: rows.slice(0, limit).map(({ key: _, ...user }) => user),
    next: last ? writeCursor(driver, last.key, last.id) : null,
  };
}

function writeCursor(driver: string, key: string | Date, id: string): string {
  return Buffer.from(JSON.stringify([driver, key, id])).toString("base64url");
}

/** One of another search leads to the first page. Made up by somebody, it leads there too, or to some page or other. */
function readCursor(text: string | undefined, words: string[], filter: UserFilter): Cursor | null {
  try {
    const [driver, key, id] = z
      .tuple([z.string(), z.string(), z.string()])
      .parse(JSON.parse(Buffer.from(text ?? "", "base64url").toString()));
    const isOfWords = driver ? words.includes(driver) : words.length === 0 || filter !== "all";
    const isOfFilter = driver !== "" || !timeOf(filter) || !Number.isNaN(Date.parse(key));
    return isOfWords && isOfFilter ? { driver, key, id } : null;
  } catch {
    return null;
  }
}
