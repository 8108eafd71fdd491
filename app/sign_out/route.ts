import { signOut } from "@/lib/domain/sessions";
import { answerDone, forgetPages } from "@/lib/web/answer";
import { clearSessionCookie, readFormerSessionCookie, readSessionCookie } from "@/lib/web/cookies";
import { handlers } from "@/lib/web/handler";
import { doneAndForgotten } from "@/lib/web/operation";
import { endCurrentAttempt } from "@/lib/web/two-factor";
import { describeClient } from "@/lib/web/visitor";

export const { GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS } = handlers(
  {
    operation: {
      id: "signOut",
      summary:
        "Ends this session on the server and clears its cookie, and a sign-in that waits for its second factor; the same when nobody is signed in",
      sender: ["anybody", "session"],
      answers: doneAndForgotten,
    },
    POST: async (request) => {
      for (const token of [await readSessionCookie(), await readFormerSessionCookie()])
        if (token) await signOut(token, describeClient(request.headers));
      await clearSessionCookie();
      await endCurrentAttempt();
      return forgetPages(answerDone(request, "/"));
    },
  },
  "cross-origin",
);
