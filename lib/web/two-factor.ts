import { z } from "zod";
import {
  type FactorProblem,
  type GivenFactor,
  proveFactor,
  type Trier,
} from "@/lib/domain/factor-proof";
import { wakeMailWorker } from "@/lib/domain/mail-worker";
import type { MailWay } from "@/lib/domain/redemption";
import type { SignedIn } from "@/lib/domain/sessions";
import { type Attempt, endAttempt, findAttempt } from "@/lib/domain/two-factor-attempt";
import { countSignIn } from "@/lib/platform/metrics";
import { hashToken } from "@/lib/platform/secrets";
import { wantsPage } from "./accept";
import { seeOther } from "./answer";
import { clearAttemptCookie, readAttemptCookie, readBrowserCookie } from "./cookies";
import { refuseFactor } from "./factor-problem";
import { Problem } from "./problem";
import { safeReturnTo } from "./return-to";
import { enter } from "./sign-in";
import { describeClient } from "./visitor";

/** What a challenge of a passkey is made for: it answers nothing else. */
export const challengeFor = {
  signIn: (browserToken: string) => `sign-in ${hashToken(browserToken)}`,
  secondFactor: ({ id }: Attempt) => `second factor ${id}`,
  enrolment: ({ id }: Attempt) => `enrolment ${id}`,
  stepUp: ({ session }: SignedIn) => `step-up ${session.id}`,
  newPasskey: ({ session }: SignedIn) => `new passkey ${session.id}`,
};

const page = "/two-factor";
/** One of the two is wanted. */
export const factorFields = z.object({
  code: z.string().default("").catch("").describe("Of an app, or a recovery code."),
  passkey: z.string().default("").catch("").describe("What a passkey has answered, as JSON."),
  /** Which form it was, so that it is shown again. */
  by: z.literal("recovery").optional().catch(undefined),
});

/** The sign-in of this browser that waits for its second factor, or null. */
export async function currentAttempt(): Promise<Attempt | null> {
  const token = await readAttemptCookie();
  return token ? await findAttempt(token) : null;
}

/** Ends it, if there is one. */
export async function endCurrentAttempt(): Promise<void> {
  const attempt = await currentAttempt();
  if (attempt) await endAttempt(attempt.id);
  if (await readAttemptCookie()) await clearAttemptCookie();
}

/** @throws {Problem} 401 when no sign-in waits in this browser */
export async function requireAttempt(): Promise<Attempt> {
  const attempt = await currentAttempt();
  if (attempt) return attempt;
  throw attemptOver();
}

/** Nothing waits here: it took too long, or has ended. */
export function answerAttemptOver(request: Request): Response {
  if (wantsPage(request.headers)) return seeOther(`${page}?problem=attempt-over`);
  throw attemptOver();
}

function attemptOver(): Problem {
  return new Problem(401, "No sign-in waits for a second factor here. Sign in again.");
}

/** What a form gives for a second factor. */
function readFactor(input: Record<string, unknown>, subject: string): GivenFactor {
  const { code, passkey } = factorFields.parse(input);
  return passkey ? { passkey, subject } : { typed: code };
}

/** Which form it was: what its page needs to show it again. */
function readForm(input: Record<string, unknown>): Record<string, string> {
  const { by } = factorFields.parse(input);
  return by ? { by } : {};
}

/** Who gives a second factor, for the record and the mail. */
async function describeTrier(headers: Headers): Promise<Trier> {
  const browserToken = await readBrowserCookie();
  return {
    client: describeClient(headers),
    browserHash: browserToken ? hashToken(browserToken) : null,
  };
}

/**
 * The second factor of a sign-in that waits for it.
 * @returns the session, or the answer to what was wrong
 */
export async function passSecondFactor(
  request: Request,
  attempt: Attempt,
  input: Record<string, unknown>,
) {
  const { user } = attempt;
  const given = readFactor(input, challengeFor.secondFactor(attempt));
  const proof = await proveFactor(user, given, await describeTrier(request.headers));
  if ("problem" in proof) return await refuse(request, attempt, proof, readForm(input));
  const proved = { by: "second-factor", attempt, proof } as const;
  const outcome = await enter(request.headers, proved, user.email);
  if (!("refused" in outcome)) return outcome;
  if (outcome.refused === "attempt-over") return answerAttemptOver(request);
  return await refuseFactor(request, page, { problem: outcome.refused }, readForm(input));
}

/** Too many wrong ones end the sign-in: the next begins with a mail. */
async function refuse(
  request: Request,
  { next, way }: Attempt,
  proof: FactorProblem,
  kept: Record<string, string>,
): Promise<Response> {
  countSignIn(way as MailWay, "second_factor_refused");
  const isOver = proof.problem === "wrong-factor" && proof.retryAt !== undefined;
  if (!isOver) return await refuseFactor(request, page, proof, kept);
  await endCurrentAttempt();
  wakeMailWorker();
  return await refuseFactor(request, page, { ...proof, problem: "ended" }, { next });
}

/**
 * The second factor once more, of somebody who is signed in: the session goes on under a new value.
 * @param next where they go on to
 */
export async function passStepUp(
  request: Request,
  signedIn: SignedIn,
  input: Record<string, unknown>,
  next: string | undefined,
) {
  const { user } = signedIn;
  const kept = { ...readForm(input), next: safeReturnTo(next) };
  const given = readFactor(input, challengeFor.stepUp(signedIn));
  const proof = await proveFactor(user, given, await describeTrier(request.headers));
  if ("problem" in proof) return await refuseFactor(request, "/step-up", proof, kept);
  const outcome = await enter(request.headers, { by: "step-up", signedIn, proof }, user.email);
  if (!("refused" in outcome)) return outcome;
  return await refuseFactor(request, "/step-up", { problem: outcome.refused }, kept);
}
