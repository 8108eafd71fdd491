import { z } from "zod";
import { removePasskey } from "@/lib/domain/second-factor-changes";
import { recentAct } from "@/lib/web/account-handler";
import { answerFactorRemoved } from "@/lib/web/factor-change";
import { handlers } from "@/lib/web/handler";
import { done } from "@/lib/web/operation";
import { describeClient } from "@/lib/web/visitor";

const fields = z.object({ passkey: z.string().catch("") });

export const { GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS } = handlers({
  operation: {
    id: "removePasskey",
    summary: "Takes a passkey of one's own away",
    input: fields,
    answers: done,
    problems: [422],
  },
  POST: recentAct("/account/two-factor", async (request, signedIn, input) => {
    const { passkey } = fields.parse(input);
    const refusal = await removePasskey(signedIn, passkey, describeClient(request.headers));
    return await answerFactorRemoved(request, refusal, "passkey-removed");
  }),
});
