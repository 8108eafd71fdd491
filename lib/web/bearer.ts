import { findSessionOfToken } from "@/lib/domain/access-tokens";
import type { SignedIn } from "@/lib/domain/sessions";
import { Problem } from "./problem";
import { sessionOf } from "./session";

/**
 * Who sends this request: by their access token when there is one, or else by their session cookie.
 * @throws {Problem} 401 when nobody is signed in with either
 */
export async function requirePerson(request: Request): Promise<SignedIn> {
  const authorization = request.headers.get("authorization") ?? "";
  const [, token] = /^Bearer(?:\s+(.*))?$/i.exec(authorization) ?? [];
  const hasToken = /^Bearer\b/i.test(authorization);
  const signedIn = hasToken ? await findSessionOfToken(token ?? "") : await sessionOf(request);
  if (signedIn) return signedIn;
  // RFC 6750 3: what was wrong with it is nobody's business.
  const challenge = hasToken ? 'Bearer error="invalid_token"' : "Bearer";
  throw new Problem(
    401,
    hasToken
      ? "This access token is too old, has ended with its session, or is none of ours. Get a new one with POST /token."
      : "Nobody is signed in. Sign in at /sign-in and send the session cookie, or an access token.",
    { headers: { "www-authenticate": challenge } },
  );
}
