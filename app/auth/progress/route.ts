import { peekLatestRequest, peekProgress, progress } from "@/lib/domain/sign-in-state";
import { answerWithJson } from "@/lib/web/answer";
import { readBrowserCookie, readScreenCookie } from "@/lib/web/cookies";
import { handlers } from "@/lib/web/handler";

export const { GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS } = handlers({
  operation: {
    id: "readProgress",
    summary:
      "How far the sign-in of this browser has come: what the script of `/check-email` asks every second",
    answers: { 200: { description: "Nothing is asked for, or how far it is.", body: progress } },
  },
  GET: async () => {
    const browserToken = await readBrowserCookie();
    const request = browserToken ? await peekLatestRequest(browserToken) : null;
    if (!request) return answerWithJson({ signIn: "none" });
    return answerWithJson(await peekProgress(request, await readScreenCookie()));
  },
});
