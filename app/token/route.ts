import { z } from "zod";
import { issueAccessToken } from "@/lib/domain/access-tokens";
import { requireSession } from "@/lib/web/account-handler";
import { answerWithJson } from "@/lib/web/answer";
import { handlers } from "@/lib/web/handler";
import { Problem } from "@/lib/web/problem";

const answer = z.object({
  access_token: z.string(),
  token_type: z.literal("Bearer"),
  expires_in: z.int().positive(),
});

export const { GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS } = handlers(
  {
    operation: {
      id: "issueToken",
      summary:
        "A short-lived access token for other services (RFC 6749 5.1), for the session of this cookie",
      sender: ["session"],
      answers: { 200: { description: "A token.", body: answer } },
      problems: [401],
    },
    POST: async () => {
      const issued = await issueAccessToken(await requireSession());
      if (!issued)
        throw new Problem(
          401,
          "This session was made before the account had a second factor. Sign in again with it.",
        );
      const { token, expiresIn } = issued;
      return answerWithJson({ access_token: token, token_type: "Bearer", expires_in: expiresIn });
    },
  },
  "cross-origin",
);
