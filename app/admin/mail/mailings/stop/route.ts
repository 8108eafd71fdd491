import { z } from "zod";
import { stopMailing } from "@/lib/domain/mailings";
import { adminAct, idField } from "@/lib/web/admin-act";
import { answerDone } from "@/lib/web/answer";
import { handlers } from "@/lib/web/handler";
import { done } from "@/lib/web/operation";

const fields = z.object({ mailing: idField });

export const { GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS } = handlers({
  operation: {
    id: "stopMailing",
    summary: "Stops a mailing, and takes back what has not gone out",
    input: fields,
    answers: done,
  },
  POST: adminAct(pageOf, "admin", async (request, operator, input) => {
    await stopMailing(operator, fields.parse(input).mailing);
    return answerDone(request, pageOf(input));
  }),
});

function pageOf(input: Record<string, unknown>): string {
  return `/admin/mail/mailings/${fields.parse(input).mailing}`;
}
