import { proveNewPasskey, proveNewTotp } from "@/lib/domain/enrolment";
import { refuseFactor } from "@/lib/web/factor-problem";
import { handlers } from "@/lib/web/handler";
import { readInput } from "@/lib/web/input";
import { passkeyNameFields, readNewPasskeyName } from "@/lib/web/passkey-name";
import { answerWithRecoveryCodes, withRecoveryCodes } from "@/lib/web/recovery-codes";
import { answerEntered, enter, entered, signedInAnswer, whereTo } from "@/lib/web/sign-in";
import {
  answerAttemptOver,
  challengeFor,
  currentAttempt,
  factorFields,
} from "@/lib/web/two-factor";

const page = "/two-factor";
const fields = factorFields.pick({ code: true, passkey: true }).extend(passkeyNameFields.shape);

export const { GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS } = handlers({
  operation: {
    id: "enrolSecondFactor",
    summary: "Where the site asks for a second factor: sets it up, and signs in with it",
    input: fields,
    sender: ["attempt"],
    answers: { ...entered, ...withRecoveryCodes(signedInAnswer) },
    problems: [401, 422, 429],
  },
  POST: async (request) => {
    const input = await readInput(request);
    const { code, passkey } = fields.parse(input);
    const attempt = await currentAttempt();
    if (!attempt?.sealedTotp) return answerAttemptOver(request);
    const { userId, user, sealedTotp } = attempt;
    const newFactor = passkey
      ? await proveNewPasskey(
          userId,
          passkey,
          challengeFor.enrolment(attempt),
          await readNewPasskeyName(request, input),
        )
      : await proveNewTotp(userId, sealedTotp, code);
    if (!newFactor) {
      const problem = passkey ? "wrong-new-passkey" : "wrong-new-code";
      return await refuseFactor(request, page, { problem });
    }
    const proved = { by: "enrolment", attempt, newFactor } as const;
    const outcome = await enter(request.headers, proved, user.email);
    if ("refused" in outcome) {
      if (outcome.refused === "attempt-over") return answerAttemptOver(request);
      return await refuseFactor(request, page, { problem: outcome.refused });
    }
    const where = whereTo(outcome, attempt.next);
    if (!newFactor.recoveryCodes || !("session" in outcome)) return answerEntered(request, where);
    const { token } = outcome.session;
    return await answerWithRecoveryCodes(request, newFactor.recoveryCodes.codes, where, token);
  },
});
