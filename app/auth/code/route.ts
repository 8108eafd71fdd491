import { z } from "zod";
import { proveByCode } from "@/lib/domain/sign-in-proof";
import { readBrowserCookie } from "@/lib/web/cookies";
import { handlers } from "@/lib/web/handler";
import { readInput } from "@/lib/web/input";
import { answerSignIn, entered, finishSignIn } from "@/lib/web/sign-in";

const fields = z.object({ code: z.string().catch("") });

export const { GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS } = handlers({
  operation: {
    id: "signInWithCode",
    summary: "The code of the mail, typed in the browser that asked for it",
    input: fields,
    answers: entered,
    problems: [422, 429],
  },
  POST: async (request) => {
    const { code } = fields.parse(await readInput(request));
    const proof = await proveByCode(code, await readBrowserCookie());
    const outcome = await finishSignIn(request.headers, "code", proof);
    return await answerSignIn(request, outcome, "/check-email");
  },
});
