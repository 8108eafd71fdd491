import { unstable_rethrow } from "next/navigation";
import { isDatabaseFault } from "@/lib/platform/database/fault";
import { environment } from "@/lib/platform/environment";
import { LimitReached } from "@/lib/platform/limits";
import { log } from "@/lib/platform/log";
import { type Method, methods } from "./method";
import type { Needs, Operation } from "./operation";
import { methodNotAllowed, Problem, retryAfter, unavailable } from "./problem";
import { faultBehind } from "./unavailable";

type Reach = "own-origin" | "cross-origin";
/** What answers a request, and what its wrapper asks of who sends it. */
type Handler = ((request: Request) => Promise<Response>) & { needs?: Needs };
/** One method of a `route.ts`, with what `/openapi.json` tells of it. */
export type DescribedHandler = Handler & { operation?: Operation | undefined; reach?: Reach };

/**
 * The exports of a `route.ts`: other methods get 405, writes from elsewhere 403, and every fault an answer that says
 * what to do. Use it as `export const { GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS } = handlers({ operation, POST: … })`.
 * @param given one method, and the operation that it is; `app/openapi.json/routes.ts` lists the route
 * @param reach `cross-origin` where pages of `ALLOWED_ORIGINS` may call it, too (CORS)
 */
export function handlers(
  { operation, ...given }: Partial<Record<"GET" | "POST", Handler>> & { operation?: Operation },
  reach: Reach = "own-origin",
): Record<Method, DescribedHandler> {
  const byMethod: Partial<Record<Method, Handler>> = given.GET
    ? { ...given, HEAD: given.GET }
    : given;
  const answer = (method: Method) => {
    const own = guarded(byMethod, method, reach === "cross-origin");
    return reach === "cross-origin" ? withCors(own, method, Object.keys(byMethod)) : own;
  };
  const described = (method: Method) => {
    const { needs = {} } = byMethod[method] ?? {};
    return Object.assign(answer(method), method in given ? { operation, needs, reach } : {});
  };
  return Object.fromEntries(methods.map((method) => [method, described(method)])) as Record<
    Method,
    DescribedHandler
  >;
}

function guarded(
  byMethod: Partial<Record<Method, Handler>>,
  method: Method,
  isCrossOrigin: boolean,
): Handler {
  return async (request) => {
    try {
      const handler = byMethod[method];
      if (!handler) throw methodNotAllowed(method, Object.keys(byMethod));
      if (method !== "GET" && method !== "HEAD") requireKnownOrigin(request, isCrossOrigin);
      return await handler(request);
    } catch (thrown) {
      const error = faultBehind(thrown);
      // `requireUser` and the like leave a handler in Next's own way.
      unstable_rethrow(error);
      return answerTo(error).toResponse(request.headers);
    }
  };
}

/**
 * Browsers say where a write comes from, and another site cannot change what they say (ASVS 3.5.1).
 * A missing origin is refused like a foreign one: programs send it too.
 * @throws {Problem} 403
 */
function requireKnownOrigin(request: Request, isCrossOrigin: boolean): void {
  const { siteUrl } = environment();
  const origin = request.headers.get("origin");
  if (origin === siteUrl.origin || (isCrossOrigin && isAllowedOrigin(origin))) return;
  throw new Problem(
    403,
    `This request did not come from ${siteUrl.origin}. Open the site at that address and try again; programs send it as the Origin header.`,
  );
}

function tooOften({ retryAt }: LimitReached): Problem {
  const minutes = Math.ceil((retryAt.getTime() - Date.now()) / 60_000);
  const detail = `This has been done too often. It can be done again in ${minutes} minutes.`;
  return new Problem(429, detail, { headers: retryAfter(retryAt) });
}

function isAllowedOrigin(origin: string | null): boolean {
  return origin !== null && environment().allowedOrigins.includes(origin);
}

/** Lets the pages of `ALLOWED_ORIGINS`, and of no other site, read the answer, and asks for cookies (Fetch 3.2). */
function withCors(handler: Handler, method: Method, allowed: string[]): Handler {
  return async (request) => {
    const origin = request.headers.get("origin");
    if (!isAllowedOrigin(origin)) return addVary(await handler(request));
    const isPreflight =
      method === "OPTIONS" && request.headers.has("access-control-request-method");
    const answer = isPreflight ? preflight(allowed) : await handler(request);
    // Redirects and answers that are passed on cannot be changed.
    const response = new Response(answer.body, answer);
    response.headers.set("access-control-allow-origin", origin ?? "");
    response.headers.set("access-control-allow-credentials", "true");
    response.headers.set("access-control-expose-headers", "retry-after, www-authenticate");
    return addVary(response);
  };
}

function preflight(allowed: string[]): Response {
  return new Response(null, {
    status: 204,
    headers: {
      "access-control-allow-methods": allowed.join(", "),
      "access-control-allow-headers": "accept, authorization, content-type",
      "access-control-max-age": "600",
    },
  });
}

/** What is kept of an answer for one origin is none for another. */
function addVary(response: Response): Response {
  response.headers.append("vary", "Origin");
  return response;
}

/** A fault is never answered as "signed out", and tells nothing of the inside (ASVS 16.5.1). */
function answerTo(error: unknown): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof LimitReached) return tooOften(error);
  log().error({ err: error }, "a handler failed");
  return isDatabaseFault(error)
    ? unavailable()
    : new Problem(500, "Something went wrong here. Try again; if it stays, tell the site's owner.");
}
