import { cookies } from "next/headers";
import type { MintedSession } from "@/auth";
import type { StartedAttempt } from "@/lib/domain/two-factor-attempt";
import { days } from "@/lib/platform/duration";
import { environment } from "@/lib/platform/environment";
import { requestContext } from "@/lib/platform/request-context";
import { keyedHash, randomToken } from "@/lib/platform/secrets";
import { sessionCookieName } from "@/lib/platform/session-cookie";

/** How long a browser is remembered as one that asked, or signed in, since it last did. The value names nobody. */
const browserLifetime = days(365);

/** With `__Host-` no other host, a subdomain neither, can set or read it (RFC 6265bis 4.1.3.2, ASVS 3.3.1). */
function prefixed(name: string): string {
  return environment().https ? `__Host-${name}` : name;
}

/** What the cookies are called that people are known by. */
export function cookieNames() {
  return {
    session: sessionName(),
    attempt: prefixed("two_factor"),
  };
}

function attributes() {
  return { httpOnly: true, secure: environment().https, sameSite: "lax", path: "/" } as const;
}

/** Only the session is shared with the hosts of `COOKIE_DOMAIN`, which `__Host-` forbids; what binds a sign-in to this browser is not. */
function sessionName(): string {
  return sessionCookieName(environment());
}

function sessionAttributes() {
  const { cookieDomain } = environment();
  return { ...attributes(), ...(cookieDomain && { domain: cookieDomain }) };
}

/** The value of the session cookie, or undefined. It is not checked here. */
export async function readSessionCookie(): Promise<string | undefined> {
  return (await cookies()).get(sessionName())?.value || undefined;
}

/** The same, out of the headers of a request. Of two of one name the last one counts, as for Next. */
export function sessionCookieIn(headers: Headers): string | undefined {
  const start = `${sessionName()}=`;
  const pairs = (headers.get("cookie") ?? "").split(/; */);
  return pairs.findLast((pair) => pair.startsWith(start))?.slice(start.length) || undefined;
}

/**
 * The value that a browser has kept from before `COOKIE_DOMAIN` was set, or taken out. It opens nothing: other hosts do not get
 * the one, so that a proxy's would send its person to sign in, and this site straight back; they may still have the other. Its
 * session ends with the next sign-in or sign-out.
 */
export async function readFormerSessionCookie(): Promise<string | undefined> {
  const name = formerSessionName();
  return name === sessionName() ? undefined : (await cookies()).get(name)?.value || undefined;
}

function formerSessionName(): string {
  const { cookieDomain, https, sessionCookie } = environment();
  return https && !cookieDomain ? `__Secure-${sessionCookie}` : prefixed(sessionCookie);
}

/** One that is shared can only be forgotten by name and domain, and the domain is not known any more. */
async function clearFormerSessionCookie(): Promise<void> {
  if ((await readFormerSessionCookie()) !== undefined)
    (await cookies()).set(formerSessionName(), "", { ...attributes(), maxAge: 0 });
}

/** Without "keep me signed in" the browser forgets it when it closes. */
export async function setSessionCookie({
  token,
  expiresAt,
  endsAt,
  keepSignedIn,
}: MintedSession): Promise<void> {
  // Where no server of ours can renew the cookie of a page, it lives as long as the row possibly can.
  const expires = requestContext() ? expiresAt : endsAt;
  await clearFormerSessionCookie();
  (await cookies()).set(sessionName(), token, {
    ...sessionAttributes(),
    ...(keepSignedIn && { expires }),
  });
}

/** The same as a line of a `Set-Cookie` header, for one that is kept and has been renewed. */
export function sessionCookieLine(token: string, expiresAt: Date): string {
  const { cookieDomain, https } = environment();
  const domain = cookieDomain ? `; Domain=${cookieDomain}` : "";
  return `${sessionName()}=${token}; Path=/${domain}; Expires=${expiresAt.toUTCString()}${https ? "; Secure" : ""}; HttpOnly; SameSite=Lax`;
}

export async function clearSessionCookie(): Promise<void> {
  await clearFormerSessionCookie();
  (await cookies()).set(sessionName(), "", { ...sessionAttributes(), maxAge: 0 });
}

/** From now on this browser is one that nobody knows. */
export async function clearBrowserCookie(): Promise<void> {
  (await cookies()).set(prefixed("sign_in_browser"), "", { ...attributes(), maxAge: 0 });
}

/** The value that binds sign-ins to this browser, or undefined when it has asked for none. */
export async function readBrowserCookie(): Promise<string | undefined> {
  return await readToken("sign_in_browser");
}

async function readToken(name: string): Promise<string | undefined> {
  const token = (await cookies()).get(prefixed(name))?.value ?? "";
  // Only a value of our own making: a short one could be guessed.
  return /^[\w-]{43}$/.test(token) ? token : undefined;
}

/** The value that binds sign-ins to this browser: the one it has, or a new one for `setBrowserCookie`. */
export async function ownBrowserToken(): Promise<string> {
  return (await readBrowserCookie()) ?? randomToken();
}

/** The value that belongs to the sign-in that is under way in this browser, and lives no longer than its mail. */
export async function readScreenCookie(): Promise<string | undefined> {
  return await readToken("sign_in_screen");
}

export async function setScreenCookie(token: string): Promise<void> {
  (await cookies()).set(prefixed("sign_in_screen"), token, {
    ...attributes(),
    maxAge: Math.ceil(environment().linkLifetime / 1000),
  });
}

/** The value that belongs to the sign-in that waits for its second factor in this browser. */
export async function readAttemptCookie(): Promise<string | undefined> {
  return await readToken("two_factor");
}

export async function setAttemptCookie({ token, expiresAt }: StartedAttempt): Promise<void> {
  (await cookies()).set(prefixed("two_factor"), token, { ...attributes(), expires: expiresAt });
}

export async function clearAttemptCookie(): Promise<void> {
  (await cookies()).set(prefixed("two_factor"), "", { ...attributes(), maxAge: 0 });
}

/**
 * The `Cookie` header of a request that the site makes to itself on this browser's behalf.
 * @param given values by name, instead of or beside those that the browser has
 */
export async function ownCookieHeader(
  given: { session?: string | undefined; [shownOnce]?: string } = {},
): Promise<string> {
  const browser = await readBrowserCookie();
  const values = {
    [innerRequest]: innerValue(),
    ...(browser && { [prefixed("sign_in_browser")]: browser }),
    ...(given.session && { [sessionName()]: given.session }),
    ...(given[shownOnce] && { [shownOnce]: given[shownOnce] }),
  };
  return Object.entries(values)
    .map(([name, value]) => `${name}=${value}`)
    .join("; ");
}

/** Whether the site asks itself for this page: nobody has been seen then. */
export async function isInnerRequest(): Promise<boolean> {
  return (await cookies()).get(innerRequest)?.value === innerValue();
}

/** What only the site itself can say, and says over loopback alone. */
function innerValue(): string {
  return keyedHash("inner request", innerRequest);
}

/** What the answer to a form shows, sealed: no browser ever gets this cookie. */
export async function readShownOnce(): Promise<string | undefined> {
  return (await cookies()).get(shownOnce)?.value;
}

const innerRequest = "inner_request";
export const shownOnce = "shown_once";

export async function setBrowserCookie(token: string): Promise<void> {
  (await cookies()).set(prefixed("sign_in_browser"), token, {
    ...attributes(),
    maxAge: browserLifetime / 1000,
  });
}
