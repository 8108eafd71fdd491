import { z } from "zod";
import type { Mailing } from "@/lib/platform/database/client/client";
import { isName, tidyName } from "./name";

/** In UTF-16 units, as forms count them. */
export const longestSubject = 150;
export const longestText = 10_000;
export const longestLabel = 60;
export const longestUrl = 2000;
/** Of a text before its line breaks are made one sign each, and its ends are tidied. */
export const longestTypedText = 3 * longestText;

const subject = line(longestSubject);

const text = z
  .string()
  .max(longestTypedText)
  .transform(tidyText)
  .refine((kept) => kept.length > 0 && kept.length <= longestText && !hasUnprintable(kept));

const button = z.object({ label: line(longestLabel), url: z.string().refine(isWebAddress) });

/** What the owner of a site writes to a user, once it has been checked. */
export const checkedMessage = z.object({ subject, text, button: button.nullable() });
export type Message = z.infer<typeof checkedMessage>;

/** What is to be sent: a subject on one line, plain text whose blank lines part paragraphs, and a button if there is one. */
export type NewMessage = {
  subject: string;
  text: string;
  button?: { label: string; url: string } | null | undefined;
};

export const messageProblems = ["subject", "text", "label", "url"] as const;
export type MessageProblem = (typeof messageProblems)[number];

const words: Record<MessageProblem, string> = {
  subject: `A subject has 1 to ${longestSubject} characters on one line, all of which can be seen.`,
  text: `A text has 1 to ${longestText} characters, and none that control a terminal.`,
  label: `A button has a label of 1 to ${longestLabel} characters on one line, all of which can be seen.`,
  url: `A button leads to an address that begins with https:// or http:// and has at most ${longestUrl} characters.`,
};

/** A message that cannot be sent as it is. */
export class InvalidMessage extends Error {
  override name = "InvalidMessage";
  constructor(readonly problems: MessageProblem[]) {
    super(problems.map((problem) => words[problem]).join(" "));
  }
}

/** @throws {InvalidMessage} */
export function checkMessage({ button = null, ...rest }: NewMessage): Message {
  const checked = checkedMessage.safeParse({ ...rest, button });
  if (checked.success) return checked.data;
  const names = checked.error.issues.map(({ path }) => path.at(-1));
  throw new InvalidMessage(messageProblems.filter((problem) => names.includes(problem)));
}

/** The message of a mailing. */
export function messageOf({ subject, text, buttonLabel, buttonUrl }: Mailing): Message {
  const button = buttonLabel && buttonUrl ? { label: buttonLabel, url: buttonUrl } : null;
  return { subject, text, button };
}

function line(longest: number) {
  return z
    .string()
    .transform(tidyName)
    .refine((kept) => isName(kept, longest));
}

/** Without blank lines at its ends; what indents its first line stays. No expression that tries each blank anew (CWE-1333). */
function tidyText(typed: string): string {
  const text = typed.replace(/\r\n?/g, "\n").trimEnd();
  return text.slice(text.lastIndexOf("\n", text.search(/\S/)) + 1);
}

/** Nothing but line breaks and tabs moves whatever shows the text; half a character cannot be sent. */
function hasUnprintable(kept: string): boolean {
  return /[\p{Cs}]|(?![\n\t])\p{Cc}/u.test(kept);
}

/** Another scheme, such as `javascript:`, is none that a mail may open. */
function isWebAddress(url: string): boolean {
  return url.length <= longestUrl && /^https?:\/\/[^\s\p{Cc}]+$/iu.test(url) && URL.canParse(url);
}
