import { z } from "zod";
import { hasSecondFactor } from "@/lib/domain/second-factor";
import { signedInAct } from "@/lib/web/account-handler";
import { answerDone } from "@/lib/web/answer";
import { describeAskProblem } from "@/lib/web/ask-problem";
import { refuseForm } from "@/lib/web/form-problem";
import { handlers } from "@/lib/web/handler";
import { done } from "@/lib/web/operation";
import { findPausedAct, kindOf } from "@/lib/web/paused-act";
import { safeReturnTo } from "@/lib/web/return-to";
import { answerEntered, entered, startSignIn, whereTo } from "@/lib/web/sign-in";
import { factorFields, passStepUp } from "@/lib/web/two-factor";

const page = "/step-up";
const fields = z.object({
  next: z.string().optional().catch(undefined),
  /** The page of the form, when it is another than `/step-up`. */
  from: z.literal("check-email").optional().catch(undefined),
});

export const { GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS } = handlers({
  operation: {
    id: "stepUp",
    summary:
      "Asks somebody who is signed in once more who they are: for their second factor, or by mail when they have none",
    input: fields.extend(factorFields.shape),
    answers: { ...entered, ...done },
    problems: [422, 429],
  },
  POST: signedInAct("/account", async (request, signedIn, input) => {
    const { next, from } = fields.parse(input);
    const { session, user } = signedIn;
    if (await hasSecondFactor(user.id)) {
      const outcome = await passStepUp(request, signedIn, input, next);
      return outcome instanceof Response ? outcome : answerEntered(request, whereTo(outcome, next));
    }
    const problem = await startSignIn(request.headers, {
      email: user.email,
      next,
      keepSignedIn: session.keepSignedIn,
      stepUp: { sessionId: session.id, act: kindOf(await findPausedAct(signedIn, next)) },
    });
    if (!problem) return answerDone(request, "/check-email");
    return refuseForm(request, from ? `/${from}` : page, {
      field: "next",
      code: problem.problem,
      detail: await describeAskProblem(problem),
      retryAt: problem.retryAt,
      kept: { next: safeReturnTo(next) },
    });
  }),
});
