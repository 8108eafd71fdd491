import { z } from "zod";
import { Prisma, type User } from "@/lib/platform/database/client/client";
import { database, type Transaction } from "@/lib/platform/database/database";
import { parseEmailAddress } from "./email-address";

/** So many words of a search count; whoever types more has found nothing by then. */
const mostWords = 5;
/** How long a word may be: the longest address. */
const longestWord = 254;
/** In UTF-16 units, as forms count them: the longest address fits. */
export const longestSearch = 254;
/** So many words of a name are found. */
const mostTerms = 20;

/** Which accounts a list shows. */
export const userFilters = ["all", "blocked", "invited", "admins"] as const;
export type UserFilter = (typeof userFilters)[number];

export type ListedUser = Pick<
  User,
  "id" | "email" | "emailTyped" | "name" | "createdAt" | "blockedAt" | "invitedAt"
>;
export type UserPage = { users: ListedUser[]; next: string | null };

/** Keeps the words by which a person is found, in the transaction that changes their name or address. */
export async function indexUser(
  transaction: Transaction,
  { id: userId, email, name }: Pick<User, "id" | "email" | "name">,
): Promise<void> {
  await transaction.userSearchTerm.deleteMany({ where: { userId } });
  await transaction.userSearchTerm.createMany({
    data: termsOf(email, name).map((term) => ({ term, userId })),
  });
}

/** The address, its domain, and the words of both and of the name. */
function termsOf(email: string, name: string | null): string[] {
  const [local = "", domain = ""] = email.split("@");
  // The name first: an address of many parts must not crowd it out.
  const words = [name ?? "", local, domain].flatMap(wordsOf);
  return [...new Set([email, domain, ...words])].slice(0, mostTerms);
}

/** In the form in which words are compared: without case, and full width is none. */
function wordsOf(text: string): string[] {
  return fold(text)
    .split(/[^\p{L}\p{M}\p{N}]+/u)
    .filter(Boolean)
    .map((word) => word.slice(0, longestWord));
}

function fold(text: string): string {
  return text.normalize("NFKC").toLowerCase();
}

/**
 * A page of accounts: with a search, those of which each word of it begins a word of address or name, in the order of the
 * words; without, the newest first. By keys, so that a page costs the same in a million accounts, and wherever it is.
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
  const cursor = readCursor(after);
  const rows = await database().$queryRaw<(ListedUser & { key: string })[]>(
    words.length > 0
      ? searchQuery(words, filter, cursor, limit + 1)
      : listQuery(filter, cursor, limit + 1),
  );
  const last = rows.length > limit ? rows[limit - 1] : undefined;
  return {
    users: rows.slice(0, limit).map(({ key: _, ...user }) => user),
    next: last ? writeCursor(last) : null,
  };
}

/** The longest first: it leaves the fewest accounts to look at. */
function searchedWords(search: string): string[] {
  const typed = search.trim().replace(/^@/, "");
  const isAddress = typed.includes("@") && !/\s/.test(typed);
  const address = isAddress ? parseEmailAddress(typed) : null;
  const whole = address && "canonical" in address ? address.canonical : fold(typed);
  const words = isAddress ? [whole] : wordsOf(typed);
  return [...new Set(words)].sort((a, b) => b.length - a.length).slice(0, mostWords);
}

type Cursor = { key: string; id: string } | null;

const columns = Prisma.sql`u."id", u."email", u."emailTyped", u."name", u."createdAt", u."blockedAt", u."invitedAt"`;

function searchQuery(
  [driver = "", ...others]: string[],
  filter: UserFilter,
  cursor: Cursor,
  limit: number,
): Prisma.Sql {
  const begins = (column: Prisma.Sql, word: string) =>
    Prisma.sql`${column} >= ${word} AND ${column} < ${`${word}\u{10ffff}`}`;
  const conditions = [
    begins(Prisma.sql`t."term"`, driver),
    // Somebody who is found by several words of theirs stands in the list once.
    Prisma.sql`NOT EXISTS (SELECT 1 FROM "UserSearchTerm" e WHERE e."userId" = t."userId"
      AND e."term" >= ${driver} AND e."term" < t."term")`,
    ...others.map(
      (word) => Prisma.sql`EXISTS (SELECT 1 FROM "UserSearchTerm" o WHERE o."userId" = t."userId"
        AND ${begins(Prisma.sql`o."term"`, word)})`,
    ),
    ...(cursor ? [Prisma.sql`(t."term", t."userId") > (${cursor.key}, ${cursor.id})`] : []),
    ...conditionOf(filter),
  ];
  return Prisma.sql`SELECT ${columns}, t."term" AS "key" FROM "UserSearchTerm" t
    JOIN "User" u ON u."id" = t."userId" WHERE ${Prisma.join(conditions, " AND ")}
    ORDER BY t."term", t."userId" LIMIT ${limit}`;
}

function listQuery(filter: UserFilter, cursor: Cursor, limit: number): Prisma.Sql {
  const conditions = [
    Prisma.sql`1 = 1`,
    ...(cursor ? [Prisma.sql`u."id" < ${cursor.id}`] : []),
    ...conditionOf(filter),
  ];
  return Prisma.sql`SELECT ${columns}, '' AS "key" FROM "User" u
    WHERE ${Prisma.join(conditions, " AND ")} ORDER BY u."id" DESC LIMIT ${limit}`;
}

/** Few accounts are any of these: the database finds them by an index. */
function conditionOf(filter: UserFilter): Prisma.Sql[] {
  switch (filter) {
    case "all":
      return [];
    case "blocked":
      return [among(Prisma.sql`SELECT b."id" FROM "User" b WHERE b."blockedAt" > ${new Date(0)}`)];
    case "invited":
      return [among(Prisma.sql`SELECT i."id" FROM "User" i WHERE i."invitedAt" > ${new Date(0)}`)];
    case "admins":
      return [
        among(
          Prisma.sql`SELECT s."userId" FROM "UserScope" s WHERE s."scope" IN ('admin', 'super')`,
        ),
      ];
  }
}

function among(ids: Prisma.Sql): Prisma.Sql {
  return Prisma.sql`u."id" IN (${ids})`;
}

function writeCursor({ key, id }: { key: string; id: string }): string {
  return Buffer.from(JSON.stringify([key, id])).toString("base64url");
}

/** Made up by somebody, it leads to some page or other, or to the first. */
function readCursor(text: string | undefined): Cursor {
  try {
    const [key, id] = z
      .tuple([z.string(), z.string()])
      .parse(JSON.parse(Buffer.from(text ?? "", "base64url").toString()));
    return { key, id };
  } catch {
    return null;
  }
}
