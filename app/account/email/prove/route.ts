import { z } from "zod";
import { confirmByCode, confirmByLink } from "@/lib/domain/address-change";
import { recordFailedSignIn } from "@/lib/domain/audit";
import { wakeMailWorker } from "@/lib/domain/mail-worker";
import { signedInAct } from "@/lib/web/account-handler";
import { describeChangeProblem } from "@/lib/web/address-change";
import { answerDone } from "@/lib/web/answer";
import { refuseForm } from "@/lib/web/form-problem";
import { handlers } from "@/lib/web/handler";
import { done } from "@/lib/web/operation";
import { describeClient } from "@/lib/web/visitor";

const page = "/account/email";
const fields = z.object({
  code: z.string().default("").catch(""),
  token: z.string().optional().catch(undefined),
});

export const { GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS } = handlers({
  operation: {
    id: "confirmAddress",
    summary:
      "The link of the mail to the new address, or its code, in a browser that is signed in to the account",
    input: fields,
    answers: done,
    problems: [422, 429],
  },
  POST: signedInAct(page, async (request, signedIn, input) => {
    const { code, token } = fields.parse(input);
    const client = describeClient(request.headers);
    const refusal =
      token === undefined
        ? await confirmByCode(signedIn, code, client)
        : await confirmByLink(signedIn, token, client);
    wakeMailWorker();
    if (refusal?.problem === "wrong-code")
      await recordFailedSignIn(signedIn.user.email, "wrong-address-code", client);
    if (!refusal) return answerDone(request, `${page}?changed`);
    return refuseForm(request, page, {
      field: token === undefined ? "code" : "token",
      code: refusal.problem,
      detail: await describeChangeProblem(refusal),
      retryAt: refusal.retryAt,
      kept: refusal.triesLeft === undefined ? {} : { left: String(refusal.triesLeft) },
    });
  }),
});
