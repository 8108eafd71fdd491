import { getTranslations } from "next-intl/server";
import { readQuery, type SearchParams } from "./query";

const problems = [
  "unknown",
  "used",
  "replaced",
  "expired",
  "other-browser",
  "malformed-code",
  "wrong-code",
  "blocked",
] as const;

/** What `answerSignIn` wrote into the address of a form's page, in words; undefined when nothing went wrong. */
export async function readProofProblem(searchParams: SearchParams): Promise<string | undefined> {
  const query = await readQuery(searchParams);
  const problem = problems.find((known) => known === query.problem);
  if (!problem) return undefined;
  const t = await getTranslations("proof.problem");
  return t(problem, { triesLeft: Number.parseInt(query.left ?? "0", 10) || 0 });
}
