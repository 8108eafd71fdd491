import { getTranslations } from "next-intl/server";
import { z } from "zod";
import { deleteAccount } from "@/lib/domain/account";
import { parseEmailAddress } from "@/lib/domain/email-address";
import { wakeMailWorker } from "@/lib/domain/mail-worker";
import { recentAct } from "@/lib/web/account-handler";
import { answerDone, forgetPages } from "@/lib/web/answer";
import { clearBrowserCookie, clearSessionCookie } from "@/lib/web/cookies";
import { refuseForm } from "@/lib/web/form-problem";
import { handlers } from "@/lib/web/handler";
import { doneAndForgotten } from "@/lib/web/operation";
import { describeClient } from "@/lib/web/visitor";

const page = "/account/delete";
const fields = z.object({ email: z.string().catch("") });

export const { GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS } = handlers({
  operation: {
    id: "deleteAccount",
    summary: "Removes the account of whoever has typed its address",
    input: fields,
    answers: doneAndForgotten,
    problems: [422],
  },
  POST: recentAct(page, async (request, signedIn, input) => {
    const { email } = fields.parse(input);
    const typed = parseEmailAddress(email);
    if ("problem" in typed || typed.canonical !== signedIn.user.email) {
      const detail = (await getTranslations("account.delete"))("problem");
      return refuseForm(request, page, { field: "email", code: "address", detail });
    }
    const refusal = await deleteAccount(signedIn, describeClient(request.headers));
    if (refusal) {
      const t = await getTranslations("account.delete");
      const isLastSuper = refusal === "last-super";
      const code = isLastSuper ? "last-super" : "later";
      const detail = isLastSuper ? t("lastSuper") : t("later", { time: refusal });
      return refuseForm(request, page, { field: "email", code, detail });
    }
    wakeMailWorker();
    await clearSessionCookie();
    await clearBrowserCookie();
    return forgetPages(answerDone(request, "/"));
  }),
});
