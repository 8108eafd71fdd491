import { renderMail } from "@/lib/domain/mail-worker";
import { listCapturedMails } from "@/lib/domain/outbox";
import { environment, isLoopback } from "@/lib/platform/environment";

const shown = 20;

/**
 * The newest mails of the local mailbox, or null where there is none. The `Host` must be this machine's own name:
 * otherwise a site whose name is made to point here could read the mails in a visitor's browser (DNS rebinding).
 */
export async function listMailbox(headers: Headers) {
  const host = headers.get("host") ?? "";
  if (
    !environment().localMailbox ||
    !URL.canParse(`http://${host}`) ||
    !isLoopback(new URL(`http://${host}`).hostname)
  )
    return null;
  const mails = await listCapturedMails(shown);
  return await Promise.all(
    mails.map(async (mail) => ({
      id: mail.id,
      recipient: mail.recipient,
      sentAt: mail.settledAt ?? mail.createdAt,
      ...(await renderMail(mail)),
    })),
  );
}
