import { z } from "zod";
import { readPasskeyName, renamePasskey } from "@/lib/domain/passkeys";
import { signedInAct } from "@/lib/web/account-handler";
import { answerDone } from "@/lib/web/answer";
import { refuseFactor } from "@/lib/web/factor-problem";
import { handlers } from "@/lib/web/handler";
import { done } from "@/lib/web/operation";
import { describeClient } from "@/lib/web/visitor";

const page = "/account/two-factor";
const fields = z.object({ passkey: z.string().catch(""), name: z.string().catch("") });

export const { GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS } = handlers({
  operation: {
    id: "renamePasskey",
    summary: "What a passkey of one's own is called",
    input: fields,
    answers: done,
    problems: [422],
  },
  POST: signedInAct(page, async (request, { user }, input) => {
    const { passkey, name } = fields.parse(input);
    const readable = readPasskeyName(name);
    if (!readable) return await refuseFactor(request, page, { problem: "name" });
    if (await renamePasskey(user.id, passkey, readable, describeClient(request.headers)))
      return answerDone(request, `${page}?done=renamed`);
    return await refuseFactor(request, page, { problem: "unknown" });
  }),
});
