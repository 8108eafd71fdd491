import { z } from "zod";
import { hasScope, listScopes } from "@/lib/domain/scopes";
import { wantsPage } from "@/lib/web/accept";
import { requirePerson } from "@/lib/web/bearer";
import { handlers } from "@/lib/web/handler";
import { Problem } from "@/lib/web/problem";
import { signInAddress } from "@/lib/web/return-to";

const query = z.object({ scope: z.array(z.string()).default([]) });

/**
 * What a reverse proxy asks before it lets a request through (nginx `auth_request`, Caddy `forward_auth`): who it is, and with
 * `?scope=` whether they may. Of a person who is not signed in it learns in `Location` where they can, and come back from: proxies
 * cannot escape an address in another.
 */
export const { GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS } = handlers({
  operation: {
    id: "authorize",
    summary: "Tells a reverse proxy who it is, and whether they have every `scope`",
    query,
    sender: ["session", "access_token"],
    answers: {
      204: {
        description: "They may.",
        headers: {
          "X-User-Id": "The account.",
          "X-User-Email": "Its address.",
          "X-User-Scopes": "Its scopes, with spaces between.",
        },
      },
    },
    problems: [401, 403],
  },
  GET: async (request) => {
    const { user } = await requirePerson(request).catch((problem) => {
      throw withSignIn(problem, request.headers);
    });
    const scopes = await listScopes(user.id);
    const { searchParams } = new URL(request.url);
    const asked = query.parse({ scope: searchParams.getAll("scope") });
    const missing = asked.scope.find((scope) => !hasScope(scopes, scope));
    if (missing !== undefined)
      throw new Problem(403, `This needs the scope ${JSON.stringify(missing.slice(0, 100))}.`);
    return new Response(null, {
      status: 204,
      headers: {
        "cache-control": "no-store",
        "x-user-id": user.id,
        "x-user-email": user.email,
        "x-user-scopes": scopes.join(" "),
      },
    });
  },
});

function withSignIn(problem: unknown, headers: Headers): unknown {
  const wanted = headers.get("x-original-url");
  const location = wanted && wantsPage(headers) ? signInAddress(wanted) : null;
  if (!(problem instanceof Problem) || !location) return problem;
  return new Problem(problem.status, problem.detail, {
    headers: { ...problem.extra.headers, location },
  });
}
