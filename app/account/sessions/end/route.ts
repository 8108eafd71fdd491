import { z } from "zod";
import { revokeSessions } from "@/lib/domain/sessions";
import { wantsPage } from "@/lib/web/accept";
import { signedInAct } from "@/lib/web/account-handler";
import { answerDone } from "@/lib/web/answer";
import { handlers } from "@/lib/web/handler";
import { done } from "@/lib/web/operation";
import { unknownThing } from "@/lib/web/problem";
import { describeClient } from "@/lib/web/visitor";

const page = "/account/sessions";
const fields = z.object({ session: z.string().catch("").describe("Its id, or `others`.") });

export const { GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS } = handlers({
  operation: {
    id: "endSessions",
    summary: "Ends one session of one's own, or all others with `session=others`",
    input: fields,
    answers: done,
    problems: [422],
  },
  POST: signedInAct(page, async (request, signedIn, input) => {
    const { session } = fields.parse(input);
    const which = session === "others" ? session : { id: session };
    const count = await revokeSessions(signedIn, which, describeClient(request.headers));
    // The same for one that is gone and for somebody else's.
    if (count === 0 && session !== "others" && !wantsPage(request.headers))
      throw unknownThing(
        "session",
        "There is no such session of yours; it may have ended already.",
      );
    return answerDone(request, `${page}?ended=${count}`);
  }),
});
