import { z } from "zod";
import { peekLatestRequest } from "@/lib/domain/sign-in-state";
import { wantsJson, wantsPage } from "@/lib/web/accept";
import { answerWithJson, answerWithPage, seeOther } from "@/lib/web/answer";
import { type AskProblem, describeAskProblem } from "@/lib/web/ask-problem";
import { readBrowserCookie } from "@/lib/web/cookies";
import { handlers } from "@/lib/web/handler";
import { checkbox, readInput } from "@/lib/web/input";
import { onward } from "@/lib/web/operation";
import { Problem, retryAfter } from "@/lib/web/problem";
import { safeReturnTo } from "@/lib/web/return-to";
import { startSignIn } from "@/lib/web/sign-in";

const fields = z.object({
  // A list, or a field that came twice, asks for several mails, as a comma does.
  email: z.preprocess((email) => (Array.isArray(email) ? "," : email), z.string()).catch(""),
  next: z.string().optional().catch(undefined),
  remember: checkbox.catch(false),
  /** The page of the form, when it is another than `/sign-in`. */
  from: z.literal("check-email").optional().catch(undefined),
});
const answer = z.object({ status: z.literal("sent") });

export const { GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS } = handlers(
  {
    operation: {
      id: "startSignIn",
      summary: "Starts sign-in or sign-up: the answer is the same for both, and for every address",
      input: fields,
      answers: { 202: { description: "A mail is on its way.", body: answer }, ...onward },
      problems: [422, 429],
    },
    POST: async (request) => {
      const input = fields.parse(await readInput(request));
      const { email, next, remember } = input;
      const problem = await startSignIn(request.headers, { email, next, keepSignedIn: remember });
      if (problem) return await refuse(request, problem, input);
      return wantsJson(request.headers)
        ? answerWithJson({ status: "sent" }, 202)
        : seeOther("/check-email");
    },
  },
  "cross-origin",
);

/** Whether this browser has a page of the code to go back to. */
async function hasAsked(): Promise<boolean> {
  const browserToken = await readBrowserCookie();
  return browserToken !== undefined && (await peekLatestRequest(browserToken)) !== null;
}

/** The form again, with what was typed and what is wrong; to a program, the same as a problem. */
async function refuse(
  request: Request,
  problem: AskProblem,
  { email, next, remember, from }: z.infer<typeof fields>,
): Promise<Response> {
  const status = problem.retryAt ? 429 : 422;
  const headers = problem.retryAt ? retryAfter(problem.retryAt) : {};
  if (wantsPage(request.headers)) {
    const form = new URLSearchParams({
      problem: problem.problem,
      ...(problem.retryAt && { until: problem.retryAt.toISOString() }),
      email: email.slice(0, 320),
      next: safeReturnTo(next),
      ...(remember && { remember: "on" }),
    });
    // Back on the page of the code, which is not lost by having asked too early.
    const isAtCode = from && problem.retryAt && (await hasAsked());
    const page = isAtCode ? `/${from}` : "/sign-in";
    return await answerWithPage(request, `${page}?${form}`, status, headers);
  }
  const detail = await describeAskProblem(problem);
  const errors = [{ field: "email", code: problem.problem, detail }];
  throw new Problem(status, detail, { headers, ...(status === 422 && { errors }) });
}
