import type { User } from "@/lib/platform/database/client/client";
import { database, type Transaction } from "@/lib/platform/database/database";
import { inTransaction } from "@/lib/platform/database/transaction";
import { days } from "@/lib/platform/duration";
import { readSignedId, signedId } from "@/lib/platform/secrets";
import { recordEvent } from "./audit";
import type { Client } from "./client";
import { holdAccount } from "./hold";
import { cancelMailsTo, type MailContent, queueMail } from "./outbox";
import { denyPasskey } from "./passkeys";
import { endSessions } from "./sessions";
import { endRequestsOf } from "./sign-in-state";
import { endAttemptsOf } from "./two-factor-attempt";

/** How long "this wasn't me" can be pressed. */
const noticeLifetime = days(30);
/** How long a security mail is tried: its owner should hear of it even when the mail server was away for a weekend. */
const mailLifetime = days(3);

/** What a security mail can tell. */
export type SecurityNoticeKind = Extract<MailContent, { template: "security" }>["notice"];

type SecurityMail = {
  user: Pick<User, "id" | "timeZone">;
  notice: SecurityNoticeKind;
  recipient: string;
  /** The browser that it is about, if it is about one. */
  browserHash: string | null;
  /** Who did it. */
  client: Client;
  /** After a change of address: what can be undone, or null when it cannot. */
  addressChange?: { id: string | null; newEmail: string };
  /** The passkey that it is about, if it is about one. */
  passkeyId?: string;
};

/** Tells the owner of an account what happened to it, in the transaction of the act. */
export async function queueSecurityMail(
  transaction: Transaction,
  { user, notice, recipient, browserHash, client, addressChange, passkeyId }: SecurityMail,
): Promise<void> {
  const now = Date.now();
  const { id: noticeId } = await transaction.securityNotice.create({
    data: {
      userId: user.id,
      browserHash,
      passkeyId: passkeyId ?? null,
      expiresAt: new Date(now + noticeLifetime),
    },
  });
  await queueMail(transaction, {
    userId: user.id,
    recipient,
    expiresAt: new Date(now + mailLifetime),
    content: {
      template: "security",
      notice,
      noticeId,
      addressChangeId: addressChange?.id ?? null,
      newEmail: addressChange?.newEmail ?? null,
      timeZone: user.timeZone,
      askedAt: new Date(now).toISOString(),
      ...client,
    },
  });
}

/** The secret of the "this wasn't me" link of a security mail. */
export function noticeToken(noticeId: string): string {
  return signedId("security notice", noticeId);
}

/** Looks at a "this wasn't me" link and changes nothing; null when it is not one of ours, or too old. */
export async function peekNotice(token: string) {
  const id = readSignedId("security notice", token);
  if (!id) return null;
  return await database().securityNotice.findFirst({
    where: { id, expiresAt: { gt: new Date() } },
    include: { user: { select: { email: true, emailTyped: true } } },
  });
}

/**
 * "This wasn't me": ends what the browser that the mail is about is signed in with, or every session when it is about the
 * whole account, and ends what is pending. A passkey that it is about opens nothing any more. Needs no sign-in, since it can only reduce access; works once. The browser
 * stays known: a scanner that presses the button would otherwise have the next sign-in told, and ended, again.
 * @returns false when it is not one of ours, too old, or has been used
 */
export async function denyNotice(token: string, client: Client): Promise<boolean> {
  const notice = await peekNotice(token);
  if (!notice) return false;
  const { id, userId, browserHash, passkeyId } = notice;
  return await inTransaction(async (transaction) => {
    await holdAccount(transaction, userId);
    const { count } = await transaction.securityNotice.updateMany({
      where: { id, usedAt: null },
      data: { usedAt: new Date() },
    });
    if (count !== 1) return false;
    await endSessions(
      transaction,
      { userId, ...(browserHash && { browserHash }) },
      "not-me",
      client,
    );
    const user = await transaction.user.findUniqueOrThrow({ where: { id: userId } });
    await endRequestsOf(transaction, user.email);
    await endAttemptsOf(transaction, userId);
    await withdrawPendingChanges(transaction, userId);
    if (passkeyId) await denyPasskey(transaction, userId, passkeyId);
    await recordEvent(transaction, {
      type: "sensitive_update",
      userId,
      actor: null,
      client,
      details: { act: "not-me" },
    });
    return true;
  });
}

/** Changes of address that have not been confirmed never will be, and their mails that wait do not go out. */
export async function withdrawPendingChanges(
  transaction: Transaction,
  userId: string,
): Promise<void> {
  const pending = { userId, confirmedAt: null, withdrawnAt: null };
  const changes = await transaction.addressChange.findMany({ where: pending });
  await transaction.addressChange.updateMany({
    where: { id: { in: changes.map(({ id }) => id) }, ...pending },
    data: { withdrawnAt: new Date() },
  });
  const recipients = changes.map(({ newEmail }) => newEmail);
  await cancelMailsTo(transaction, recipients, ["address-change"]);
}
