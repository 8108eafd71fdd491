import { wantsPage } from "./accept";
import { seeOther } from "./answer";
import { Problem, retryAfter } from "./problem";

type FormProblem = {
  field: string;
  code: string;
  /** What to do about it, in words. */
  detail: string;
  /** After too much of it: when the next may be tried. */
  retryAt?: Date | undefined;
  /** What the page of the form shows again. */
  kept?: Record<string, string>;
};

/**
 * A form that is sent back: a person sees its page again, with what was typed; a program gets the problem.
 * @throws {Problem} 422 or 429, for a program
 */
export function refuseForm(request: Request, page: string, problem: FormProblem): Response {
  const { field, code, detail, retryAt, kept = {} } = problem;
  if (wantsPage(request.headers)) {
    const query = new URLSearchParams({ problem: code, ...kept });
    if (retryAt) query.set("until", retryAt.toISOString());
    return seeOther(`${page}?${query}`);
  }
  if (retryAt) throw new Problem(429, detail, { headers: retryAfter(retryAt) });
  throw new Problem(422, detail, { errors: [{ field, code, detail }] });
}
