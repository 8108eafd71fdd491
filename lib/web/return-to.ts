import { environment, isWithin } from "@/lib/platform/environment";

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
  if (url.origin === siteUrl.origin)
    return isDestination(url.pathname) ? url.pathname + url.search + url.hash : afterSignInUrl;
  return allowedOrigins.includes(url.origin) && !url.username && !url.password
    ? url.href
    : afterSignInUrl;
}

/** Not another host in disguise, and not the way in itself, which would send people round in circles. */
function isDestination(path: string): boolean {
  return (
    !path.startsWith("//") &&
    !/^\/(sign-in|check-email|confirm|stop-mails|not-me|undo-address|step-up|two-factor|auth)(\/|$)/.test(
      path,
    )
  );
}

/** The sign-in page that leads back to `path`. */
export function signInPath(path: string): string {
  return `/sign-in?next=${escaped(path)}`;
}

/**
 * The whole address of the sign-in page, for who wanted a page of another host behind a proxy.
 * @returns null where the session would not be seen: the proxy would send them here, and this site back, for ever
 */
export function signInAddress(wanted: string): string | null {
  const { siteUrl, cookieDomain } = environment();
  const next = safeReturnTo(wanted);
  const { hostname, protocol } = new URL(next, siteUrl);
  const isShared = cookieDomain !== undefined && isWithin(hostname, cookieDomain);
  if (protocol !== siteUrl.protocol || !(isShared || hostname === siteUrl.hostname)) return null;
  return new URL(signInPath(next), siteUrl).href;
}

/** The page that asks once more who somebody is, and leads back to `path`. */
export function stepUpPath(path: string): string {
  return `/step-up?next=${escaped(path)}`;
}

function escaped(path: string): string {
  return encodeURIComponent(path).replaceAll("%2F", "/");
}
