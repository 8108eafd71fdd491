import { type NextRequest, NextResponse } from "next/server";
import { environment } from "@/lib/platform/environment";
import { requestedPathHeader } from "@/lib/platform/requested-path";
import { securityHeaders } from "@/lib/platform/security-headers";
import { type RefusedRequest, refusalOf } from "@/lib/web/refused-request";

// A request that comes through `server.ts` has its policy already, and skips this. Who sends one where that does not run
// gets a page without, and nobody else can be made to.
export const config = {
  matcher: [
    {
      source: "/((?!_next/static/).*)",
      missing: [{ type: "header", key: "content-security-policy" }],
    },
  ],
};

/**
 * The headers that `server.ts` sets and what it refuses, where that does not run: in development and on Vercel. Never
 * authorization: who may see what is decided in pages, actions and handlers. Nothing here needs Node, so that it can run at an edge.
 */
export function proxy(request: NextRequest): NextResponse {
  const site = securityHeaders({
    ...environment(),
    nonce: randomNonce(),
    isDevelopment: process.env.NODE_ENV === "development",
  });
  // By the number under which Vercel logs it.
  const requestId = request.headers.get("x-vercel-id") ?? crypto.randomUUID();
  const headers = new Headers(request.headers);
  headers.set("content-security-policy", site["content-security-policy"]);
  headers.set(requestedPathHeader, request.nextUrl.pathname + request.nextUrl.search);
  headers.set("x-request-id", requestId);
  const refused = refusalOf(request.method, request.url);
  const response = refused ? refuse(refused) : NextResponse.next({ request: { headers } });
  for (const [name, value] of Object.entries({ ...site, "x-request-id": requestId }))
    response.headers.set(name, value);
  return response;
}

function refuse({ status, title, detail, allow }: RefusedRequest): NextResponse {
  const problem = { type: "about:blank", title, status, detail };
  return NextResponse.json(problem, {
    status,
    headers: {
      "content-type": "application/problem+json",
      "cache-control": "no-store",
      ...(allow !== undefined && { allow }),
    },
  });
}

function randomNonce(): string {
  return btoa(String.fromCharCode(...crypto.getRandomValues(new Uint8Array(16))));
}
