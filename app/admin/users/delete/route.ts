import { getTranslations } from "next-intl/server";
import { z } from "zod";
import { deleteUser, findUser } from "@/lib/domain/administration";
import { parseEmailAddress } from "@/lib/domain/email-address";
import { wakeMailWorker } from "@/lib/domain/mail-worker";
import { adminAct, formPage, userFields } from "@/lib/web/admin-act";
import { answerDone } from "@/lib/web/answer";
import { refuseForm } from "@/lib/web/form-problem";
import { handlers } from "@/lib/web/handler";
import { done } from "@/lib/web/operation";

const fields = userFields.extend({ email: z.string().catch("") });

export const { GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS } = handlers({
  operation: {
    id: "deleteUser",
    summary: "Removes the account `user`, whose address has been typed as `email`",
    input: fields,
    answers: done,
    problems: [404, 422],
  },
  POST: adminAct(formPage, "admin", async (request, operator, input) => {
    const { user: id, email } = fields.parse(input);
    const user = await findUser(id);
    const typed = parseEmailAddress(email);
    if (user && ("problem" in typed || typed.canonical !== user.email)) {
      const detail = (await getTranslations("admin.user.delete"))("problem");
      return refuseForm(request, formPage(input), { field: "email", code: "address", detail });
    }
    await deleteUser(operator, id);
    wakeMailWorker();
    return answerDone(request, "/admin/users?deleted");
  }),
});
