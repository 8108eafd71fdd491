import { z } from "zod";
import { database } from "@/lib/platform/database/database";
import { days } from "@/lib/platform/duration";
import { seal, unseal } from "@/lib/platform/secrets";
import type { Operator } from "./administration";
import { storeMessage } from "./email-user";
import { wakeMailWorker } from "./mail-worker";
import { isPace, requireAudience, storeMailing, usualPace } from "./mailings";
import {
  checkMessage,
  InvalidMessage,
  type Message,
  type MessageProblem,
  messageProblems,
} from "./message";
import { userFilters } from "./user-search";

/** How long what has not been sent is kept. */
const lifetime = days(1);

/** The form of a message as it was typed, whatever is wrong with it. */
export const draftFields = z.object({
  subject: z.string().default(""),
  text: z.string().default(""),
  label: z.string().default(""),
  url: z.string().default(""),
  /** The id of the account that it is for; empty when it is for those whom search and filter find. */
  to: z.string().default(""),
  search: z.string().default(""),
  filter: z.enum(userFilters).default("all"),
  perMinute: z.string().default(String(usualPace)),
});
export type DraftFields = z.infer<typeof draftFields>;

export const draftProblems = [...messageProblems, "perMinute"] as const;
export type DraftProblem = MessageProblem | "perMinute";

export const emptyDraft = draftFields.parse({});

/** Keeps what an administrator writes, until it has been looked at and sent. @returns its id */
export async function saveDraft(userId: string, fields: DraftFields): Promise<string> {
  const sealedFields = seal("message draft", JSON.stringify(fields));
  const expiresAt = new Date(Date.now() + lifetime);
  return (await database().messageDraft.create({ data: { userId, sealedFields, expiresAt } })).id;
}

/** What this administrator has written; nobody else's can be seen. */
export async function findDraft(userId: string, id: string): Promise<DraftFields | null> {
  const draft = await database().messageDraft.findFirst({
    where: { id, userId, expiresAt: { gt: new Date() } },
  });
  return draft && draftFields.parse(JSON.parse(unseal("message draft", draft.sealedFields)));
}

/** The message of a draft, or what is wrong with it. */
export function checkDraft(fields: DraftFields): Message | DraftProblem[] {
  const { subject, text, label, url, to, perMinute } = fields;
  const button = label || url ? { label, url } : null;
  const problems: DraftProblem[] = to || isPace(Number(perMinute)) ? [] : ["perMinute"];
  try {
    const message = checkMessage({ subject, text, button });
    return problems.length > 0 ? problems : message;
  } catch (error) {
    if (error instanceof InvalidMessage) return [...error.problems, ...problems];
    throw error;
  }
}

/**
 * Sends a draft, once, however often its button is pressed.
 * @returns the id of the mailing that it began, or of the account that it went to; null when it has been sent already,
 *   is too old, is somebody else's, or cannot be sent as it is
 * @throws {AdministrationRefused}
 */
export async function sendDraft(
  operator: Operator,
  id: string,
): Promise<{ mailing: string } | { to: string } | null> {
  const fields = await findDraft(operator.id, id);
  if (!fields) return null;
  const message = checkDraft(fields);
  if (Array.isArray(message)) return null;
  const { to, search, filter } = fields;
  const perMinute = Number(fields.perMinute);
  const audience = { search, filter };
  const total = to ? 1 : await requireAudience(audience, perMinute);
  const sent = await database().$transaction(async (transaction) => {
    const { count } = await transaction.messageDraft.deleteMany({
      where: { id, userId: operator.id },
    });
    if (count !== 1) return null;
    if (to) {
      await storeMessage(transaction, operator, to, message);
      return { to };
    }
    const mailing = await storeMailing(transaction, operator, message, audience, perMinute, total);
    return { mailing };
  });
  wakeMailWorker();
  return sent;
}
