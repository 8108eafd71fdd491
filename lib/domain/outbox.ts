import { z } from "zod";
import type { Mail, Prisma } from "@/lib/platform/database/client/client";
import { database, type Transaction } from "@/lib/platform/database/database";
import { days, seconds } from "@/lib/platform/duration";
import type { Delivery } from "@/lib/platform/mail";
import { seal, unseal } from "@/lib/platform/secrets";
import { checkedMessage } from "./message";

/** What needs a recent sign-in. */
const sensitiveActs = [
  "change-address",
  "export",
  "delete",
  "add-factor",
  "remove-factor",
  "recovery-codes",
  "administer",
  "other",
] as const;
export type SensitiveAct = (typeof sensitiveActs)[number];

/** The browser that asked for a mail. */
const asker = {
  userAgent: z.string(),
  networkAddress: z.string(),
  /** Absent in mails that an older version of the site has left. */
  timeZone: z.string().nullable().default(null),
  askedAt: z.iso.datetime(),
};

/** What a mail says, by template. Stored encrypted, because it holds secrets. */
const mailContent = z.discriminatedUnion("template", [
  z.object({
    template: z.literal("sign-in"),
    linkToken: z.string(),
    code: z.string(),
    ...asker,
  }),
  z.object({
    template: z.literal("step-up"),
    linkToken: z.string(),
    code: z.string(),
    /** What the person wanted to do. */
    act: z.enum(sensitiveActs),
    ...asker,
  }),
  z.object({
    template: z.literal("no-account"),
    /** Whether it was an account's until lately, and can be again. */
    isReserved: z.boolean().default(false),
    ...asker,
  }),
  z.object({
    template: z.literal("address-change"),
    linkToken: z.string(),
    code: z.string(),
    formerEmail: z.string(),
    ...asker,
  }),
  z.object({ template: z.literal("address-taken"), ...asker }),
  z.object({
    template: z.literal("security"),
    notice: z.enum([
      "new-device",
      "address-changed",
      "address-restored",
      "address-undone",
      "app-added",
      "app-replaced",
      "app-removed",
      "passkey-added",
      "passkey-removed",
      "recovery-codes-renewed",
      "recovery-code-used",
      "factor-paused",
      "factor-disabled",
      "blocked",
      "unblocked",
      "scopes-changed",
      "sessions-ended",
    ]),
    /** What "this wasn't me" ends. */
    noticeId: z.string(),
    /** After a change of address: what undoes it, and the new one. */
    addressChangeId: z.string().nullable(),
    newEmail: z.string().nullable(),
    ...asker,
  }),
  z.object({
    template: z.literal("account-deleted"),
    isByAdministrator: z.boolean().default(false),
    ...asker,
  }),
  z.object({ template: z.literal("invitation") }),
  /** Without words of its own when it is one of many: its mailing has them. */
  z.object({ template: z.literal("message"), message: checkedMessage.nullable() }),
]);
export type MailContent = z.infer<typeof mailContent>;

/** What can be sent again when it has been given up: it signs nobody in. */
const resendable: string[] = [
  "security",
  "invitation",
  "message",
] satisfies MailContent["template"][];
/** For so long. */
const resendableFor = days(7);

/** Nobody sits and waits for these: they let the others go first. */
const patient: string[] = ["invitation", "message"] satisfies MailContent["template"][];

/** How long a claim holds unless it is renewed. After that the process that made it is held for dead, and another may try. */
const claimLifetime = seconds(20);
/** How often a process that is still at it renews its claim. */
export const claimRenewal = seconds(5);

type NewMail = {
  recipient: string;
  expiresAt: Date;
  content: MailContent;
  signInRequestId?: string;
  /** Whose account an invitation, a message or a security mail is about: it goes with the account. */
  userId?: string;
  /** The mailing that it is one of. */
  mailingId?: string;
};

/**
 * Stores a mail in the transaction of the act that it belongs to, so that neither is without the other.
 * @returns its id
 */
export async function queueMail(transaction: Transaction, mail: NewMail): Promise<string> {
  return (await transaction.mail.create({ data: rowOf(mail) })).id;
}

/** Stores many at once. */
export async function queueMails(transaction: Transaction, mails: NewMail[]): Promise<void> {
  await transaction.mail.createMany({ data: mails.map(rowOf) });
}

function rowOf({ content, ...rest }: NewMail): Prisma.MailUncheckedCreateInput {
  return {
    ...rest,
    template: content.template,
    canWait: patient.includes(content.template),
    sealedContent: seal("mail content", JSON.stringify(content)),
  };
}

/** Takes back what has not gone out yet: what it carries is dead. */
export async function cancelMailsTo(
  transaction: Transaction,
  recipients: string[],
  templates: MailContent["template"][],
): Promise<void> {
  await cancel(transaction, { recipient: { in: recipients }, template: { in: templates } });
}

/** The same of a mailing that nobody is to get any more. */
export async function cancelMailsOf(transaction: Transaction, mailingId: string): Promise<void> {
  await cancel(transaction, { mailingId });
}

async function cancel(transaction: Transaction, which: Prisma.MailWhereInput): Promise<void> {
  await transaction.mail.updateMany({
    where: { ...which, state: "queued" },
    data: { state: "expired", sealedContent: null, settledAt: new Date() },
  });
}

/**
 * Claims mails that are due, each by one conditional write: of several processes one sends it. Those that somebody waits
 * for come first.
 * @param limit how many at most
 * @param underWay the ids of those that this process is at: a clock that jumps does not make them due
 * @param patientLimit how many at most of those that can wait
 */
