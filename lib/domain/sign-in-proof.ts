import type { SignInRequest } from "@/lib/platform/database/client/client";
import { database } from "@/lib/platform/database/database";
import { environment } from "@/lib/platform/environment";
import { LimitReached } from "@/lib/platform/limits";
import { hashToken } from "@/lib/platform/secrets";
import { countCode, forgiveCode } from "./limits";
import { isCodeOf } from "./sign-in-request";

/** Why a link or a code signs nobody in. */
export const proofProblems = [
  "unknown",
  "used",
  "replaced",
  "expired",
  "other-browser",
  "malformed-code",
  "wrong-code",
  "paused",
  "blocked",
] as const;
export type ProofProblem = {
  problem: (typeof proofProblems)[number];
  /** After a wrong code. */
  triesLeft?: number;
  /** After too many wrong codes: when the next may be tried. */
  retryAt?: Date;
};

export type Proof = { request: SignInRequest } | ProofProblem;

/** A link as a page may show it. */
export type LinkView = {
  request: SignInRequest;
  /** Whether the browser that looks is the one that asked. */
  isOwn: boolean;
  state: "usable" | "used" | "replaced" | "expired";
};

/** As many mails as an address gets in an hour, by default; the code of an older one is of no more use. */
const mostCandidates = 5;

/** Looks at a link and never changes anything, however often and by whomever it is opened. */
export async function peekLink(
  linkToken: string,
  browserToken: string | undefined,
): Promise<LinkView | null> {
  const request = await database().signInRequest.findUnique({
    where: { linkHash: hashToken(linkToken) },
  });
  if (!request) return null;
  const isOwn = browserToken !== undefined && hashToken(browserToken) === request.browserHash;
  return { request, isOwn, state: stateOf(request) };
}

/**
 * The link proves the address in the browser that asked. In any other it proves nothing:
 * mail scanners open links and press buttons, and a stranger's link must not sign you in.
 */
export async function proveByLink(
  linkToken: string,
  browserToken: string | undefined,
): Promise<Proof> {
  await buryExpired({ linkHash: hashToken(linkToken) });
  const link = await peekLink(linkToken, browserToken);
  if (!link) return { problem: "unknown" };
  if (!link.isOwn) return { problem: link.state === "usable" ? "other-browser" : "unknown" };
  return link.state === "usable" ? { request: link.request } : { problem: link.state };
}

/** The code, typed in the browser that asked. It may be that of any of its mails to this address which still works. */
export async function proveByCode(code: string, browserToken: string | undefined): Promise<Proof> {
  if (!browserToken) return { problem: "unknown" };
  const browserHash = hashToken(browserToken);
  await buryExpired({ browserHash });
  const newest = await database().signInRequest.findFirst({
    where: { browserHash },
    orderBy: { createdAt: "desc" },
  });
  if (!newest) return { problem: "unknown" };
  const candidates = await database().signInRequest.findMany({
    // One guess must not be compared with the codes of many people.
    where: { browserHash, email: newest.email, ...stillUsable() },
    orderBy: { createdAt: "desc" },
    take: mostCandidates,
  });
  const state = stateOf(newest);
  return candidates.length === 0 && state !== "usable"
    ? { problem: state }
    : await tryCode(code, candidates, "codeTries");
}

/** Link and code together: whoever has both reads the mail, in whichever browser. */
export async function proveByLinkAndCode(linkToken: string, code: string): Promise<Proof> {
  await buryExpired({ linkHash: hashToken(linkToken) });
  const link = await peekLink(linkToken, undefined);
  if (!link) return { problem: "unknown" };
  // What has become of a link is told to the browser that asked, and that one needs no code.
  return link.state === "usable"
    ? await tryCode(code, [link.request], "codeTriesElsewhere")
    : { problem: "unknown" };
}

/**
 * Each try is counted before it is compared, by one conditional write: guesses sent all at once
 * get no more tries than guesses sent one by one (ASVS 6.6.3).
 */
async function tryCode(
  typed: string,
  candidates: SignInRequest[],
  counter: "codeTries" | "codeTriesElsewhere",
): Promise<Proof> {
  const code = readCode(typed);
  const email = candidates[0]?.email;
  if (!code || !email) return { problem: "malformed-code" };
  try {
    await countCode(email);
  } catch (error) {
    if (error instanceof LimitReached) return { problem: "paused", retryAt: error.retryAt };
    throw error;
  }
  const { codeAttempts } = environment();
  let triesLeft = 0;
  for (const request of candidates) {
    const { count } = await database().signInRequest.updateMany({
      where: { id: request.id, [counter]: { lt: codeAttempts } },
      data: { [counter]: { increment: 1 } },
    });
    if (count === 0) continue;
    if (isCodeOf(request, code)) {
      await forgiveCode(email);
      return { request };
    }
    triesLeft = Math.max(triesLeft, codeAttempts - request[counter] - 1);
  }
  return { problem: "wrong-code", triesLeft };
}

/** The six digits as people type them: with spaces and dashes, in full width. */
function readCode(typed: string): string | null {
  const digits = typed.normalize("NFKC").replace(/[\s\p{Pd}]/gu, "");
  return /^\d{6}$/.test(digits) ? digits : null;
}

/** A clock that is set back later does not bring them to life again. */
async function buryExpired(which: { linkHash: string } | { browserHash: string }): Promise<void> {
  const now = new Date();
  await database().signInRequest.updateMany({
    where: { ...which, expiredAt: null, expiresAt: { lte: now } },
    data: { expiredAt: now },
  });
}

function stateOf(request: SignInRequest): LinkView["state"] {
  if (request.usedAt) return "used";
  if (request.replacedAt) return "replaced";
  return request.expiredAt || request.expiresAt <= new Date() ? "expired" : "usable";
}

/** What a request must be for its link or code to count. */
export function stillUsable() {
  return { usedAt: null, replacedAt: null, expiredAt: null, expiresAt: { gt: new Date() } };
}
