import { proveByApproval } from "@/lib/domain/sign-in-proof";
import { readBrowserCookie, readScreenCookie } from "@/lib/web/cookies";
import { handlers } from "@/lib/web/handler";
import { answerSignIn, entered, finishSignIn } from "@/lib/web/sign-in";

const page = "/check-email";

/**
 * Where `/check-email` leads once its number has been typed on the page of the link. The one `GET` that signs somebody
 * in, because without scripts a reload is all that the first screen can do. It can be one: what it spends is no secret
 * of the address, but what the person has approved for this browser, and without its cookies it does nothing.
 */
export const { GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS } = handlers({
  operation: {
    id: "continueSignIn",
    summary: "Goes on once the number of this screen has been typed elsewhere",
    answers: { 204: { description: "To who only looks: nothing has been done." }, ...entered },
    problems: [422],
  },
  GET: async (request) => {
    // What is fetched ahead, or only looked at, nobody has asked for.
    const isLook = request.method === "HEAD" || request.headers.has("sec-purpose");
    if (isLook)
      return new Response(null, { status: 204, headers: { "cache-control": "no-store" } });
    const proof = await proveByApproval(await readBrowserCookie(), await readScreenCookie());
    return await answerSignIn(request, await finishSignIn(request.headers, "number", proof), page);
  },
});
