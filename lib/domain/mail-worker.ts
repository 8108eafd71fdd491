import type { RenderedMail } from "@/emails/letter";
import type { About } from "@/emails/mails";
import type { Mail } from "@/lib/platform/database/client/client";
import { database } from "@/lib/platform/database/database";
import { seconds } from "@/lib/platform/duration";
import { environment } from "@/lib/platform/environment";
import { log } from "@/lib/platform/log";
import { captured, type Delivery, deliverMail } from "@/lib/platform/mail";
import { metrics } from "@/lib/platform/metrics";
import { processWide } from "@/lib/platform/process-wide";
import { atShutdown } from "@/lib/platform/shutdown";
import { undoToken } from "./address-change";
import { describeDevice } from "./device";
import { mailStopToken } from "./mail-stop";
import { type Message, messageOf } from "./message";
import {
  claimDueMails,
  claimRenewal,
  type MailContent,
  readMailContent,
  recordDelivery,
  renewClaim,
} from "./outbox";
import { noticeToken } from "./security-mail";

/** How many mails are on their way at once: one slow answer does not hold up the others. */
const concurrency = 10;
/** How many of them may be mails that nobody waits for: however slow a mailing goes, a sign-in finds room. */
const patientConcurrency = 5;

const worker = processWide<{ wake?: () => void }>("mail-worker", () => ({}));

/** Sends what is queued, from now on until the process ends. Starting it twice starts it once. */
export function startMailWorker(): void {
  if (worker.wake) return;
  const { look, stop } = openQueue();
  worker.wake = () => void look();
  setInterval(look, seconds(1)).unref();
  // The first mail need not wait for it either.
  setTimeout(loadTemplates, seconds(1)).unref();
  // What a server has taken and nobody has written down would be sent again.
  atShutdown(stop);
}

/** Where no worker lives: what is done instead when a mail has been queued. */
export function onQueuedMail(act: () => void): void {
  worker.wake = act;
}

/** Has what was just queued sent now instead of within a second. Harmless where nobody sends. */
export function wakeMailWorker(): void {
  worker.wake?.();
}

/**
 * Sends what is due, and what becomes due meanwhile, until there is none.
 * @param isOver whether to begin with no more; what is under way is finished
 */
export async function sendDueMails(isOver = () => false): Promise<void> {
  const { look, underWay, stop } = openQueue();
  await look();
  while (underWay.size > 0 && !isOver()) {
    await Promise.race([...underWay.values()].map(({ sending }) => sending));
    await look();
  }
  await stop();
}

/** The queue as one sender sees it: `look` begins with as many mails as there is room for, and with the next when one is done. */
function openQueue() {
  const underWay = new Map<string, { canWait: boolean; sending: Promise<void> }>();
  let looking: Promise<void> | undefined;
  let isStopped = false;
  const begin = async () => {
    try {
      const patient = [...underWay.values()].filter(({ canWait }) => canWait).length;
      const claimed = await claimDueMails(
        concurrency - underWay.size,
        [...underWay.keys()],
        patientConcurrency - patient,
      );
      for (const mail of claimed) {
        const sending = send(mail).finally(() => {
          underWay.delete(mail.id);
          void look();
        });
        underWay.set(mail.id, { canWait: mail.canWait, sending });
      }
    } catch (error) {
      log().error({ err: error }, "the mail queue could not be read");
    }
  };
  const look = async (): Promise<void> => {
    if (isStopped || underWay.size >= concurrency) return;
    looking ??= begin().finally(() => {
      looking = undefined;
    });
    await looking;
  };
  const stop = async () => {
    isStopped = true;
    await looking;
    await Promise.all([...underWay.values()].map(({ sending }) => sending));
  };
  return { underWay, look, stop };
}

async function send(mail: Mail): Promise<void> {
  const renewal = setInterval(() => void renewClaim(mail).catch(noteFault(mail)), claimRenewal);
  try {
    const delivery = await attempt(mail);
    await recordDelivery(mail, delivery);
    metrics.mailAttempts.inc({ outcome: delivery.outcome });
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
  // The mailbox draws it when somebody looks, who may do so at once.
  if (environment().localMailbox) return captured;
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

/** What draws mails takes longer to load than all else, and a start does not wait for it. */
const loadTemplates = () => import("@/emails/mails");

/** A stored mail as the recipient reads it. */
export async function renderMail(mail: Mail): Promise<RenderedMail> {
  const templates = await loadTemplates();
  const content = readMailContent(mail);
  const { siteName } = environment();
  const { recipient, expiresAt } = mail;
  if (content.template === "message")
    return await renderMessage(content.message ?? (await readMailingMessage(mail)), recipient);
  if (content.template === "invitation")
    return await templates.renderInvitationMail({
      siteName,
      recipient,
      link: invitationLink(recipient),
    });
  const about = aboutOf(mail, content);
  const stopLink = link("/stop-mails", mailStopToken(mail.signInRequestId ?? ""));
  switch (content.template) {
    case "sign-in":
    case "step-up": {
      const secrets = { link: link("/confirm", content.linkToken), code: content.code, expiresAt };
      if (content.template === "sign-in")
        return await templates.renderSignInMail({ ...about, ...secrets, stopLink });
      const sessionsLink = link("/account/sessions");
      return await templates.renderStepUpMail({
        ...about,
        ...secrets,
        act: content.act,
        sessionsLink,
      });
    }
    case "no-account":
      return await templates.renderNoAccountMail({
        ...about,
        isReserved: content.isReserved,
        stopLink,
      });
    case "address-change":
      return await templates.renderAddressChangeMail({
        ...about,
        link: link("/account/email/confirm", content.linkToken),
        code: content.code,
        formerEmail: content.formerEmail,
        expiresAt,
      });
    case "address-taken":
      return await templates.renderAddressTakenMail(about);
    case "security": {
      const { notice, noticeId, addressChangeId, newEmail } = content;
      const undoLink = addressChangeId && link("/undo-address", undoToken(addressChangeId));
      const notMeLink = link("/not-me", noticeToken(noticeId));
      return await templates.renderSecurityMail({
        ...about,
        notice,
        notMeLink,
        undoLink,
        newEmail,
      });
    }
    case "account-deleted":
      return await templates.renderAccountDeletedMail({
        ...about,
        isByAdministrator: content.isByAdministrator,
      });
  }
}

function aboutOf(mail: Mail, content: Extract<MailContent, { userAgent: string }>): About {
  return {
    siteName: environment().siteName,
    recipient: mail.recipient,
    device: describeDevice(content.userAgent),
    networkAddress: content.networkAddress,
    at: new Date(content.askedAt),
    timeZone: content.timeZone ?? "UTC",
  };
}

/** A message as its recipient reads it. */
export async function renderMessage(message: Message, recipient: string): Promise<RenderedMail> {
  const { renderMessageMail } = await loadTemplates();
  return await renderMessageMail({ siteName: environment().siteName, recipient, ...message });
}

/** What one of many says. */
async function readMailingMessage({ id, mailingId }: Mail): Promise<Message> {
  const mailing = mailingId && (await database().mailing.findUnique({ where: { id: mailingId } }));
  if (!mailing) throw new Error(`The mailing of mail ${id} is gone`);
  return messageOf(mailing);
}

function invitationLink(recipient: string): string {
  const url = new URL("/sign-in", environment().siteUrl);
  url.searchParams.set("email", recipient);
  return url.href;
}

function link(path: string, token?: string): string {
  const url = new URL(path, environment().siteUrl);
  if (token) url.searchParams.set("token", token);
  return url.href;
}
