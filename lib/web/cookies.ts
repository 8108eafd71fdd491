import { cookies } from "next/headers";
import type { MintedSession } from "@/auth";
import { days } from "@/lib/platform/duration";
import { environment } from "@/lib/platform/environment";
import { randomToken } from "@/lib/platform/secrets";

/** How long a browser is remembered as the one that asked. The value names nobody. */
const browserLifetime = days(30);

/** With `__Host-` no other host, a subdomain neither, can set or read it (RFC 6265bis 4.1.3.2, ASVS 3.3.1). */
function prefixed(name: string): string {
  return environment().https ? `__Host-${name}` : name;
}

function attributes() {
  return { httpOnly: true, secure: environment().https, sameSite: "lax", path: "/" } as const;
}

/** The value of the session cookie, or undefined. It is not checked here. */
export async function readSessionCookie(): Promise<string | undefined> {
  return (await cookies()).get(prefixed(environment().sessionCookie))?.value || undefined;
}

/** Without "keep me signed in" the browser forgets it when it closes. */
export async function setSessionCookie({
  token,
  expiresAt,
  keepSignedIn,
}: MintedSession): Promise<void> {
  (await cookies()).set(prefixed(environment().sessionCookie), token, {
    ...attributes(),
    ...(keepSignedIn ? { expires: expiresAt } : {}),
  });
}

export async function clearSessionCookie(): Promise<void> {
  (await cookies()).set(prefixed(environment().sessionCookie), "", { ...attributes(), maxAge: 0 });
}

/** The value that binds sign-ins to this browser, or undefined when it has asked for none. */
export async function readBrowserCookie(): Promise<string | undefined> {
  return (await cookies()).get(prefixed("sign_in_browser"))?.value || undefined;
}

/** The value that binds sign-ins to this browser, new or renewed. */
export async function bindBrowser(): Promise<string> {
  const known = await readBrowserCookie();
  // Only a value of our own making: a short one could be guessed.
  const token = known && /^[\w-]{43}$/.test(known) ? known : randomToken();
  (await cookies()).set(prefixed("sign_in_browser"), token, {
    ...attributes(),
    maxAge: browserLifetime / 1000,
  });
  return token;
}
