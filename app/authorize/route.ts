import { z } from "zod";
import { hasScope, listScopes } from "@/lib/domain/scopes";
import { wantsPage } from "@/lib/web/accept";
import { requirePerson } from "@/lib/web/bearer";
import { handlers } from "@/lib/web/handler";
import { Problem } from "@/lib/web/problem";
import { signInAddress } from "@/lib/web/return-to";

const scopeName = z.string().max(100);

/**
 * What a reverse proxy asks before it lets a request through (nginx `auth_request`, Caddy `forward_auth`): who it is, and with
 * `?scope=` whether they may. Of a person who is not signed in it learns in `Location` where they can, and come back from: proxies
 * cannot escape an address in another.
 */
export const { GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS } = handlers({
  GET: async (request) => {
    const { user } = await requirePerson(request).catch((problem) => {
      throw withSignIn(problem, request.headers);
    });
    const scopes = await listScopes(user.id);
    const asked = new URL(request.url).searchParams.getAll("scope");
    const missing = asked.find((scope) => !hasScope(scopes, scopeName.catch("").parse(scope)));
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
