import type { User } from "@/lib/platform/database/client/client";
import { database, type Transaction } from "@/lib/platform/database/database";
import { inTransaction } from "@/lib/platform/database/transaction";
import { environment } from "@/lib/platform/environment";
import { hashToken } from "@/lib/platform/secrets";
import { recordEvent } from "./audit";
import type { Client } from "./client";
import { parseEmailAddress } from "./email-address";

/** What every account may. */
export const everybodysScope = "authenticated";

/**
 * The scopes of an account, in the order of the alphabet after `authenticated`: those that it was granted, and `admin` with
 * `super`, which includes it. Asked for anew each time, so that a change holds on the next request (ASVS 8.3.2).
 */
export async function listScopes(
  userId: string,
  store: Transaction = database(),
): Promise<string[]> {
  const granted = await store.userScope.findMany({ where: { userId }, select: { scope: true } });
  const scopes = new Set(granted.map(({ scope }) => scope));
  if (scopes.has("super")) scopes.add("admin");
  scopes.delete(everybodysScope);
  return [everybodysScope, ...[...scopes].sort()];
}

/** Whether an account that is open has this scope, `super` including `admin`: for who acts now, or goes on with what they began. */
export async function mayAdminister(
  userId: string,
  scope: "admin" | "super",
  store: Transaction = database(),
): Promise<boolean> {
  const where = { userId, scope: { in: ["super", scope] }, user: { blockedAt: null } };
  return (await store.userScope.count({ where })) > 0;
}

/** Whether these scopes allow what asks for one. */
export function hasScope(scopes: string[], scope: string): boolean {
  return scopes.includes(scope);
}

/** What a site may call a scope. */
export function isScopeName(text: string): boolean {
  return /^[a-z][a-z0-9:._-]{0,49}$/.test(text) && text !== everybodysScope;
}

/** Whether `ADMIN_EMAILS` names this address. */
export function isConfiguredAdmin(email: string): boolean {
  return configuredAdmins().includes(email);
}

function configuredAdmins(): string[] {
  return environment().adminEmails.flatMap((typed) => {
    const address = parseEmailAddress(typed);
    return "canonical" in address ? [address.canonical] : [];
  });
}

/** The same for accounts that are there already, when the site starts with a new `ADMIN_EMAILS`. */
export async function grantToConfiguredAdmins(): Promise<void> {
  const where = { email: { in: configuredAdmins() }, blockedAt: null, invitedAt: null };
  const nobody = { userAgent: "", networkAddress: "" };
  for (const user of await database().user.findMany({ where }))
    await inTransaction((transaction) => grantConfiguredScopes(transaction, user, nobody));
}

/**
 * Makes a person whom `ADMIN_EMAILS` names the holder of `super`: once an address, so that who takes it away later is not
 * overruled by the next sign-in, nor by a new account.
 */
export async function grantConfiguredScopes(
  transaction: Transaction,
  user: User,
  client: Client,
): Promise<void> {
  if (!isConfiguredAdmin(user.email)) return;
  const granted = await transaction.$executeRaw`
    INSERT INTO "ConfiguredAdmin" ("hash") VALUES (${hashToken(user.email)})
    ON CONFLICT ("hash") DO NOTHING`;
  if (granted !== 1) return;
  await transaction.userScope.upsert({
    where: { userId_scope: { userId: user.id, scope: "super" } },
    create: { userId: user.id, scope: "super" },
    update: {},
  });
  await recordEvent(transaction, {
    type: "privilege_permissions_changed",
    userId: user.id,
    actor: "system",
    client,
    details: { act: "granted", scope: "super", reason: "ADMIN_EMAILS" },
  });
}

/** Whether nobody could grant scopes any more without this account. Whoever else changes who can, waits until this is over. */
export async function isLastSuper(transaction: Transaction, userId: string): Promise<boolean> {
  const where = { scope: "super" };
  // Two who take it from each other at once must wait for one another.
  await transaction.userScope.updateMany({ where, data: where });
  if ((await transaction.userScope.count({ where: { ...where, userId } })) === 0) return false;
  const others = { ...where, userId: { not: userId }, user: { blockedAt: null, invitedAt: null } };
  return (await transaction.userScope.count({ where: others })) === 0;
}
