import { getTranslations } from "next-intl/server";
import { z } from "zod";
import { parseEmailAddress } from "@/lib/domain/email-address";
import { denyNotice, peekNotice } from "@/lib/domain/security-mail";
import { wantsPage } from "@/lib/web/accept";
import { answerDone } from "@/lib/web/answer";
import { refuseForm } from "@/lib/web/form-problem";
import { handlers } from "@/lib/web/handler";
import { readInput } from "@/lib/web/input";
import { done } from "@/lib/web/operation";
import { unknownThing } from "@/lib/web/problem";
import { describeClient } from "@/lib/web/visitor";

const fields = z.object({ token: z.string().catch(""), email: z.string().default("").catch("") });

export const { GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS } = handlers({
  operation: {
    id: "denyNotice",
    summary:
      'The button of "this wasn\'t me". Needs no sign-in: it can only end what somebody is signed in with',
    input: fields,
    answers: done,
    problems: [422],
  },
  POST: async (request) => {
    const { token, email } = fields.parse(await readInput(request));
    const notice = await peekNotice(token);
    const typed = parseEmailAddress(email);
    // A scanner that presses buttons would otherwise put every new passkey out of use.
    if (
      notice?.passkeyId &&
      !notice.usedAt &&
      ("problem" in typed || typed.canonical !== notice.user.email)
    ) {
      const detail = (await getTranslations("notMe"))("problem");
      const kept = { token };
      return refuseForm(request, "/not-me", { field: "email", code: "address", detail, kept });
    }
    const isDone = await denyNotice(token, describeClient(request.headers));
    if (!isDone && !wantsPage(request.headers))
      throw unknownThing("token", "This is not a link of ours, or it is too old or has been used.");
    return answerDone(request, `/not-me?${isDone ? "done" : "token="}`);
  },
});
