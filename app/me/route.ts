import { z } from "zod";
import { answerWithJson } from "@/lib/web/answer";
import { requirePerson } from "@/lib/web/bearer";
import { handlers } from "@/lib/web/handler";

const answer = z.object({ id: z.string(), email_address: z.string() });

export const { GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS } = handlers(
  {
    operation: {
      id: "readMe",
      summary: "Who is signed in, with the session cookie or an access token",
      sender: ["session", "access_token"],
      answers: { 200: { description: "The account.", body: answer } },
      problems: [401],
    },
    GET: async (request) => {
      const { user } = await requirePerson(request);
      return answerWithJson({ id: user.id, email_address: user.email });
    },
  },
  "cross-origin",
);
