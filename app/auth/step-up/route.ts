import { z } from "zod";
import { signedInAct } from "@/lib/web/account-handler";
import { answerDone } from "@/lib/web/answer";
import { describeAskProblem } from "@/lib/web/ask-problem";
import { refuseForm } from "@/lib/web/form-problem";
import { handlers } from "@/lib/web/handler";
import { findPausedAct, kindOf } from "@/lib/web/paused-act";
import { safeReturnTo } from "@/lib/web/return-to";
import { startSignIn } from "@/lib/web/sign-in";

const fields = z.object({
  next: z.string().optional().catch(undefined),
  /** The page of the form, when it is another than `/step-up`. */
  from: z.literal("check-email").optional().catch(undefined),
});

/** Writes to somebody who is signed in, to ask once more who they are. */
export const { GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS } = handlers({
  POST: signedInAct("/account", async (request, signedIn, input) => {
    const { next, from } = fields.parse(input);
    const { session, user } = signedIn;
    const problem = await startSignIn(request.headers, {
      email: user.email,
      next,
      keepSignedIn: session.keepSignedIn,
      stepUp: { sessionId: session.id, act: kindOf(await findPausedAct(signedIn, next)) },
    });
    if (!problem) return answerDone(request, "/check-email");
    return refuseForm(request, from ? `/${from}` : "/step-up", {
      field: "next",
      code: problem.problem,
      detail: await describeAskProblem(problem),
      retryAt: problem.retryAt,
      kept: { next: safeReturnTo(next) },
    });
  }),
});
