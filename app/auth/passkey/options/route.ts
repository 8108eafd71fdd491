import { z } from "zod";
import { offerFactor, offerRegistration, offerSignIn } from "@/lib/domain/passkeys";
import { requireSession } from "@/lib/web/account-handler";
import { answerWithJson } from "@/lib/web/answer";
import { ownBrowserToken, setBrowserCookie } from "@/lib/web/cookies";
import { handlers } from "@/lib/web/handler";
import { readInput } from "@/lib/web/input";
import { unknownThing } from "@/lib/web/problem";
import { challengeFor, requireAttempt } from "@/lib/web/two-factor";

const purposes = ["sign-in", "second-factor", "enrolment", "step-up", "new-passkey"] as const;
const fields = z.object({ for: z.enum(purposes) });
const answer = z.looseObject({ challenge: z.string() });

export const { GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS } = handlers({
  operation: {
    id: "askPasskey",
    summary:
      "What the browser asks an authenticator: its challenge answers nothing but what it was asked for, here, and once",
    input: fields,
    sender: ["anybody", "attempt", "session"],
    answers: { 200: { description: "The options of WebAuthn.", body: answer } },
    problems: [401, 422],
  },
  POST: async (request) => {
    const input = fields.safeParse(await readInput(request));
    if (!input.success) throw unknownThing("for", `Say what for: ${purposes.join(", ")}.`);
    return answerWithJson(await optionsFor(input.data.for));
  },
});

async function optionsFor(purpose: (typeof purposes)[number]): Promise<object> {
  switch (purpose) {
    case "sign-in": {
      const browserToken = await ownBrowserToken();
      await setBrowserCookie(browserToken);
      return await offerSignIn(challengeFor.signIn(browserToken));
    }
    case "second-factor": {
      const attempt = await requireAttempt();
      return await offerFactor(challengeFor.secondFactor(attempt), attempt.userId);
    }
    case "enrolment": {
      const attempt = await requireAttempt();
      return await offerRegistration(challengeFor.enrolment(attempt), attempt.user);
    }
    case "step-up": {
      const signedIn = await requireSession();
      return await offerFactor(challengeFor.stepUp(signedIn), signedIn.user.id);
    }
    case "new-passkey": {
      const signedIn = await requireSession();
      return await offerRegistration(challengeFor.newPasskey(signedIn), signedIn.user);
    }
  }
}
