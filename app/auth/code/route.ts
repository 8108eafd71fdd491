import { z } from "zod";
import { proveByCode } from "@/lib/domain/sign-in-proof";
import { readBrowserCookie } from "@/lib/web/cookies";
import { handlers } from "@/lib/web/handler";
import { readInput } from "@/lib/web/input";
import { answerSignIn, finishSignIn } from "@/lib/web/sign-in";

const fields = z.object({ code: z.string().catch("") });

/** The code of the mail, typed in the browser that asked for it. */
export const { GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS } = handlers({
  POST: async (request) => {
    const { code } = fields.parse(await readInput(request));
    const proof = await proveByCode(code, await readBrowserCookie());
    return await answerSignIn(request, await finishSignIn(request.headers, proof), "/check-email");
  },
});
