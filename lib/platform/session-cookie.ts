import type { Environment } from "./environment";

/**
 * What the session cookie is called. With `__Host-` no other host, a subdomain neither, can set or read it (RFC 6265bis 4.1.3.2,
 * ASVS 3.3.1); one that hosts of a domain share cannot have it.
 */
export function sessionCookieName({ cookieDomain, https, sessionCookie }: Environment): string {
  if (!https) return sessionCookie;
  return cookieDomain ? `__Secure-${sessionCookie}` : `__Host-${sessionCookie}`;
}
