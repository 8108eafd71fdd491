import { type NextRequest, NextResponse } from "next/server";
import { environment } from "@/lib/platform/environment";
import { requestedPathHeader } from "@/lib/platform/requested-path";
import { randomToken } from "@/lib/platform/secrets";
import { securityHeaders } from "@/lib/platform/security-headers";

// A request that comes through `server.ts` has its policy already, and skips this.
export const config = {
  matcher: [
    {
      source: "/((?!_next/static/).*)",
      missing: [{ type: "header", key: "content-security-policy" }],
    },
  ],
};

/**
 * The headers that `server.ts` sets, where that does not run: in development and on Vercel. Never authorization:
 * who may see what is decided in pages, actions and handlers.
 */
export function proxy(request: NextRequest): NextResponse {
  const site = securityHeaders({
    ...environment(),
    nonce: randomToken(),
    isDevelopment: process.env.NODE_ENV === "development",
  });
  const headers = new Headers(request.headers);
  headers.set("content-security-policy", site["content-security-policy"]);
  headers.set(requestedPathHeader, request.nextUrl.pathname + request.nextUrl.search);
  const response = NextResponse.next({ request: { headers } });
  for (const [name, value] of Object.entries(site)) response.headers.set(name, value);
  return response;
}
