import { headers } from "next/headers";
import { after } from "next/server";
import { cache } from "react";
import { findSession, renewedEnd, renewSession, type SignedIn } from "@/lib/domain/sessions";
import { log } from "@/lib/platform/log";
import { requestContext } from "@/lib/platform/request-context";
import { clientAddress } from "./client-address";
import { isInnerRequest, readSessionCookie, sessionCookieIn, sessionCookieLine } from "./cookies";
import { leaveWhenAway } from "./unavailable";

type Found = { signedIn: SignedIn; token: string };

/**
 * The session of this request, or null. At most one question to the database a request, however often it is called.
 * One that is in use is renewed every few minutes: the cookie with this answer, the row after it, so that nobody
 * waits for a write.
 * @throws when the database does not answer
 */
export const currentSession = cache(async (): Promise<SignedIn | null> => {
  const found = await find(await readSessionCookie());
  const expiresAt = found && renewedEnd(found.signedIn);
  if (expiresAt && !(await isInnerRequest())) renew(found, expiresAt, await headers());
  return found?.signedIn ?? null;
});

/**
 * The same of the request that a handler is given. It asks nothing of Next, so that `server.ts` can answer by itself.
 * @throws when the database does not answer
 */
export async function sessionOf({ headers }: Request): Promise<SignedIn | null> {
  const found = await find(sessionCookieIn(headers));
  const expiresAt = found && renewedEnd(found.signedIn);
  if (expiresAt) renew(found, expiresAt, headers);
  return found?.signedIn ?? null;
}

async function find(token: string | undefined): Promise<Found | null> {
  const signedIn = token ? await findSession(token).catch(leaveWhenAway) : null;
  const context = requestContext();
  if (context && signedIn) context.userId = signedIn.user.id;
  return token && signedIn ? { signedIn, token } : null;
}

function renew({ signedIn, token }: Found, expiresAt: Date, headers: Headers): void {
  const networkAddress = clientAddress(headers);
  const context = requestContext();
  // A page cannot set cookies, but the server that sends it can.
  if (context && signedIn.session.keepSignedIn)
    context.setCookies = [sessionCookieLine(token, expiresAt)];
  const write = () =>
    renewSession(signedIn, expiresAt, networkAddress).catch((error) =>
      log().error({ err: error }, "a session could not be renewed; the next request tries again"),
    );
  // Where no server of ours stands, what goes on after an answer has to be announced.
  if (context) setImmediate(write);
  else after(write);
}
