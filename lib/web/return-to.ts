import { environment } from "@/lib/platform/environment";

/**
 * Where to go after signing in: a path of this site, or a page of an allowed origin; anything else, however
 * cleverly written, gives `AFTER_SIGN_IN_URL` (ASVS 3.7.2). Browsers read `/\evil` and `/.//evil` as other sites,
 * so the address is taken apart by the same rules as theirs and put together again.
 */
export function safeReturnTo(next: string | null | undefined): string {
  const { siteUrl, allowedOrigins, afterSignInUrl } = environment();
  if (!next || next.length > 2000 || !/^(\/|https?:)/i.test(next)) return afterSignInUrl;
  if (!URL.canParse(next, siteUrl)) return afterSignInUrl;
  const url = new URL(next, siteUrl);
  if (url.origin === siteUrl.origin && !url.pathname.startsWith("//"))
    return url.pathname + url.search + url.hash;
  return allowedOrigins.includes(url.origin) && !url.username && !url.password
    ? url.href
    : afterSignInUrl;
}

/** The sign-in page that leads back to `path`. */
export function signInPath(path: string): string {
  return `/sign-in?next=${encodeURIComponent(path).replaceAll("%2F", "/")}`;
}
