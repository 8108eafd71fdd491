import { beginTotp } from "@/lib/domain/second-factor-changes";
import { recentAct } from "@/lib/web/account-handler";
import { answerDone } from "@/lib/web/answer";
import { handlers } from "@/lib/web/handler";
import { done } from "@/lib/web/operation";

export const { GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS } = handlers({
  operation: { id: "beginApp", summary: "Begins to set up an authenticator app", answers: done },
  POST: recentAct("/account/two-factor", async (request, signedIn) => {
    await beginTotp(signedIn);
    return answerDone(request, "/account/two-factor/app");
  }),
});
