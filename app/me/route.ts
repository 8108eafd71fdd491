import { answerWithJson } from "@/lib/web/answer";
import { requirePerson } from "@/lib/web/bearer";
import { handlers } from "@/lib/web/handler";

/** Who is signed in, with the session cookie or an access token. */
export const { GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS } = handlers(
  {
    GET: async (request) => {
      const { user } = await requirePerson(request);
      return answerWithJson({ id: user.id, email_address: user.email });
    },
  },
  "cross-origin",
);
