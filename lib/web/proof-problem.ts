import { getTranslations } from "next-intl/server";
import { describeDevice } from "@/lib/domain/device";
import { type ProofProblem, proofProblems } from "@/lib/domain/sign-in-proof";
import type { Ending } from "@/lib/domain/sign-in-state";
import { readDigit, readQuery, readTime, type SearchParams } from "./query";

/** What `answerSignIn` wrote into the address of a form's page; undefined when nothing went wrong. */
export async function readProofProblem(
  searchParams: SearchParams,
): Promise<ProofProblem | undefined> {
  const query = await readQuery(searchParams);
  const problem = proofProblems.find((known) => known === query.problem);
  if (!problem) return undefined;
  return {
    problem,
    triesLeft: readDigit(query.left),
    retryAt: readTime(query.until),
  };
}

/** Why nobody was signed in, and what to do. */
export async function describeProofProblem(problem: ProofProblem): Promise<string> {
  if (problem.ending) return await describeEnding(problem.ending);
  const t = await getTranslations("proof.problem");
  return t(problem.problem, {
    triesLeft: problem.triesLeft ?? 0,
    retryAt: problem.retryAt ?? new Date(),
  });
}

/** When, where and why a mail stopped working, for the browser that asked for it. */
export async function describeEnding(ending: Ending): Promise<string> {
  const t = await getTranslations("proof.ending");
  switch (ending.problem) {
    case "used":
      return t("used", { usedAt: ending.usedAt, device: await deviceName(ending.userAgent) });
    case "replaced": {
      if (!ending.by) return t("replacedElsewhere");
      const { askedAt, usedAt, userAgent, isNewer } = ending.by;
      const device = await deviceName(userAgent);
      return t(isNewer ? "replacedByNewer" : "replacedByOlder", { askedAt, usedAt, device });
    }
    case "expired":
      return ending.newerAskedAt
        ? t("expiredWithNewer", { askedAt: ending.newerAskedAt })
        : t("expired");
  }
}

async function deviceName(userAgent: string): Promise<string> {
  const t = await getTranslations("device");
  const device = describeDevice(userAgent);
  return t("name", { browser: device?.browser ?? "none", system: device?.system ?? "none" });
}
