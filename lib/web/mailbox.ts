import { renderMail } from "@/lib/domain/mail-worker";
import { listCapturedMails } from "@/lib/domain/outbox";
import { environment, isLoopback } from "@/lib/platform/environment";
import { requestContext } from "@/lib/platform/request-context";

const shown = 20;

/** The newest mails of the local mailbox, or null where there is none for this visitor. */
export async function listMailbox(headers: Headers) {
  if (!environment().localMailbox || !isFromThisMachine(headers)) return null;
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

/**
 * The `Host` must be this machine's own name: otherwise a site whose name is made to point here could read the mails in
 * a visitor's browser (DNS rebinding). And no proxy may have passed it on: behind one, everybody seems to be here.
 */
function isFromThisMachine(headers: Headers): boolean {
  const address = `http://${headers.get("host") ?? ""}`;
  return (
    URL.canParse(address) &&
    isLoopback(new URL(address).hostname) &&
    requestContext()?.isForwarded !== true
  );
}
