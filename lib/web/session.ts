import { headers } from "next/headers";
import { after } from "next/server";
import { cache } from "react";
import { findSession, renewedEnd, renewSession, type SignedIn } from "@/lib/domain/sessions";
import { log } from "@/lib/platform/log";
import { requestContext } from "@/lib/platform/request-context";
import { clientAddress } from "./client-address";
import { isInnerRequest, readSessionCookie, sessionCookieLine } from "./cookies";

/**
 * The session of this request, or null. At most one question to the database a request, however often it is called.
 * One that is in use is renewed every few minutes: the cookie with this answer, the row after it, so that nobody
 * waits for a write.
 * @throws when the database does not answer
 */
export const currentSession = cache(async (): Promise<SignedIn | null> => {
  const token = await readSessionCookie();
  const signedIn = token ? await findSession(token) : null;
  const context = requestContext();
  if (context && signedIn) context.userId = signedIn.user.id;
  const expiresAt = signedIn && renewedEnd(signedIn);
  if (token && expiresAt && !(await isInnerRequest())) await renew(signedIn, token, expiresAt);
  return signedIn;
});

async function renew(signedIn: SignedIn, token: string, expiresAt: Date): Promise<void> {
  const networkAddress = clientAddress(await headers());
  // A page cannot set cookies, but the server that sends it can.
  const context = requestContext();
  if (context && signedIn.session.keepSignedIn)
    context.setCookies = [sessionCookieLine(token, expiresAt)];
  after(async () => {
    await renewSession(signedIn, expiresAt, networkAddress).catch((error) =>
      log().error({ err: error }, "a session could not be renewed; the next request tries again"),
    );
  });
}
