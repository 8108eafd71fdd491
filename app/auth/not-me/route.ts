import { z } from "zod";
import { denyNotice } from "@/lib/domain/security-mail";
import { wantsPage } from "@/lib/web/accept";
import { answerDone } from "@/lib/web/answer";
import { handlers } from "@/lib/web/handler";
import { readInput } from "@/lib/web/input";
import { unknownThing } from "@/lib/web/problem";
import { describeClient } from "@/lib/web/visitor";

const fields = z.object({ token: z.string().catch("") });

/** The button of "this wasn't me". Needs no sign-in: it can only end what somebody is signed in with. */
export const { GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS } = handlers({
  POST: async (request) => {
    const { token } = fields.parse(await readInput(request));
    const isDone = await denyNotice(token, describeClient(request.headers));
    if (!isDone && !wantsPage(request.headers))
      throw unknownThing("token", "This is not a link of ours, or it is too old or has been used.");
    return answerDone(request, `/not-me?${isDone ? "done" : "token="}`);
  },
});
