import { z } from "zod";
import { proveByLink, proveByLinkAndCode } from "@/lib/domain/sign-in-proof";
import { readBrowserCookie } from "@/lib/web/cookies";
import { handlers } from "@/lib/web/handler";
import { readInput } from "@/lib/web/input";
import { answerSignIn, entered, finishSignIn } from "@/lib/web/sign-in";

const fields = z.object({
  token: z.string().catch(""),
  code: z.string().optional().catch(undefined),
});

export const { GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS } = handlers({
  operation: {
    id: "signInWithLink",
    summary:
      "The tap on the page of a link; in another browser than the one that asked, together with the code",
    input: fields,
    answers: entered,
    problems: [422, 429],
  },
  POST: async (request) => {
    const { token, code } = fields.parse(await readInput(request));
    const way = code === undefined ? "link" : "link-and-code";
    const proof =
      code === undefined
        ? await proveByLink(token, await readBrowserCookie())
        : await proveByLinkAndCode(token, code);
    const outcome = await finishSignIn(request.headers, way, proof);
    // What has become of an account is told to the browser that asked, and to no other.
    const told =
      code !== undefined && "problem" in outcome && outcome.problem === "blocked"
        ? ({ problem: "unknown" } as const)
        : outcome;
    return await answerSignIn(request, told, `/confirm?${new URLSearchParams({ token })}`);
  },
});
