import type { Transaction } from "@/lib/platform/database/database";
import { inTransaction } from "@/lib/platform/database/transaction";
import { days } from "@/lib/platform/duration";
import { AdministrationRefused, type Operator } from "./administration";
import { recordEvent } from "./audit";
import { holdAccount } from "./hold";
import { wakeMailWorker } from "./mail-worker";
import { checkMessage, type Message, type NewMessage } from "./message";
import { queueMail } from "./outbox";

/** How long a message is tried: its reader should get it even when the mail server was away for days. */
export const messageLifetime = days(7);

/**
 * Writes to a user, in the frame of the site's mails. Blocked users get it, too: it may say why.
 * @param author who writes: an administrator, the shell, or the site itself
 * @returns the id of the mail, which waits to be sent
 * @throws {InvalidMessage} before anything is stored
 * @throws {AdministrationRefused} `unknown-user`
 */
export async function emailUser(
  author: Operator,
  userId: string,
  message: NewMessage,
): Promise<string> {
  const checked = checkMessage(message);
  const id = await inTransaction((transaction) =>
    storeMessage(transaction, author, userId, checked),
  );
  wakeMailWorker();
  return id;
}

/** In the transaction of what else belongs to it. */
export async function storeMessage(
  transaction: Transaction,
  { id: actor, client }: Operator,
  userId: string,
  message: Message,
): Promise<string> {
  if (!(await holdAccount(transaction, userId))) throw new AdministrationRefused("unknown-user");
  const { email } = await transaction.user.findUniqueOrThrow({ where: { id: userId } });
  const { subject } = message;
  const details = { act: "mailed", subject };
  await recordEvent(transaction, { type: "user_updated", userId, actor, client, details });
  return await queueMail(transaction, {
    userId,
    recipient: email,
    expiresAt: new Date(Date.now() + messageLifetime),
    content: { template: "message", message },
  });
}
