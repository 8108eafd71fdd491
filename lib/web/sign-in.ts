import { z } from "zod";
import { askForSignIn, mintSession, type SignInOutcome } from "@/auth";
import { recordFailedSignIn } from "@/lib/domain/audit";
import { parseEmailAddress } from "@/lib/domain/email-address";
import { wakeMailWorker } from "@/lib/domain/mail-worker";
import { type MailWay, type Proved, SignInRefused } from "@/lib/domain/redemption";
import { type Proof, type ProofProblem, proofProblems } from "@/lib/domain/sign-in-proof";
import type { SignInAsk } from "@/lib/domain/sign-in-request";
import { LimitReached } from "@/lib/platform/limits";
import { log } from "@/lib/platform/log";
import { countSignIn, metrics, type SignInMetricWay } from "@/lib/platform/metrics";
import { randomToken } from "@/lib/platform/secrets";
import { wantsJson } from "./accept";
import { answerWithJson, seeOther } from "./answer";
import { type AskProblem, limitProblem } from "./ask-problem";
import {
  clearAttemptCookie,
  ownBrowserToken,
  readAttemptCookie,
  readFormerSessionCookie,
  readScreenCookie,
  readSessionCookie,
  setAttemptCookie,
  setBrowserCookie,
  setScreenCookie,
  setSessionCookie,
} from "./cookies";
import { type Operation, onward } from "./operation";
import { Problem, retryAfter } from "./problem";
import { describeProofProblem } from "./proof-problem";
import { safeReturnTo } from "./return-to";
import { describeClient, describeVisitor } from "./visitor";

/**
 * Stores a sign-in request of this browser and its mail. For an address with an account and for one without,
 * the same is done in the same time.
 * @returns why no mail is sent, or null when the mail is on its way
 * @throws when the database does not answer
 */
export async function startSignIn(
  headers: Headers,
  input: {
    email: string;
    next: string | undefined;
    keepSignedIn: boolean;
    /** For somebody who is signed in, and is asked once more who they are. */
    stepUp?: SignInAsk["stepUp"];
  },
): Promise<AskProblem | null> {
  const address = parseEmailAddress(input.email);
  if ("problem" in address) {
    metrics.signInMails.inc({ outcome: "malformed" });
    return address;
  }
  const browserToken = await ownBrowserToken();
  const screenToken = (await readScreenCookie()) ?? randomToken();
  try {
    await askForSignIn({
      address,
      keepSignedIn: input.keepSignedIn,
      next: safeReturnTo(input.next),
      stepUp: input.stepUp,
      visitor: { browserToken, screenToken, ...(await describeVisitor(headers)) },
    });
  } catch (error) {
    const isLimit = error instanceof LimitReached;
    metrics.signInMails.inc({ outcome: isLimit ? "limited" : "fault" });
    if (isLimit) return limitProblem(error.limit.name, error.retryAt);
    throw error;
  }
  metrics.signInMails.inc({ outcome: "queued" });
  await setBrowserCookie(browserToken);
  await setScreenCookie(screenToken);
  wakeMailWorker();
  return null;
}

/**
 * Turns what has been proved into a session of this browser, or into a sign-in that waits for its second factor.
 * @param email of the account
 * @returns why there is neither
 * @throws when the database does not answer
 */
export async function enter(
  headers: Headers,
  proved: Proved,
  email: string,
): Promise<SignInOutcome | { refused: SignInRefused["reason"] }> {
  const browserToken = await ownBrowserToken();
  try {
    const outcome = await mintSession({
      proved,
      email,
      visitor: { browserToken, ...(await describeVisitor(headers)) },
      formerSessionToken: (await readSessionCookie()) ?? (await readFormerSessionCookie()),
    });
    if ("session" in outcome) {
      await setSessionCookie(outcome.session);
      if (await readAttemptCookie()) await clearAttemptCookie();
      wakeMailWorker();
    } else await setAttemptCookie(outcome.attempt);
    await setBrowserCookie(browserToken);
    return outcome;
  } catch (error) {
    if (!(error instanceof SignInRefused)) throw error;
    return { refused: error.reason };
  }
}

/**
 * What becomes of a link, a code or a number.
 * @returns where to go, or why nobody is signed in
 * @throws when the database does not answer
 */
export async function finishSignIn(
  headers: Headers,
  way: MailWay,
  proof: Proof,
): Promise<SignedInAnswer | ProofProblem> {
  if ("problem" in proof) {
    await recordFailure(way, proof, headers);
    return proof;
  }
  const { request } = proof;
  const { email, next } = request;
  const outcome = await enter(headers, { by: "mail", requestId: request.id, way }, email);
  if (!("refused" in outcome)) return whereTo(outcome, next);
  const problem = proofProblems.find((known) => known === outcome.refused) ?? "unknown";
  const refusal = { problem, email };
  await recordFailure(way, refusal, headers);
  return refusal;
}

/** Where to go on to: to the page, or to the second factor, which leads there. */
export const signedInAnswer = z.object({
  status: z.enum(["signed_in", "second_factor_required"]),
  next: z.string(),
});
type SignedInAnswer = z.infer<typeof signedInAnswer>;

/** What `answerEntered` gives. */
export const entered = {
  200: { description: "Signed in, or half of it.", body: signedInAnswer },
  ...onward,
} satisfies Operation["answers"];

export function whereTo(outcome: SignInOutcome, next: string | undefined): SignedInAnswer {
  return "session" in outcome
    ? { status: "signed_in", next: safeReturnTo(next) }
    : { status: "second_factor_required", next: "/two-factor" };
}

/** The answer to whoever has proved something: on to the next page, or its address for a program. */
export function answerEntered(request: Request, answer: SignedInAnswer): Response {
  return wantsJson(request.headers) ? answerWithJson(answer) : seeOther(answer.next);
}

/** What is wrong is counted, and written down with the account (ASVS 16.3.1); what nobody's guess was, or came too often, in the log alone. */
export async function recordFailure(
  way: SignInMetricWay,
  problem: ProofProblem,
  headers: Headers,
): Promise<void> {
  countSignIn(way, "refused");
  const client = describeClient(headers);
  log().warn(
    { problem: problem.problem, networkAddress: client.networkAddress },
    "sign-in refused",
  );
  if (problem.email) await recordFailedSignIn(problem.email, problem.problem, client);
}

/**
 * The answer to a tap on a link, or a typed code.
 * @param formPath the page of the form, which says what went wrong
 */
export async function answerSignIn(
  request: Request,
  outcome: Awaited<ReturnType<typeof finishSignIn>>,
  formPath: string,
): Promise<Response> {
  if ("problem" in outcome) return await answerProofProblem(request, outcome, formPath);
  return answerEntered(request, outcome);
}

/** Back to the page of the form, which says what went wrong; to a program, a problem. */
export async function answerProofProblem(
  request: Request,
  outcome: ProofProblem,
  formPath: string,
): Promise<Response> {
  const { problem, triesLeft, retryAt } = outcome;
  if (wantsJson(request.headers)) {
    const detail = await describeProofProblem(outcome);
    if (retryAt) throw new Problem(429, detail, { headers: retryAfter(retryAt) });
    const field = problem.endsWith("-number") ? "number" : "code";
    throw new Problem(422, detail, { errors: [{ field, code: problem, detail }] });
  }
  const form = new URL(formPath, "http://form");
  form.searchParams.set("problem", problem);
  if (triesLeft !== undefined) form.searchParams.set("left", String(triesLeft));
  if (retryAt) form.searchParams.set("until", retryAt.toISOString());
  return seeOther(form.pathname + form.search);
}
