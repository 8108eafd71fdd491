import { peekLatestRequest, peekProgress } from "@/lib/domain/sign-in-state";
import { answerWithJson } from "@/lib/web/answer";
import { readBrowserCookie, readScreenCookie } from "@/lib/web/cookies";
import { handlers } from "@/lib/web/handler";

/** How far the sign-in of this browser has come: what the script of `/check-email` asks every second. */
export const { GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS } = handlers({
  GET: async () => {
    const browserToken = await readBrowserCookie();
    const request = browserToken ? await peekLatestRequest(browserToken) : null;
    if (!request) return answerWithJson({ signIn: "none" });
    return answerWithJson(await peekProgress(request, await readScreenCookie()));
  },
});
