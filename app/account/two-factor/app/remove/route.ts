import { removeTotp } from "@/lib/domain/second-factor-changes";
import { recentAct } from "@/lib/web/account-handler";
import { answerFactorRemoved } from "@/lib/web/factor-change";
import { handlers } from "@/lib/web/handler";
import { describeClient } from "@/lib/web/visitor";

/** Takes the authenticator app away. */
export const { GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS } = handlers({
  POST: recentAct("/account/two-factor", async (request, signedIn) => {
    const refusal = await removeTotp(signedIn, describeClient(request.headers));
    return await answerFactorRemoved(request, refusal, "app-removed");
  }),
});
