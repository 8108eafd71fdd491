import { type Mail, Prisma } from "@/lib/platform/database/client/client";
import { database } from "@/lib/platform/database/database";
import { isResendable, type MailContent } from "./outbox";
import { isId } from "./time-ordered-id";

export const mailStates = ["queued", "accepted", "captured", "refused", "expired"] as const;
export type MailState = (typeof mailStates)[number];

/** What is sent, for words. */
export const mailTemplates = [
  "sign-in",
  "step-up",
  "no-account",
  "address-change",
  "address-taken",
  "security",
  "account-deleted",
  "invitation",
  "message",
] as const satisfies MailContent["template"][];

/** Which mails: those of which all of this is true. Null asks for nothing. */
export type MailFilter = {
  state: MailState | null;
  /** A canonical address. */
  recipient: string | null;
};

/** A mail without what it says. */
export type ListedMail = Pick<Mail, "id" | "template" | "recipient" | "state" | "serverAnswer"> &
  Pick<Mail, "attempts" | "nextAttemptAt" | "createdAt" | "settledAt"> & { isResendable: boolean };

export type MailPage = { mails: ListedMail[]; next: string | null };

/** So many of one state are counted, and no more: nobody waits for a number that long. */
export const mostCounted = 1000;

/**
 * A page of the outbox, the newest first. By keys, so that it costs the same among millions, and wherever it is.
 * @param after what `next` of the page before said; made up by somebody, it is the first page or some other
 */
export async function listMails(
  filter: MailFilter,
  after: string | undefined,
  limit: number,
): Promise<MailPage> {
  const found = await database().$queryRaw<Mail[]>(mailQuery(filter, after, limit + 1));
  const mails = found.slice(0, limit).map(listedFrom);
  return { mails, next: found.length > limit ? (mails.at(-1)?.id ?? null) : null };
}

/** Names what is shown: whatever else a mail comes to hold stays where it is. */
function listedFrom(mail: Mail): ListedMail {
  const { id, template, recipient, state, serverAnswer } = mail;
  const { attempts, nextAttemptAt, createdAt, settledAt } = mail;
  return {
    ...{ id, template, recipient, state, serverAnswer },
    ...{ attempts, nextAttemptAt, createdAt, settledAt },
    isResendable: isResendable(mail),
  };
}

/** What is asked of the database, answered from one index. */
export function mailQuery(
  { state, recipient }: MailFilter,
  after: string | undefined,
  limit: number,
): Prisma.Sql {
  const conditions = [
    Prisma.sql`1 = 1`,
    ...(recipient ? [Prisma.sql`"recipient" = ${recipient}`] : []),
    // An expression behind a recipient: the index to follow is that of the few mails of one address.
    ...(state
      ? [recipient ? Prisma.sql`"state" || '' = ${state}` : Prisma.sql`"state" = ${state}`]
      : []),
    ...(after && isId(after) ? [Prisma.sql`"id" < ${after}`] : []),
  ];
  return Prisma.sql`SELECT * FROM "Mail"
    WHERE ${Prisma.join(conditions, " AND ")} ORDER BY "id" DESC LIMIT ${limit}`;
}

/** How many mails there are of each state, up to `mostCounted`. */
export async function countMails(): Promise<Record<MailState, number>> {
  const counts = await Promise.all(
    mailStates.map(async (state) => {
      const [row] = await database().$queryRaw<{ count: bigint | number }[]>(countQuery(state));
      return [state, Number(row?.count ?? 0)] as const;
    }),
  );
  return Object.fromEntries(counts) as Record<MailState, number>;
}

/** Reads an index alone, and no further than the limit. */
export function countQuery(state: MailState): Prisma.Sql {
  return Prisma.sql`SELECT count(*) AS "count" FROM
    (SELECT 1 FROM "Mail" WHERE "state" = ${state} LIMIT ${mostCounted}) AS "some"`;
}
