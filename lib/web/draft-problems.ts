import { getTranslations } from "next-intl/server";
import { highestPace } from "@/lib/domain/mailings";
import { longestLabel, longestSubject, longestText, longestUrl } from "@/lib/domain/message";
import { checkDraft, type DraftFields, type DraftProblem } from "@/lib/domain/message-drafts";

const longest: Record<DraftProblem, number> = {
  subject: longestSubject,
  text: longestText,
  label: longestLabel,
  url: longestUrl,
  perMinute: highestPace,
};

/** What is wrong with a message that somebody writes, by field, in words; nothing when it can be sent. */
export async function describeDraftProblems(
  fields: DraftFields,
): Promise<Partial<Record<DraftProblem, string>>> {
  const checked = checkDraft(fields);
  if (!Array.isArray(checked)) return {};
  const t = await getTranslations("admin.message.problem");
  return Object.fromEntries(
    checked.map((problem) => [problem, t(problem, { longest: longest[problem] })]),
  );
}
