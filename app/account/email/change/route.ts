import { z } from "zod";
import { recentAct } from "@/lib/web/account-handler";
import { startAddressChange } from "@/lib/web/address-change";
import { answerDone } from "@/lib/web/answer";
import { describeAskProblem } from "@/lib/web/ask-problem";
import { refuseForm } from "@/lib/web/form-problem";
import { handlers } from "@/lib/web/handler";
import { done } from "@/lib/web/operation";

const page = "/account/email";
const fields = z.object({ email: z.string().catch("") });

export const { GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS } = handlers({
  operation: {
    id: "changeAddress",
    summary:
      "Asks a new address whether it is to be this account's. The answer is the same for one that has an account",
    input: fields,
    answers: done,
    problems: [422, 429],
  },
  POST: recentAct(page, async (request, signedIn, input) => {
    const { email } = fields.parse(input);
    const problem = await startAddressChange(request.headers, signedIn, email);
    if (!problem) return answerDone(request, page);
    return refuseForm(request, page, {
      field: "email",
      code: problem.problem,
      detail: await describeAskProblem(problem),
      retryAt: problem.retryAt,
      kept: { email: email.slice(0, 320) },
    });
  }),
});
