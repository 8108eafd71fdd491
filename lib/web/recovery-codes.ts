import { z } from "zod";
import { seal, unseal } from "@/lib/platform/secrets";
import { wantsJson } from "./accept";
import { answerWithJson, answerWithPage } from "./answer";
import { ownCookieHeader, readSessionCookie, readShownOnce, shownOnce } from "./cookies";
import type { Operation } from "./operation";

const page = "/account/two-factor/recovery-codes";
const answer = z.object({ next: z.string(), recovery_codes: z.array(z.string()) });

/**
 * What `answerWithRecoveryCodes` gives.
 * @param other the answer where there are codes already
 */
export function withRecoveryCodes(other?: z.ZodObject) {
  const codes = other ? answer.extend(other.shape) : answer;
  const body = other ? z.union([codes, other]) : codes;
  return {
    200: { description: "Recovery codes, shown this once.", body, isPage: true },
  } satisfies Operation["answers"];
}

/**
 * Shows recovery codes in the answer to the form that made them, and nowhere else: they are kept as hashes only.
 * @param on where to go on to
 * @param sessionToken of the session that this answer begins; without it, the one that there is
 */
export async function answerWithRecoveryCodes(
  request: Request,
  codes: string[],
  on: { next: string; status?: string },
  sessionToken?: string,
): Promise<Response> {
  if (wantsJson(request.headers)) return answerWithJson({ ...on, recovery_codes: codes });
  const cookie = await ownCookieHeader({
    session: sessionToken ?? (await readSessionCookie()),
    [shownOnce]: seal("recovery codes", JSON.stringify(codes)),
  });
  const query = new URLSearchParams({ next: on.next });
  return await answerWithPage(request, `${page}?${query}`, 200, {}, cookie);
}

/** The codes that this page is asked to show; null unless the site itself asks. */
export async function readRecoveryCodes(): Promise<string[] | null> {
  const sealed = await readShownOnce();
  if (!sealed) return null;
  try {
    return z.array(z.string()).parse(JSON.parse(unseal("recovery codes", sealed)));
  } catch {
    // Made up by a visitor.
    return null;
  }
}
