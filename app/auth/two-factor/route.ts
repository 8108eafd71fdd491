import { handlers } from "@/lib/web/handler";
import { readInput } from "@/lib/web/input";
import { answerEntered, entered, whereTo } from "@/lib/web/sign-in";
import {
  answerAttemptOver,
  currentAttempt,
  factorFields,
  passSecondFactor,
} from "@/lib/web/two-factor";

export const { GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS } = handlers({
  operation: {
    id: "passSecondFactor",
    summary:
      "The second factor of a sign-in whose first has been proved: typed, or the answer of a passkey",
    input: factorFields,
    sender: ["attempt"],
    answers: entered,
    problems: [401, 422, 429],
  },
  POST: async (request) => {
    const input = await readInput(request);
    const attempt = await currentAttempt();
    if (!attempt) return answerAttemptOver(request);
    const outcome = await passSecondFactor(request, attempt, input);
    return outcome instanceof Response
      ? outcome
      : answerEntered(request, whereTo(outcome, attempt.next));
  },
});
