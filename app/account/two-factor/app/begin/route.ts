import { beginTotp } from "@/lib/domain/second-factor-changes";
import { recentAct } from "@/lib/web/account-handler";
import { answerDone } from "@/lib/web/answer";
import { handlers } from "@/lib/web/handler";

/** Begins to set up an authenticator app. */
export const { GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS } = handlers({
  POST: recentAct("/account/two-factor", async (request, signedIn) => {
    await beginTotp(signedIn);
    return answerDone(request, "/account/two-factor/app");
  }),
});
