import { getTranslations } from "next-intl/server";
import { askForSignIn, mintSession } from "@/auth";
import { type EmailAddressProblem, parseEmailAddress } from "@/lib/domain/email-address";
import { wakeMailWorker } from "@/lib/domain/mail-worker";
import { SignInRefused } from "@/lib/domain/redemption";
import type { Proof, ProofProblem } from "@/lib/domain/sign-in-proof";
import { seeOther, wantsJson } from "./answer";
import { bindBrowser, readSessionCookie, setSessionCookie } from "./cookies";
import { Problem } from "./problem";
import { safeReturnTo } from "./return-to";
import { describeVisitor } from "./visitor";

/**
 * Stores a sign-in request of this browser and its mail. For an address with an account and for one without,
 * the same is done in the same time.
 * @returns the problem with the address, or null when the mail is on its way
 * @throws when the database does not answer
 */
export async function startSignIn(
  headers: Headers,
  input: { email: string; next: string | undefined; keepSignedIn: boolean },
): Promise<EmailAddressProblem | null> {
  const address = parseEmailAddress(input.email);
  if ("problem" in address) return address.problem;
  await askForSignIn({
    address,
    keepSignedIn: input.keepSignedIn,
    next: safeReturnTo(input.next),
    visitor: { browserToken: await bindBrowser(), ...describeVisitor(headers) },
  });
  wakeMailWorker();
  return null;
}

/**
 * Turns what has been proved into a session of this browser.
 * @returns where to go, or why nobody is signed in
 * @throws when the database does not answer
 */
export async function finishSignIn(
  headers: Headers,
  proof: Proof,
): Promise<{ next: string } | ProofProblem | { problem: "blocked" }> {
  if ("problem" in proof) return proof;
  try {
    const session = await mintSession({
      request: proof.request,
      visitor: describeVisitor(headers),
      endedSessionToken: await readSessionCookie(),
    });
    await setSessionCookie(session);
    return { next: safeReturnTo(proof.request.next) };
  } catch (error) {
    if (error instanceof SignInRefused) return { problem: error.reason };
    throw error;
  }
}

/**
 * The answer to a tap on a link or a typed code.
 * @param formPath the page of the form, which says what went wrong
 */
export async function answerSignIn(
  request: Request,
  outcome: Awaited<ReturnType<typeof finishSignIn>>,
  formPath: string,
): Promise<Response> {
  if ("next" in outcome) {
    return wantsJson(request.headers)
      ? Response.json(
          { status: "signed_in", next: outcome.next },
          { headers: { "cache-control": "no-store" } },
        )
      : seeOther(outcome.next);
  }
  const triesLeft = "triesLeft" in outcome ? outcome.triesLeft : undefined;
  if (wantsJson(request.headers)) {
    const t = await getTranslations("proof.problem");
    const detail = t(outcome.problem, { triesLeft: triesLeft ?? 0 });
    throw new Problem(422, detail, { errors: [{ field: "code", code: outcome.problem, detail }] });
  }
  const form = new URL(formPath, "http://form");
  form.searchParams.set("problem", outcome.problem);
  if (triesLeft !== undefined) form.searchParams.set("left", String(triesLeft));
  return seeOther(form.pathname + form.search);
}
