import { getTranslations } from "next-intl/server";
import { z } from "zod";
import { answerWithPage, seeOther, wantsJson, wantsPage } from "@/lib/web/answer";
import { handlers } from "@/lib/web/handler";
import { checkbox, readInput } from "@/lib/web/input";
import { Problem } from "@/lib/web/problem";
import { startSignIn } from "@/lib/web/sign-in";

const fields = z.object({
  // A list, or a field that came twice, asks for several mails: two addresses that `parseEmailAddress` refuses.
  email: z.union([z.string(), z.array(z.unknown()).transform(() => "@,@")]).catch(""),
  next: z.string().optional().catch(undefined),
  remember: checkbox.catch(false),
});

/** Starts sign-in or sign-up: the answer is the same for both, and for every address. */
export const { GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS } = handlers({
  POST: async (request) => {
    const { email, next, remember } = fields.parse(await readInput(request));
    const problem = await startSignIn(request.headers, { email, next, keepSignedIn: remember });
    if (!problem) {
      return wantsJson(request.headers)
        ? Response.json(
            { status: "sent" },
            { status: 202, headers: { "cache-control": "no-store" } },
          )
        : seeOther("/check-email");
    }
    if (wantsPage(request.headers)) {
      const form = new URLSearchParams({
        problem,
        email: email.slice(0, 320),
        ...(next && { next }),
        ...(remember && { remember: "on" }),
      });
      return await answerWithPage(request, `/sign-in?${form}`, 422);
    }
    const t = await getTranslations("signIn.problem");
    const errors = [{ field: "email", code: problem, detail: t(problem) }];
    throw new Problem(422, t(problem), { errors });
  },
});
