import { currentUser } from "@/lib/latchkey";
import { answerWithJson } from "@/lib/web/answer";
import { handlers } from "@/lib/web/handler";
import { Problem } from "@/lib/web/problem";

/** Who is signed in. */
export const { GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS } = handlers({
  GET: async () => {
    const user = await currentUser();
    if (!user)
      throw new Problem(
        401,
        "Nobody is signed in. Sign in at /sign-in and send the session cookie.",
      );
    return answerWithJson({ id: user.id, email_address: user.email });
  },
});
