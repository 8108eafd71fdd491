import { database } from "@/lib/platform/database/database";
import { AdministrationRefused, type Operator } from "./administration";
import { recordEvent } from "./audit";
import { wakeMailWorker } from "./mail-worker";
import { requeueMail } from "./outbox";

/**
 * Sends a mail again that the mail server refused, or that could not be sent in time: a message, a security mail or an
 * invitation. Others signed somebody in, and have been erased.
 * @throws {AdministrationRefused} `unknown-mail` or `not-resendable`
 */
export async function resendMail({ id: actor, client }: Operator, mailId: string): Promise<void> {
  await database().$transaction(async (transaction) => {
    const isQueued = await requeueMail(transaction, mailId);
    const mail = await transaction.mail.findUnique({ where: { id: mailId } });
    if (!mail) throw new AdministrationRefused("unknown-mail");
    if (!isQueued) throw new AdministrationRefused("not-resendable");
    const { recipient: email, template } = mail;
    const user = await transaction.user.findUnique({ where: { email }, select: { id: true } });
    await recordEvent(transaction, {
      type: "user_updated",
      userId: user?.id ?? null,
      actor,
      client,
      details: { act: "mail-resent", template },
    });
  });
  wakeMailWorker();
}

/**
 * Sends all again that the mail server refused and that can be.
 * @returns how many
 */
export async function resendRefusedMails(operator: Operator): Promise<number> {
  const refused = { state: "refused", sealedContent: { not: null }, expiresAt: { gt: new Date() } };
  const mails = await database().mail.findMany({ where: refused, select: { id: true } });
  for (const { id } of mails) await resendMail(operator, id);
  return mails.length;
}
