import { database } from "@/lib/platform/database/database";
import { listUsers, mostLookedAt, type UserFilter } from "./user-search";

/** Whom a mailing goes to: what a search and a filter find. */
export type Audience = { search: string; filter: UserFilter };

/**
 * How many a mailing would go to: blocked accounts are left out, unless they are what is asked for.
 * @returns null when they do not stand on one page of all that a page looks at
 */
export async function countRecipients({ search, filter }: Audience): Promise<number | null> {
  // All that are open stand together in an index.
  if (!search.trim() && filter === "all")
    return await database().user.count({ where: { blockedAt: null } });
  const { users, next } = await listUsers(search, filter, undefined, mostLookedAt);
  if (next) return null;
  return users.filter(({ blockedAt }) => filter === "blocked" || !blockedAt).length;
}
