import type { AuditEvent } from "@/lib/platform/database/client/client";
import { database, type Transaction } from "@/lib/platform/database/database";
import { hours } from "@/lib/platform/duration";
import { countAgainst, type Limit, LimitReached } from "@/lib/platform/limits";
import type { Client } from "./client";

/** What is written down, in the words of the OWASP logging vocabulary. */
export const eventTypes = [
  "authn_login_success",
  "authn_login_fail",
  "authn_login_lock",
  "authn_token_revoked",
  "authz_fail",
  "privilege_permissions_changed",
  "user_created",
  "user_updated",
  "user_deleted",
  "sensitive_read",
  "sensitive_update",
] as const;
export type EventType = (typeof eventTypes)[number];

/** What tells events of one type apart, and can be asked for. */
export const eventActs = {
  authn_login_success: ["link", "code", "number", "link-and-code", "passkey"],
  authn_login_fail: [
    "wrong-code",
    "wrong-number",
    "wrong-address-code",
    "wrong-totp",
    "wrong-recovery-code",
    "wrong-passkey",
    "used",
    "other-browser",
    "blocked",
  ],
  authn_login_lock: [],
  authn_token_revoked: [
    "sign-out",
    "revoked",
    "other-account",
    "address-changed",
    "address-restored",
    "administrator",
    "not-me",
  ],
  authz_fail: [],
  privilege_permissions_changed: ["granted", "revoked"],
  user_created: [],
  user_updated: [
    "name",
    "email",
    "app-added",
    "app-replaced",
    "app-removed",
    "passkey-added",
    "passkey-removed",
    "passkey-renamed",
    "recovery-codes-renewed",
    "blocked",
    "unblocked",
    "second-factor-disabled",
    "properties",
    "mailed",
    "mail-resent",
    "mailing-begun",
    "mailing-stopped",
    "invited",
  ],
  user_deleted: [],
  sensitive_read: ["export", "audit-export"],
  sensitive_update: ["address-change-asked", "not-me"],
} as const satisfies Record<EventType, readonly string[]>;

type NewEvent = {
  type: EventType;
  /** Whose account it happened to, or null when there is none. */
  userId: string | null;
  /** Who did it: the id of an account, "operator" or "system"; null for a visitor whom nobody knows. */
  actor: string | null;
  client: Client;
  /** Never a secret. */
  details?: Record<string, string | number | boolean | null>;
};

/** Writes down what happens, in the transaction of the act: neither is without the other (ASVS 16.3). */
export async function recordEvent(transaction: Transaction, event: NewEvent): Promise<void> {
  const { client, details, ...rest } = event;
  await transaction.auditEvent.create({
    data: {
      ...rest,
      ...client,
      details: details ? JSON.stringify(details) : null,
      act: actOf(details ?? {}),
    },
  });
}

/** A column of its own, so that an index finds it. The reason of an act is in somebody's words, that of an event is a name. */
function actOf({ act, reason, way, field }: NonNullable<NewEvent["details"]>): string | null {
  const told = act ?? reason ?? way ?? field;
  return typeof told === "string" ? told : null;
}

/** Writes down that a code or a number was wrong, or the account blocked; in the same time for an address without one. */
export async function recordFailedSignIn(
  email: string,
  reason: string,
  client: Client,
): Promise<void> {
  const user = await database().user.findUnique({ where: { email }, select: { id: true } });
  await recordEvent(database(), {
    type: "authn_login_fail",
    userId: user?.id ?? null,
    actor: null,
    client,
    details: { reason },
  });
}

/** So many refused acts of an account are written down an hour: whoever repeats them must not fill the record. */
const recordedRefusals: Limit = { name: "refused-act", times: 20, within: hours(1) };

/** Writes down that somebody tried what they may not (ASVS 16.3.2). */
export async function recordRefusedAct(
  userId: string,
  scope: string,
  client: Client,
): Promise<void> {
  try {
    await countAgainst(database(), recordedRefusals, userId);
  } catch (error) {
    if (error instanceof LimitReached) return;
    throw error;
  }
  await recordEvent(database(), {
    type: "authz_fail",
    userId,
    actor: userId,
    client,
    details: { scope },
  });
}

/**
 * What happened to an account, the newest first.
 * @param before the id of the last event of the page before
 */
export async function listEvents(
  userId: string,
  before: string | undefined,
  limit: number,
): Promise<AuditEvent[]> {
  return await database().auditEvent.findMany({
    // Ids grow with time (UUID 7), so a page costs the same wherever it is.
    where: { userId, ...(before && { id: { lt: before } }) },
    orderBy: { id: "desc" },
    take: limit,
  });
}

/** Whether somebody else did it, who may: their browser and network are not the business of whose account it is. */
export function isByAdministrator({ actor, userId }: AuditEvent): boolean {
  return actor !== null && actor !== "system" && actor !== userId;
}

/** The details of an event; empty when there are none, or they have been taken out. */
export function readDetails({ details }: AuditEvent): Record<string, unknown> {
  const parsed: unknown = details ? JSON.parse(details) : {};
  return typeof parsed === "object" && parsed !== null ? { ...parsed } : {};
}
