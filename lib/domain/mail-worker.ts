import { renderNoAccountMail } from "@/emails/no-account-mail";
import { renderSignInMail } from "@/emails/sign-in-mail";
import type { Mail } from "@/lib/platform/database/client/client";
import { seconds } from "@/lib/platform/duration";
import { environment } from "@/lib/platform/environment";
import { log } from "@/lib/platform/log";
import { type Delivery, deliverMail } from "@/lib/platform/mail";
import { processWide } from "@/lib/platform/process-wide";
import { atShutdown } from "@/lib/platform/shutdown";
import { describeDevice } from "./device";
import { mailStopToken } from "./mail-stop";
import { claimDueMails, claimRenewal, readMailContent, recordDelivery, renewClaim } from "./outbox";

/** How many mails are on their way at once: one slow answer does not hold up the others. */
const concurrency = 10;

const worker = processWide<{ wake?: () => void }>("mail-worker", () => ({}));

/** Sends what is queued, from now on until the process ends. Starting it twice starts it once. */
export function startMailWorker(): void {
  if (worker.wake) return;
  const underWay = new Set<Promise<void>>();
  let isLooking = false;
  let isStopped = false;
  const look = async () => {
    if (isStopped || isLooking || underWay.size >= concurrency) return;
    isLooking = true;
    try {
      for (const mail of await claimDueMails(concurrency - underWay.size)) {
        const sending = send(mail).finally(() => {
          underWay.delete(sending);
          void look();
        });
        underWay.add(sending);
      }
    } catch (error) {
      log().error({ err: error }, "the mail queue could not be read");
    } finally {
      isLooking = false;
    }
  };
  worker.wake = () => void look();
  setInterval(look, seconds(1)).unref();
  // What a server has taken and nobody has written down would be sent again.
  atShutdown(async () => {
    isStopped = true;
    await Promise.all(underWay);
  });
}

/** Lets the worker look at once instead of within a second. Harmless where none runs. */
export function wakeMailWorker(): void {
  worker.wake?.();
}

async function send(mail: Mail): Promise<void> {
  const renewal = setInterval(() => void renewClaim(mail).catch(noteFault(mail)), claimRenewal);
  try {
    const delivery = await attempt(mail);
    await recordDelivery(mail, delivery);
    log().info({ mailId: mail.id, outcome: delivery.outcome, answer: delivery.answer }, "mail");
  } catch (error) {
    // The claim runs out, and the mail is tried again.
    noteFault(mail)(error);
  } finally {
    clearInterval(renewal);
  }
}

async function attempt(mail: Mail): Promise<Delivery> {
  if (mail.expiresAt <= new Date()) return { outcome: "expired", answer: mail.serverAnswer ?? "" };
  return await deliverMail({
    messageId: `<${mail.id}@${environment().siteUrl.hostname}>`,
    recipient: mail.recipient,
    ...(await renderMail(mail)),
  });
}

function noteFault(mail: Mail) {
  return (error: unknown) =>
    log().error({ err: error, mailId: mail.id }, "a mail could not be sent");
}

/** A stored mail as the recipient reads it. */
export async function renderMail(
  mail: Mail,
): Promise<{ subject: string; text: string; html: string }> {
  const content = readMailContent(mail);
  const { siteName, siteUrl } = environment();
  const stopToken = mailStopToken(mail.signInRequestId ?? "");
  const frame = {
    siteName,
    recipient: mail.recipient,
    device: describeDevice(content.userAgent),
    networkAddress: content.networkAddress,
    askedAt: new Date(content.askedAt),
    stopLink: new URL(`/stop-mails?token=${stopToken}`, siteUrl).href,
  };
  if (content.template === "no-account") return await renderNoAccountMail(frame);
  return await renderSignInMail({
    ...frame,
    link: new URL(`/confirm?token=${content.linkToken}`, siteUrl).href,
    code: content.code,
    expiresAt: mail.expiresAt,
  });
}
