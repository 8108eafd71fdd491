import { database, type Transaction } from "@/lib/platform/database/database";
import { days, hours } from "@/lib/platform/duration";
import type { Limit } from "@/lib/platform/limits";
import { readSignedId, signedId } from "@/lib/platform/secrets";

/** A recipient who has had enough gets no mails that unknown browsers ask for, for so long. */
export const mailStop: Limit = { name: "mail-stopped", times: 0, within: hours(24) };
/** How long the link of a mail can stop and resume: a mail that is passed on much later says nothing any more. */
const linkLifetime = days(7);

/** What a mail's "stop" link says: whose mails, and until when they are stopped already. */
export type MailStopView = { email: string; emailTyped: string; stoppedUntil: Date | null };

/** The secret of the link in the mail of this request: only who reads that mail knows it. Nothing of it is stored. */
export function mailStopToken(signInRequestId: string): string {
  return signedId("mail stop", signInRequestId);
}

/** Looks at a stop link and never changes anything; null when it is not one of ours. */
export async function peekMailStop(token: string): Promise<MailStopView | null> {
  const id = readSignedId("mail stop", token);
  if (!id) return null;
  const request = await database().signInRequest.findFirst({
    where: { id, createdAt: { gt: new Date(Date.now() - linkLifetime) } },
  });
  if (!request) return null;
  const { email, emailTyped } = request;
  return { email, emailTyped, stoppedUntil: await peekMailStopEnd(database(), email) };
}

/**
 * No more mails that unknown browsers ask for, for a day. Links and codes that have been sent go on working, and browsers
 * that have signed in before still get theirs.
 * @returns null when the token is not one of ours
 */
export async function stopMails(token: string): Promise<MailStopView | null> {
  const view = await peekMailStop(token);
  if (!view) return null;
  const expiresAt = new Date(Date.now() + mailStop.within);
  await database().mailStop.upsert({
    where: { email: view.email },
    create: { email: view.email, expiresAt },
    update: { expiresAt },
  });
  return { ...view, stoppedUntil: expiresAt };
}

/** Mails come again as before. */
export async function resumeMails(token: string): Promise<MailStopView | null> {
  const view = await peekMailStop(token);
  if (!view) return null;
  await database().mailStop.deleteMany({ where: { email: view.email } });
  return { ...view, stoppedUntil: null };
}

/** Until when the recipient wants no mails that unknown browsers ask for; null when they may come. Never writes. */
export async function peekMailStopEnd(store: Transaction, email: string): Promise<Date | null> {
  const stop = await store.mailStop.findFirst({ where: { email, expiresAt: { gt: new Date() } } });
  return stop?.expiresAt ?? null;
}
