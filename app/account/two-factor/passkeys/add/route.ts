import { z } from "zod";
import { proveNewPasskey } from "@/lib/domain/enrolment";
import { recentAct } from "@/lib/web/account-handler";
import { answerNewFactor, factorAdded } from "@/lib/web/factor-change";
import { handlers } from "@/lib/web/handler";
import { passkeyNameFields, readNewPasskeyName } from "@/lib/web/passkey-name";
import { challengeFor } from "@/lib/web/two-factor";

const page = "/account/two-factor/passkeys";
const fields = passkeyNameFields.extend({ passkey: z.string().catch("") });

export const { GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS } = handlers({
  operation: {
    id: "addPasskey",
    summary: "Stores a passkey that the person's device has made",
    input: fields,
    answers: factorAdded,
    problems: [422, 429],
  },
  POST: recentAct(page, async (request, signedIn, input) => {
    const factor = await proveNewPasskey(
      signedIn.user.id,
      fields.parse(input).passkey,
      challengeFor.newPasskey(signedIn),
      await readNewPasskeyName(request, input),
    );
    return await answerNewFactor(request, signedIn, page, factor);
  }),
});
