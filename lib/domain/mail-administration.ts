import { database } from "@/lib/platform/database/database";
import { inTransaction } from "@/lib/platform/database/transaction";
import { minutes } from "@/lib/platform/duration";
import { AdministrationRefused, type Operator } from "./administration";
import { recordEvent } from "./audit";
import { wakeMailWorker } from "./mail-worker";
import { usualPace } from "./mailings";
import { requeueMails } from "./outbox";

/**
 * Sends a mail again that the mail server refused, or that could not be sent in time: a message, a security mail or an
 * invitation. Others signed somebody in, and have been erased.
 * @throws {AdministrationRefused} `unknown-mail` or `not-resendable`
 */
export async function resendMail({ id: actor, client }: Operator, mailId: string): Promise<void> {
  await inTransaction(async (transaction) => {
    const count = await requeueMails(transaction, [mailId], new Date());
    const mail = await transaction.mail.findUnique({ where: { id: mailId } });
    if (!mail) throw new AdministrationRefused("unknown-mail");
    if (count !== 1) throw new AdministrationRefused("not-resendable");
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

/** So many are due again together; the next ones, when the pace of a mailing lets them. */
const atOnce = 10;
const pause = (minutes(1) * atOnce) / usualPace;

/**
 * Sends all again that the mail server refused and that can be: a few at a time, because it may have refused them for
 * being many.
 * @returns how many
 */
export async function resendRefusedMails({ id: actor, client }: Operator): Promise<number> {
  const refused = { state: "refused", sealedContent: { not: null }, expiresAt: { gt: new Date() } };
  const mails = await database().mail.findMany({
    where: refused,
    orderBy: { id: "asc" },
    select: { id: true },
  });
  const ids = mails.map(({ id }) => id);
  const begunAt = Date.now();
  const count = await inTransaction(async (transaction) => {
    let count = 0;
    for (let first = 0; first < ids.length; first += atOnce) {
      const at = new Date(begunAt + (first / atOnce) * pause);
      count += await requeueMails(transaction, ids.slice(first, first + atOnce), at);
    }
    const details = { act: "mail-resent", mails: count };
    if (count > 0)
      await recordEvent(transaction, {
        type: "user_updated",
        userId: null,
        actor,
        client,
        details,
      });
    return count;
  });
  wakeMailWorker();
  return count;
}
