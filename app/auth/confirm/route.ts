import { z } from "zod";
import { proveByLink, proveByLinkAndCode } from "@/lib/domain/sign-in-proof";
import { readBrowserCookie } from "@/lib/web/cookies";
import { handlers } from "@/lib/web/handler";
import { readInput } from "@/lib/web/input";
import { answerSignIn, finishSignIn } from "@/lib/web/sign-in";

const fields = z.object({
  token: z.string().catch(""),
  code: z.string().optional().catch(undefined),
});

/** The tap on the page of a link; in another browser than the one that asked, together with the code. */
export const { GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS } = handlers({
  POST: async (request) => {
    const { token, code } = fields.parse(await readInput(request));
    const proof =
      code === undefined
        ? await proveByLink(token, await readBrowserCookie())
        : await proveByLinkAndCode(token, code);
    return await answerSignIn(
      request,
      await finishSignIn(request.headers, proof),
      `/confirm?${new URLSearchParams({ token })}`,
    );
  },
});
