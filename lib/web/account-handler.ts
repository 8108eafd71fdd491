import { z } from "zod";
import { consumePausedAct, type Fields, pauseAct } from "@/lib/domain/paused-act";
import { isRecentlySignedIn, type SignedIn } from "@/lib/domain/sessions";
import { environment } from "@/lib/platform/environment";
import { wantsPage } from "./accept";
import { seeOther } from "./answer";
import { readInput } from "./input";
import type { Needs } from "./operation";
import { Problem } from "./problem";
import { signInPath, stepUpPath } from "./return-to";
import { currentSession } from "./session";

export type Act = (
  request: Request,
  signedIn: SignedIn,
  input: Record<string, unknown>,
) => Promise<Response>;

/**
 * A handler for somebody who is signed in; a visitor is sent to sign in, or told 401.
 * @param page where its form is, and where a visitor comes back to
 * @param further what `act` asks for itself
 */
export function signedInAct(page: string, act: Act, further: Needs = {}) {
  const handler = async (request: Request): Promise<Response> => {
    if (await currentSession()) {
      const input = await readInput(request);
      // Asked again: a body can take its time, and whoever sends it may have been signed out or blocked meanwhile.
      const signedIn = await currentSession();
      if (signedIn) return await act(request, signedIn, input);
    }
    if (wantsPage(request.headers)) return seeOther(signInPath(page));
    throw notSignedIn();
  };
  return Object.assign(handler, { needs: { ...further, session: true } });
}

/** @throws {Problem} 401 when nobody is signed in */
export async function requireSession(): Promise<SignedIn> {
  const signedIn = await currentSession();
  if (signedIn) return signedIn;
  throw notSignedIn();
}

function notSignedIn(): Problem {
  return new Problem(401, "Nobody is signed in with this cookie. Sign in and try again.");
}

/**
 * The same for something sensitive: who has not proved lately who they are is asked once more, and what they sent is
 * kept and goes on afterwards (ASVS 7.5.1).
 */
export function recentAct(page: string, act: Act) {
  return signedInAct(page, afterRecentSignIn(page, act), { isRecent: true });
}

/** What `/resume` adds to the fields that were kept. */
export const resumption = z.object({ resumed: z.string().optional().catch(undefined) });

/** The act, once the person has proved lately who they are; for what asks something else of them first. */
export function afterRecentSignIn(page: string, act: Act): Act {
  return async (request, signedIn, input) => {
    const { resumed } = resumption.parse(input);
    if (!(await isRecentlySignedIn(signedIn))) return await askOnceMore(request, signedIn, input);
    // Going back in the browser, and on again, does nothing twice.
    if (resumed !== undefined && !(await consumePausedAct(signedIn, resumed))) {
      if (wantsPage(request.headers)) return seeOther(page);
      throw new Problem(409, "This has gone on already, or was given up. Begin again.");
    }
    return await act(request, signedIn, input);
  };
}

async function askOnceMore(
  request: Request,
  signedIn: SignedIn,
  input: Record<string, unknown>,
): Promise<Response> {
  if (!wantsPage(request.headers)) {
    const minutes = environment().recent / 60_000;
    throw new Problem(
      403,
      `This needs a sign-in that is not older than ${minutes} minutes. Sign in again and repeat it.`,
    );
  }
  const fields = Object.entries(input).filter((entry): entry is [string, string] => {
    const [name, value] = entry;
    return typeof value === "string" && name !== "resumed";
  });
  const { pathname } = new URL(request.url);
  const id = await pauseAct(signedIn, pathname, Object.fromEntries(fields) satisfies Fields);
  return seeOther(stepUpPath(`/resume?act=${id}`));
}
