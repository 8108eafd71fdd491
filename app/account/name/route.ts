import { getTranslations } from "next-intl/server";
import { z } from "zod";
import { longestName, renameAccount } from "@/lib/domain/account";
import { signedInAct } from "@/lib/web/account-handler";
import { answerDone } from "@/lib/web/answer";
import { refuseForm } from "@/lib/web/form-problem";
import { handlers } from "@/lib/web/handler";
import { done } from "@/lib/web/operation";
import { describeClient } from "@/lib/web/visitor";

const page = "/account";
const fields = z.object({ name: z.string().catch("") });

export const { GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS } = handlers({
  operation: {
    id: "rename",
    summary: "What the person is called on the site's pages",
    input: fields,
    answers: done,
    problems: [422],
  },
  POST: signedInAct(page, async (request, signedIn, input) => {
    const { name } = fields.parse(input);
    if (await renameAccount(signedIn, name, describeClient(request.headers)))
      return answerDone(request, `${page}?saved`);
    const t = await getTranslations("account.name");
    const detail = t("problem", { longest: longestName });
    return refuseForm(request, page, {
      field: "name",
      code: "name",
      detail,
      kept: { name: name.slice(0, 200) },
    });
  }),
});
