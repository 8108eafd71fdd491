import { getTranslations } from "next-intl/server";
import { emailAddressProblems } from "@/lib/domain/email-address";
import { minutes } from "@/lib/platform/duration";
import { readQuery, readTime, type SearchParams } from "./query";

const limits = ["mail-minute", "mail-hour", "mail-network", "mail-stopped"] as const;
const passkeyProblems = ["unknown-passkey", "used-passkey", "blocked"] as const;
const problems = [
  ...emailAddressProblems,
  "same",
  "other-domain",
  ...limits,
  ...passkeyProblems,
] as const;

/** Why no mail was sent, or why a passkey signed nobody in. */
export type AskProblem = {
  problem: (typeof problems)[number];
  /** After too many mails: when the next may be asked for. */
  retryAt?: Date | undefined;
};

/** The limit of the same name, as a problem to tell. */
export function limitProblem(name: string, retryAt: Date): AskProblem {
  return { problem: limits.find((limit) => limit === name) ?? "mail-network", retryAt };
}

/** What the handler wrote into the address of the form's page; undefined when nothing went wrong. */
export async function readAskProblem(
  searchParams: SearchParams,
): Promise<{ words: string; retryAt: Date | undefined; isPasskey: boolean } | undefined> {
  const query = await readQuery(searchParams);
  const problem = problems.find((known) => known === query.problem);
  if (!problem) return undefined;
  const retryAt = query.until ? readTime(query.until) : undefined;
  const isPasskey = passkeyProblems.some((known) => known === problem);
  return { words: await describeAskProblem({ problem, retryAt }), retryAt, isPasskey };
}

/** Why no mail was sent, and what to do. */
export async function describeAskProblem({
  problem,
  retryAt = new Date(),
}: AskProblem): Promise<string> {
  const t = await getTranslations("signIn.problem");
  return t(problem, { retryAt, sentAt: new Date(retryAt.getTime() - minutes(1)) });
}
