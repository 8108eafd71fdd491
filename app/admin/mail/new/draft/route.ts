import { z } from "zod";
import { draftFields, hasRecipients, saveDraft } from "@/lib/domain/message-drafts";
import { wantsPage } from "@/lib/web/accept";
import { adminAct } from "@/lib/web/admin-act";
import { answerWithJson, seeOther } from "@/lib/web/answer";
import { describeDraftProblems } from "@/lib/web/draft-problems";
import { handlers } from "@/lib/web/handler";
import { onward } from "@/lib/web/operation";
import { Problem, unknownThing } from "@/lib/web/problem";

const page = "/admin/mail/new";

export const { GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS } = handlers({
  operation: {
    id: "saveDraft",
    summary: "Keeps a message that is being written, which its page shows as it would be read",
    input: draftFields,
    answers: {
      200: { description: "What `sendDraft` takes.", body: z.object({ draft: z.string() }) },
      ...onward,
    },
    problems: [404, 422],
  },
  POST: adminAct(page, "admin", async (request, operator, input) => {
    const fields = draftFields.safeParse(input);
    if (!fields.success) {
      const errors = fields.error.issues.map(({ path, code, message }) => ({
        field: path.join("."),
        code,
        detail: message,
      }));
      throw new Problem(422, "This is not what the form of this site sends.", { errors });
    }
    if (!hasRecipients(input))
      throw unknownThing(
        "filter",
        "Say whom it is for: `to` an account, or all whom a `search` and a `filter` find; the filter `all` is everybody.",
      );
    const problems = Object.entries(await describeDraftProblems(fields.data));
    if (problems.length > 0 && !wantsPage(request.headers)) {
      const errors = problems.map(([field, detail]) => ({ field, code: "invalid", detail }));
      throw new Problem(422, "The message cannot be sent as it is.", { errors });
    }
    const draft = await saveDraft(operator.id, fields.data);
    if (!wantsPage(request.headers)) return answerWithJson({ draft });
    return seeOther(`${page}${problems.length > 0 ? "" : "/preview"}?draft=${draft}`);
  }),
});
