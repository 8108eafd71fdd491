import { unstable_rethrow } from "next/navigation";
import { isDatabaseFault } from "@/lib/platform/database/fault";
import { environment } from "@/lib/platform/environment";
import { LimitReached } from "@/lib/platform/limits";
import { log } from "@/lib/platform/log";
import { type Method, methodNotAllowed, methods } from "./method";
import { Problem, retryAfter, unavailable } from "./problem";

type Handler = (request: Request) => Promise<Response>;

/**
 * The exports of a `route.ts`: other methods get 405, writes from elsewhere 403, and every fault an answer that says
 * what to do. Use it as `export const { GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS } = handlers({ POST: … })`.
 */
export function handlers(given: Partial<Record<"GET" | "POST", Handler>>): Record<Method, Handler> {
  const byMethod: Partial<Record<Method, Handler>> = given.GET
    ? { ...given, HEAD: given.GET }
    : given;
  return Object.fromEntries(methods.map((method) => [method, guarded(byMethod, method)])) as Record<
    Method,
    Handler
  >;
}

function guarded(byMethod: Partial<Record<Method, Handler>>, method: Method): Handler {
  return async (request) => {
    try {
      const handler = byMethod[method];
      if (!handler) throw methodNotAllowed(method, Object.keys(byMethod));
      if (method !== "GET" && method !== "HEAD") requireOwnOrigin(request);
      return await handler(request);
    } catch (error) {
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
function requireOwnOrigin(request: Request): void {
  const { siteUrl } = environment();
  if (request.headers.get("origin") === siteUrl.origin) return;
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

/** A fault is never answered as "signed out", and tells nothing of the inside (ASVS 16.5.1). */
function answerTo(error: unknown): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof LimitReached) return tooOften(error);
  log().error({ err: error }, "a handler failed");
  return isDatabaseFault(error)
    ? unavailable()
    : new Problem(500, "Something went wrong here. Try again; if it stays, tell the site's owner.");
}
