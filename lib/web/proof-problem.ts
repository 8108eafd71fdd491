import { getTranslations } from "next-intl/server";
import { type ProofProblem, proofProblems } from "@/lib/domain/sign-in-proof";
import { readQuery, readTime, type SearchParams } from "./query";

/** What `answerSignIn` wrote into the address of a form's page, in words; undefined when nothing went wrong. */
export async function readProofProblem(searchParams: SearchParams): Promise<string | undefined> {
  const query = await readQuery(searchParams);
  const problem = proofProblems.find((known) => known === query.problem);
  if (!problem) return undefined;
  return await describeProofProblem({
    problem,
    // Anybody can write the address: no more than a digit is believed.
    triesLeft: Number(/^\d$/.exec(query.left ?? "")?.[0] ?? 0),
    retryAt: readTime(query.until),
  });
}

/** Why a link or a code signed nobody in, and what to do. */
export async function describeProofProblem(problem: ProofProblem): Promise<string> {
  const t = await getTranslations("proof.problem");
  return t(problem.problem, {
    triesLeft: problem.triesLeft ?? 0,
    retryAt: problem.retryAt ?? new Date(),
  });
}
