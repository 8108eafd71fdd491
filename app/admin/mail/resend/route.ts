import { z } from "zod";
import { resendMail } from "@/lib/domain/mail-administration";
import { adminAct } from "@/lib/web/admin-act";
import { answerDone } from "@/lib/web/answer";
import { handlers } from "@/lib/web/handler";
import { readMailFilter } from "@/lib/web/mail-filter";
import { done } from "@/lib/web/operation";
import { queryString } from "@/lib/web/query";

const page = "/admin/mail";
const fields = z.object({
  mail: z.string().catch(""),
  // Where to go back to.
  state: z.string().default("").catch(""),
  recipient: z.string().default("").catch(""),
});

export const { GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS } = handlers({
  operation: {
    id: "resendMail",
    summary: "Sends a mail again that has been given up",
    input: fields,
    answers: done,
    problems: [404],
  },
  POST: adminAct(pageOf, "admin", async (request, operator, input) => {
    await resendMail(operator, fields.parse(input).mail);
    return answerDone(request, pageOf(input, { done: "resent" }));
  }),
});

/** The page with the filter that it had. */
function pageOf(input: Record<string, unknown>, extra: Record<string, string> = {}): string {
  const { mail: _, ...query } = fields.parse(input);
  return page + queryString({ ...readMailFilter(query).typed, ...extra });
}
