import { getTranslations } from "next-intl/server";
import { z } from "zod";
import { AdministrationRefused } from "@/lib/domain/administration";
import { parseEmailAddress } from "@/lib/domain/email-address";
import { createUser } from "@/lib/domain/invitation";
import { wakeMailWorker } from "@/lib/domain/mail-worker";
import { adminAct, userPage } from "@/lib/web/admin-act";
import { refuseAdministration } from "@/lib/web/administration-problem";
import { answerDone } from "@/lib/web/answer";
import { refuseForm } from "@/lib/web/form-problem";
import { handlers } from "@/lib/web/handler";
import { done } from "@/lib/web/operation";

const page = "/admin/users/new";
const fields = z.object({ email: z.string().catch(""), name: z.string().default("").catch("") });

export const { GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS } = handlers({
  operation: {
    id: "createUser",
    summary:
      "Makes an account for somebody, also where nobody may sign up, and invites them by mail",
    input: fields,
    answers: done,
    problems: [422],
  },
  POST: adminAct(page, "admin", async (request, operator, input) => {
    const { email, name } = fields.parse(input);
    const kept = { email: email.slice(0, 300), name: name.slice(0, 200) };
    const address = parseEmailAddress(email);
    if ("problem" in address) {
      const detail = (await getTranslations("signIn.problem"))(address.problem);
      return refuseForm(request, page, { field: "email", code: address.problem, detail, kept });
    }
    try {
      const id = await createUser(operator, address, name);
      wakeMailWorker();
      return answerDone(request, `${userPage(id)}?done`);
    } catch (error) {
      if (error instanceof AdministrationRefused)
        return refuseAdministration(request, page, error, kept);
      throw error;
    }
  }),
});
