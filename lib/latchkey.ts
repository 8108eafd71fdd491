/**
 * What a page, a server action or a route handler of the site needs to know about who is there.
 * Everything here asks the database at each request and fails closed: when the database does not answer
 * it throws, and the visitor sees that the site is away, never that they are signed out.
 */
import { forbidden, redirect } from "next/navigation";
import { cache } from "react";
import { emailUser as writeTo } from "@/lib/domain/email-user";
import type { NewMessage } from "@/lib/domain/message";
import { readProperties, type UserProperties } from "@/lib/domain/properties";
import { hasScope, listScopes } from "@/lib/domain/scopes";
import { isRecentlySignedIn } from "@/lib/domain/sessions";
import { log } from "@/lib/platform/log";
import { requestContext } from "@/lib/platform/request-context";
import { requestedPath } from "@/lib/web/requested-path";
import { signInPath, stepUpPath } from "@/lib/web/return-to";
import { currentSession } from "@/lib/web/session";

export type CurrentUser = {
  id: string;
  /** The canonical address: the identity. */
  email: string;
  /** The address as the person typed it: for showing. */
  emailTyped: string;
  /** What they want to be called, or null. */
  name: string | null;
  /** Their name, or their address while they have given none: for showing. */
  displayName: string;
  /** Whether they have the scope `admin`, also by `super`. */
  isAdmin: boolean;
  /** What the site keeps about them, in the shape of `lib/domain/properties.ts`. */
  properties: UserProperties;
};

/**
 * The person who is signed in, or null. At most one question to the database a request, however often it is called.
 * @throws when the database does not answer
 */
export const currentUser = cache(async (): Promise<CurrentUser | null> => {
  const signedIn = await currentSession();
  if (!signedIn) return null;
  const { id, email, emailTyped, name, isAdmin } = signedIn.user;
  const properties = readProperties(signedIn.user);
  return { id, email, emailTyped, name, displayName: name ?? emailTyped, isAdmin, properties };
});

/**
 * The person who is signed in; a visitor who is not is sent to sign in, and comes back to this page afterwards.
 * @throws Next's redirect (307) when nobody is signed in, and when the database does not answer
 */
export async function requireUser(): Promise<CurrentUser> {
  return (await currentUser()) ?? redirect(signInPath(await requestedPath()));
}

/**
 * The person who is signed in and has this scope (`admin`, `super`, or one of the site's own). A visitor is sent to sign in;
 * who lacks the scope sees a 403 page that names it. A change of scopes holds on the next request.
 * @throws Next's redirect (307) or 403, and when the database does not answer
 */
export async function requireScope(scope: string): Promise<CurrentUser> {
  const user = await requireUser();
  if (hasScope(await currentScopes(), scope)) return user;
  const context = requestContext();
  log().warn({ userId: user.id, scope, requestId: context?.requestId }, "a page was refused");
  if (context) context.missingScope = scope;
  return forbidden();
}

/**
 * What the person who is signed in may: `authenticated`, and what they were granted. Nothing for a visitor.
 * @throws when the database does not answer
 */
export const currentScopes = cache(async (): Promise<string[]> => {
  const user = await currentUser();
  return user ? await listScopes(user.id) : [];
});

/** For pages that make no sense to somebody signed in, such as the sign-in page: sends them on to `path`. */
export async function signedOutOnly(path: string): Promise<void> {
  if (await currentUser()) redirect(path);
}

/**
 * Before something sensitive: the person, once they have proved lately (`RECENT_MINUTES`) who they are. Others are asked
 * once more, and come back to this page afterwards. For pages: a handler that is asked too late would lose its form, and
 * is better wrapped in `recentAct`.
 * @throws Next's redirect (307), and when the database does not answer
 */
export async function requireRecentSignIn(): Promise<CurrentUser> {
  const user = await requireUser();
  const signedIn = await currentSession();
  if (signedIn && (await isRecentlySignedIn(signedIn))) return user;
  return redirect(stepUpPath(await requestedPath()));
}

/**
 * Writes to a user, in the frame of the site's mails: a subject, plain text whose blank lines part paragraphs and whose web
 * addresses become links, and a button if there is one. It waits in the outbox and is tried for seven days; on record it is
 * the site that wrote. Whether the person who asked for it may do so is for the caller to ask.
 * @param user somebody with an account, such as `requireUser` gives
 * @returns the id of the mail
 * @throws {InvalidMessage} which says what is wrong with the message, and {AdministrationRefused} when the account is gone
 */
export async function emailUser(user: { id: string }, message: NewMessage): Promise<string> {
  const client = { userAgent: "", networkAddress: "" };
  return await writeTo({ id: "system", client }, user.id, message);
}