export async function claimDueMails(
  limit: number,
  underWay: string[] = [],
  patientLimit = limit,
): Promise<Mail[]> {
  const now = new Date();
  const list = async (canWait: boolean, take: number) =>
    await database().mail.findMany({
      where: { state: "queued", canWait, nextAttemptAt: { lte: now }, id: { notIn: underWay } },
      orderBy: { nextAttemptAt: "asc" },
      take,
    });
  const due = await list(false, limit);
  const room = Math.min(limit - due.length, patientLimit);
  if (room > 0) due.push(...(await list(true, room)));
  const claimed: Mail[] = [];
  for (const mail of due) {
    const { count } = await database().mail.updateMany({
      where: { id: mail.id, state: "queued", nextAttemptAt: mail.nextAttemptAt },
      data: { attempts: { increment: 1 }, nextAttemptAt: new Date(now.getTime() + claimLifetime) },
    });
    if (count === 1) claimed.push({ ...mail, attempts: mail.attempts + 1 });
  }
  return claimed;
}

/** When the next mail that somebody waits for is due, or null when none waits. */
export async function findNextAttempt(): Promise<Date | null> {
  const next = await database().mail.findFirst({
    where: { state: "queued", canWait: false },
    orderBy: { nextAttemptAt: "asc" },
    select: { nextAttemptAt: true },
  });
  return next?.nextAttemptAt ?? null;
}

/** Says that the attempt is still under way, however slow the mail server is. */
export async function renewClaim(mail: Mail): Promise<void> {
  await update(mail, { nextAttemptAt: new Date(Date.now() + claimLifetime) });
}

/** Records what came of an attempt. What a mail carried is erased as soon as it is of no more use. */
export async function recordDelivery(mail: Mail, delivery: Delivery): Promise<void> {
  const settled = { settledAt: new Date(), serverAnswer: delivery.answer };
  switch (delivery.outcome) {
    case "accepted":
      // Also when this attempt was held for dead, or the mail was taken back meanwhile: what a server has taken has been
      // sent, and must not be sent again.
      await database().mail.updateMany({
        where: { id: mail.id, state: { in: ["queued", "refused", "expired"] } },
        data: { state: "accepted", sealedContent: null, ...settled },
      });
      if (mail.template === "account-deleted") await forget(mail);
      return;
    case "refused":
    case "expired":
      if (mail.template === "account-deleted") return await forget(mail);
      return await update(mail, { state: delivery.outcome, ...settled, ...keptOf(mail) });
    case "captured":
      return await update(mail, { state: "captured", ...settled });
    case "deferred":
      return await update(mail, {
        nextAttemptAt: nextAttempt(mail),
        serverAnswer: delivery.answer,
      });
  }
}

/** What is left of a mail that has been given up. */
function keptOf({ template }: Mail): Prisma.MailUpdateManyMutationInput {
  return resendable.includes(template)
    ? { expiresAt: new Date(Date.now() + resendableFor) }
    : { sealedContent: null };
}

/** Whether a mail has been given up and can be sent again. */
export function isResendable({ state, sealedContent, expiresAt }: Mail): boolean {
  return ["refused", "expired"].includes(state) && sealedContent !== null && expiresAt > new Date();
}

/**
 * Puts mails that have been given up back into the queue, each once, however often it is asked for at the same time. Their
 * attempts are counted on: what a former one says too late must not be taken for a new one's.
 * @param at when to try them
 * @returns how many could be sent again
 */
export async function requeueMails(
  transaction: Transaction,
  ids: string[],
  at: Date,
): Promise<number> {
  const { count } = await transaction.mail.updateMany({
    where: {
      id: { in: ids },
      state: { in: ["refused", "expired"] },
      sealedContent: { not: null },
      expiresAt: { gt: new Date() },
    },
    data: {
      state: "queued",
      nextAttemptAt: at,
      expiresAt: new Date(at.getTime() + resendableFor),
      settledAt: null,
    },
  });
  return count;
}

/** The last mail of an account leaves nothing behind that names its person. */
async function forget(mail: Mail): Promise<void> {
  await database().mail.deleteMany({ where: { id: mail.id } });
}

/** Changes a mail that is still this attempt's: one that was held for dead has nothing more to say. */
async function update(mail: Mail, data: Prisma.MailUpdateManyMutationInput): Promise<void> {
  await database().mail.updateMany({
    where: { id: mail.id, state: "queued", attempts: mail.attempts },
    data,
  });
}

/**
 * Pauses of 2, 4, 8, 16 and then 20 seconds: soon after the server is back, every mail is on its way. What can wait is
 * tried once a minute in the end: it may be many, and the server may be refusing them because they are.
 */
function nextAttempt({ attempts, canWait }: Mail): Date {
  return new Date(Date.now() + Math.min(seconds(2 ** attempts), seconds(canWait ? 60 : 20)));
}

/** The newest mails that the local mailbox caught. */
export async function listCapturedMails(limit: number): Promise<Mail[]> {
  return await database().mail.findMany({
    where: { state: "captured", expiresAt: { gt: new Date() } },
    orderBy: { createdAt: "desc" },
    take: limit,
  });
}

/** @throws when the content cannot be decrypted, or is not what this version writes */
export function readMailContent(mail: Mail): MailContent {
  if (!mail.sealedContent) throw new Error(`The content of mail ${mail.id} has been erased`);
  return mailContent.parse(JSON.parse(unseal("mail content", mail.sealedContent)));
}
