import { z } from "zod";
import { proveNewTotp } from "@/lib/domain/enrolment";
import { listFactors } from "@/lib/domain/second-factor";
import { peekPendingTotp } from "@/lib/domain/second-factor-changes";
import { wantsPage } from "@/lib/web/accept";
import { recentAct } from "@/lib/web/account-handler";
import { answerDone } from "@/lib/web/answer";
import { answerNewFactor, factorAdded } from "@/lib/web/factor-change";
import { handlers } from "@/lib/web/handler";

const page = "/account/two-factor/app";
const fields = z.object({ code: z.string().catch("") });

export const { GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS } = handlers({
  operation: {
    id: "addApp",
    summary:
      "The first value of the authenticator app: it has the secret, and is the second factor from now on",
    input: fields,
    answers: factorAdded,
    problems: [422, 429],
  },
  POST: recentAct(page, async (request, signedIn, input) => {
    const userId = signedIn.user.id;
    const sealed = await peekPendingTotp(signedIn);
    // Pressed twice: the first has done it.
    if (!sealed && wantsPage(request.headers) && (await listFactors(userId)).appSince)
      return answerDone(request, "/account/two-factor?done=app-added");
    const { code } = fields.parse(input);
    const factor = sealed === null ? null : await proveNewTotp(userId, sealed, code);
    return await answerNewFactor(request, signedIn, page, factor);
  }),
});
