import { z } from "zod";
import { sendDraft } from "@/lib/domain/message-drafts";
import { wantsPage } from "@/lib/web/accept";
import { adminAct } from "@/lib/web/admin-act";
import { answerWithJson, seeOther } from "@/lib/web/answer";
import { handlers } from "@/lib/web/handler";
import { onward } from "@/lib/web/operation";
import { unknownThing } from "@/lib/web/problem";

const page = "/admin/mail/new";
const fields = z.object({ draft: z.string().catch("") });
const answer = z.union([z.object({ mailing: z.string() }), z.object({ to: z.string() })]);

export const { GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS } = handlers({
  operation: {
    id: "sendDraft",
    summary: "Sends a message that has been looked at, once",
    input: fields,
    answers: {
      200: { description: "The mailing that has begun, or whom it went to.", body: answer },
      ...onward,
    },
    problems: [404, 422],
  },
  POST: adminAct(previewOf, "admin", async (request, operator, input) => {
    const { draft } = fields.parse(input);
    const sent = await sendDraft(operator, draft);
    if (!wantsPage(request.headers)) {
      if (sent) return answerWithJson(sent);
      throw unknownThing(
        "draft",
        "It has been sent already, is too old, is not yours, or cannot be sent as it is.",
      );
    }
    if (!sent) return seeOther(`${page}?${new URLSearchParams({ draft })}`);
    if ("mailing" in sent) return seeOther(`/admin/mail/mailings/${sent.mailing}`);
    return seeOther(`${page}?to=${sent.to}&sent=yes`);
  }),
});

function previewOf(input: Record<string, unknown>): string {
  return `${page}/preview?${new URLSearchParams({ draft: fields.parse(input).draft })}`;
}
