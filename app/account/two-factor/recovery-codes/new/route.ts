import { wakeMailWorker } from "@/lib/domain/mail-worker";
import { renewRecoveryCodes } from "@/lib/domain/second-factor-changes";
import { recentAct } from "@/lib/web/account-handler";
import { refuseFactor } from "@/lib/web/factor-problem";
import { handlers } from "@/lib/web/handler";
import { answerWithRecoveryCodes, withRecoveryCodes } from "@/lib/web/recovery-codes";
import { describeClient } from "@/lib/web/visitor";

const page = "/account/two-factor";

export const { GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS } = handlers({
  operation: {
    id: "renewRecoveryCodes",
    summary:
      "Ten new recovery codes in the place of all that there were, shown in this answer alone",
    answers: withRecoveryCodes(),
    problems: [422, 429],
  },
  POST: recentAct(page, async (request, signedIn) => {
    const codes = await renewRecoveryCodes(signedIn, describeClient(request.headers));
    if (!codes) return await refuseFactor(request, page, { problem: "no-factor" });
    wakeMailWorker();
    return await answerWithRecoveryCodes(request, codes, {
      next: `${page}?done=recovery-codes-renewed`,
    });
  }),
});
