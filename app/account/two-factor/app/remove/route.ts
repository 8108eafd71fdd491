import { removeTotp } from "@/lib/domain/second-factor-changes";
import { recentAct } from "@/lib/web/account-handler";
import { answerFactorRemoved } from "@/lib/web/factor-change";
import { handlers } from "@/lib/web/handler";
import { done } from "@/lib/web/operation";
import { describeClient } from "@/lib/web/visitor";

export const { GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS } = handlers({
  operation: {
    id: "removeApp",
    summary: "Takes the authenticator app away",
    answers: done,
    problems: [422],
  },
  POST: recentAct("/account/two-factor", async (request, signedIn) => {
    const refusal = await removeTotp(signedIn, describeClient(request.headers));
    return await answerFactorRemoved(request, refusal, "app-removed");
  }),
});
