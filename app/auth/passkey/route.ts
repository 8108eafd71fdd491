import { z } from "zod";
import { provePasskey } from "@/lib/domain/passkeys";
import { describeAskProblem } from "@/lib/web/ask-problem";
import { readBrowserCookie } from "@/lib/web/cookies";
import { refuseForm } from "@/lib/web/form-problem";
import { handlers } from "@/lib/web/handler";
import { checkbox, readInput } from "@/lib/web/input";
import { safeReturnTo } from "@/lib/web/return-to";
import { answerEntered, enter, entered, recordFailure, whereTo } from "@/lib/web/sign-in";
import { challengeFor } from "@/lib/web/two-factor";

const fields = z.object({
  passkey: z.string().catch(""),
  next: z.string().optional().catch(undefined),
  remember: checkbox.catch(false),
});

export const { GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS } = handlers({
  operation: {
    id: "signInWithPasskey",
    summary:
      "A passkey alone signs in, when its person has been verified: it is two factors in one",
    input: fields,
    answers: entered,
    problems: [422],
  },
  POST: async (request) => {
    const { passkey, next, remember } = fields.parse(await readInput(request));
    const refuse = async (problem: "unknown-passkey" | "used-passkey" | "blocked") =>
      refuseForm(request, "/sign-in", {
        field: "passkey",
        code: problem,
        detail: await describeAskProblem({ problem }),
        kept: { next: safeReturnTo(next), ...(remember && { remember: "on" }) },
      });
    const browserToken = await readBrowserCookie();
    const proven =
      browserToken && (await provePasskey(passkey, challengeFor.signIn(browserToken), true));
    if (!proven) {
      await recordFailure("passkey", { problem: "unknown" }, request.headers);
      return await refuse("unknown-passkey");
    }
    const { user, proof } = proven;
    const outcome = await enter(
      request.headers,
      { by: "passkey", proof: { user, tried: null, factor: proof }, keepSignedIn: remember },
      user.email,
    );
    if (!("refused" in outcome)) return answerEntered(request, whereTo(outcome, next));
    if (outcome.refused !== "blocked") {
      await recordFailure("passkey", { problem: "used" }, request.headers);
      return await refuse("used-passkey");
    }
    await recordFailure("passkey", { problem: "blocked", email: user.email }, request.headers);
    return await refuse("blocked");
  },
});
