import { getTranslations } from "next-intl/server";
import { type FactorProblem, factorProblems } from "@/lib/domain/factor-proof";
import { longestPasskeyName } from "@/lib/domain/passkeys";
import type { SignInRefused } from "@/lib/domain/redemption";
import { refuseForm } from "./form-problem";
import { readDigit, readQuery, readTime, type SearchParams } from "./query";

const problems = [
  ...factorProblems,
  "used-passkey",
  "attempt-over",
  "ended",
  "blocked",
  "no-account",
  "other-browser",
  "used",
  "wrong-new-code",
  "wrong-new-passkey",
  "required",
  "name",
  "no-factor",
  "unknown",
] as const;

type Told = Omit<FactorProblem, "problem"> & { problem: (typeof problems)[number] };
/** Every reason why nobody is signed in has its words here. */
type Refusal = Told | { problem: SignInRefused["reason"] };

/** Back to the page of the form, which says what is wrong with a second factor; to a program, a problem. */
export async function refuseFactor(
  request: Request,
  page: string,
  refusal: Refusal,
  kept: Record<string, string> = {},
): Promise<Response> {
  const { problem, triesLeft, retryAt }: Told = refusal;
  return refuseForm(request, page, {
    field: problem.endsWith("passkey") ? "passkey" : "code",
    code: problem,
    detail: await describeFactorProblem(refusal),
    retryAt,
    kept: { ...kept, ...(triesLeft !== undefined && { left: String(triesLeft) }) },
  });
}

/** What went wrong, in words, and in which form. */
export type ShownProblem = { words: string; form: "code" | "passkey" | "recovery" };

/** What `refuseFactor` wrote into the address of the page; undefined when nothing went wrong. */
export async function readFactorProblem(
  searchParams: SearchParams,
): Promise<ShownProblem | undefined> {
  const query = await readQuery(searchParams);
  const problem = problems.find((known) => known === query.problem);
  if (!problem) return undefined;
  const [triesLeft, retryAt] = [readDigit(query.left), readTime(query.until)];
  const words = await describeFactorProblem({ problem, triesLeft, retryAt });
  if (problem.endsWith("passkey")) return { words, form: "passkey" };
  return { words, form: query.by === "recovery" ? "recovery" : "code" };
}

async function describeFactorProblem({ problem, triesLeft, retryAt }: Told): Promise<string> {
  const t = await getTranslations("twoFactor.problem");
  return t(problem, {
    triesLeft: triesLeft ?? 0,
    // Told in minutes: whoever comes at that minute is not too early.
    retryAt: nextMinute(retryAt ?? new Date()),
    longest: longestPasskeyName,
  });
}

function nextMinute(time: Date): Date {
  return new Date(Math.ceil(time.getTime() / 60_000) * 60_000);
}
