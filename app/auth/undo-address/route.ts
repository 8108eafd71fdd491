import { getTranslations } from "next-intl/server";
import { z } from "zod";
import { peekUndo, undoAddressChange } from "@/lib/domain/address-change";
import { parseEmailAddress } from "@/lib/domain/email-address";
import { wakeMailWorker } from "@/lib/domain/mail-worker";
import { wantsPage } from "@/lib/web/accept";
import { answerDone } from "@/lib/web/answer";
import { refuseForm } from "@/lib/web/form-problem";
import { handlers } from "@/lib/web/handler";
import { readInput } from "@/lib/web/input";
import { done } from "@/lib/web/operation";
import { unknownThing } from "@/lib/web/problem";
import { describeClient } from "@/lib/web/visitor";

const fields = z.object({ token: z.string().catch(""), email: z.string().catch("") });

export const { GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS } = handlers({
  operation: {
    id: "undoAddressChange",
    summary: "The button of the link that gives an account back to its former address",
    input: fields,
    answers: done,
    problems: [422],
  },
  POST: async (request) => {
    const { token, email } = fields.parse(await readInput(request));
    const change = await peekUndo(token);
    const typed = parseEmailAddress(email);
    // A scanner that presses buttons would otherwise undo every change.
    if (change && ("problem" in typed || typed.canonical !== change.formerEmail)) {
      const detail = (await getTranslations("undoAddress"))("problem");
      const kept = { token };
      return refuseForm(request, "/undo-address", {
        field: "email",
        code: "address",
        detail,
        kept,
      });
    }
    const isDone = await undoAddressChange(token, describeClient(request.headers));
    wakeMailWorker();
    if (!isDone && !wantsPage(request.headers))
      throw unknownThing("token", "This is not a link of ours, or it is too old or has been used.");
    return answerDone(request, `/undo-address?${isDone ? "done" : "token="}`);
  },
});
