import { z } from "zod";
import { database } from "@/lib/platform/database/database";
import { inTransaction } from "@/lib/platform/database/transaction";
import { days } from "@/lib/platform/duration";
import { seal, unseal } from "@/lib/platform/secrets";
import { AdministrationRefused, findUser, type Operator } from "./administration";
import { storeMessage } from "./email-user";
import { wakeMailWorker } from "./mail-worker";
import { isPace, requireAudience, storeMailing, usualPace } from "./mailings";
import {
  checkMessage,
  InvalidMessage,
  longestLabel,
  longestSubject,
  longestTypedText,
  longestUrl,
  type Message,
  type MessageProblem,
  messageProblems,
} from "./message";
import { longestSearch, userFilters } from "./user-search";

/** How long what has not been sent is kept. */
const lifetime = days(1);
/** Of one author; the newest take the place of the others. */
const mostDrafts = 20;

/** The form of a message as it was typed, whatever is wrong with it. What is a bit too long is kept, too, to be mended. */
export const draftFields = z.object({
  subject: typed(2 * longestSubject),
  text: typed(longestTypedText),
  label: typed(2 * longestLabel),
  url: typed(2 * longestUrl),
  /** The id or the address of the account that it is for; empty when it is for those whom search and filter find. */
  to: typed(2 * longestSearch),
  search: typed(2 * longestSearch),
  filter: z.enum(userFilters).default("all"),
  perMinute: typed(20, String(usualPace)),
});
export type DraftFields = z.infer<typeof draftFields>;

function typed(longest: number, otherwise = "") {
  return z.string().max(longest).default(otherwise);
}

export const draftProblems = [...messageProblems, "perMinute"] as const;
export type DraftProblem = MessageProblem | "perMinute";

export const emptyDraft = draftFields.parse({});

/** Whether it says whom it is for: everybody is a choice, and not what is left when somebody forgets to choose. */
export function hasRecipients({ to, search, filter }: Record<string, unknown>): boolean {
  return [to, search].some((text) => typeof text === "string" && text.trim()) || Boolean(filter);
}

/**
 * Keeps what an administrator writes, until it has been looked at and sent.
 * @returns its id
 * @throws {AdministrationRefused} `unknown-user` when nobody has the id or address that it is for
 */
export async function saveDraft(userId: string, typed: DraftFields): Promise<string> {
  const fields = { ...typed, to: typed.to && (await requireId(typed.to)) };
  const sealedFields = seal("message draft", JSON.stringify(fields));
  const expiresAt = new Date(Date.now() + lifetime);
  return await inTransaction(async (transaction) => {
    const { id } = await transaction.messageDraft.create({
      data: { userId, sealedFields, expiresAt },
    });
    const older = await transaction.messageDraft.findMany({
      where: { userId, id: { not: id } },
      orderBy: { id: "desc" },
      skip: mostDrafts - 1,
      select: { id: true },
    });
    await transaction.messageDraft.deleteMany({ where: { id: { in: older.map(({ id }) => id) } } });
    return id;
  });
}

async function requireId(who: string): Promise<string> {
  const user = await findUser(who);
  if (!user) throw new AdministrationRefused("unknown-user");
  return user.id;
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
  const sent = await inTransaction(async (transaction) => {
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
