import { revokeSession } from "@/lib/domain/sessions";
import { wantsPage } from "@/lib/web/accept";
import { seeOther } from "@/lib/web/answer";
import { clearSessionCookie, readSessionCookie } from "@/lib/web/cookies";
import { handlers } from "@/lib/web/handler";

/** Ends this session on the server and clears its cookie; the same when nobody is signed in. */
export const { GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS } = handlers({
  POST: async (request) => {
    const token = await readSessionCookie();
    if (token) await revokeSession(token);
    await clearSessionCookie();
    const response = wantsPage(request.headers)
      ? seeOther("/")
      : new Response(null, { status: 204, headers: { "cache-control": "no-store" } });
    // What the browser keeps of private pages goes as well, the Back button's copies included (ASVS 14.3.1).
    response.headers.set("clear-site-data", '"cache", "storage"');
    return response;
  },
});
