import type { SignInRequest } from "@/lib/platform/database/client/client";
import { database } from "@/lib/platform/database/database";
import { environment } from "@/lib/platform/environment";
import { hashToken } from "@/lib/platform/secrets";
import { readDigits } from "./digits";
import { countGuess, forgiveGuess } from "./limits";
import type { MailWay } from "./redemption";
import { isCodeOf } from "./sign-in-request";
import {
  type Ending,
  findApproved,
  mostNumberTries,
  peekEnding,
  peekLatestRequest,
  stillUsable,
} from "./sign-in-state";

/** Why a link, a code or a number signs nobody in. */
export const proofProblems = [
  "unknown",
  "used",
  "replaced",
  "expired",
  "other-browser",
  "malformed-code",
  "wrong-code",
  "malformed-number",
  "wrong-number",
  "not-approved",
  "paused",
  "paused-number",
  "blocked",
  "no-account",
] as const;
export type ProofProblem = {
  problem: (typeof proofProblems)[number];
  /** Whose code or number it was not. */
  email?: string;
  /** For the browser that asked: when and where it ended. */
  ending?: Ending;
  /** After a wrong code or number. */
  triesLeft?: number;
  /** After too many wrong codes: when the next may be tried. */
  retryAt?: Date;
};

export type Proof = { request: SignInRequest; way: MailWay } | ProofProblem;

/** A link as a page may show it. */
export type LinkView = {
  request: SignInRequest;
  /** Whether the browser that looks is the one that asked. */
  isOwn: boolean;
  /** Null while it works. */
  ending: Ending | null;
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
  return { request, isOwn, ending: await peekEnding(request) };
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
  if (!link.isOwn) return { problem: link.ending ? "unknown" : "other-browser" };
  return link.ending ? ended(link.ending) : { request: link.request, way: "link" };
}

/** The code, typed in the browser that asked. It may be that of any of its mails to this address which still works. */
export async function proveByCode(code: string, browserToken: string | undefined): Promise<Proof> {
  if (!browserToken) return { problem: "unknown" };
  const browserHash = hashToken(browserToken);
  await buryExpired({ browserHash });
  const newest = await peekLatestRequest(browserToken);
  if (!newest) return { problem: "unknown" };
  const candidates = await database().signInRequest.findMany({
    // One guess must not be compared with the codes of many people.
    where: { browserHash, email: newest.email, ...stillUsable() },
    orderBy: { createdAt: "desc" },
    take: mostCandidates,
  });
  const ending = candidates.length === 0 && (await peekEnding(newest));
  if (ending) return (await explainByEarlier(code, newest)) ?? ended(ending);
  const outcome = await tryCode(code, candidates, "codeTries");
  if ("request" in outcome || outcome.problem !== "wrong-code") return outcome;
  return (await explainByEarlier(code, newest)) ?? outcome;
}

/** A code that is wrong for every mail that works may be that of one that does not any more: then that is why. */
async function explainByEarlier(
  typed: string,
  { browserHash, email }: SignInRequest,
): Promise<ProofProblem | null> {
  const code = readDigits(typed, 6) ?? "";
  const earlier = await database().signInRequest.findMany({
    where: { browserHash, email },
    orderBy: { createdAt: "desc" },
    take: 2 * mostCandidates,
  });
  const meant = earlier.find((request) => isCodeOf(request, code));
  const ending = meant && (await peekEnding(meant));
  return ending ? ended(ending) : null;
}

/** Link and code together: whoever has both reads the mail, in whichever browser. */
export async function proveByLinkAndCode(linkToken: string, code: string): Promise<Proof> {
  await buryExpired({ linkHash: hashToken(linkToken) });
  const link = await peekLink(linkToken, undefined);
  if (!link) return { problem: "unknown" };
  // What has become of a link is told to the browser that asked, and that one needs no code.
  return link.ending
    ? { problem: "unknown" }
    : await tryCode(code, [link.request], "codeTriesElsewhere");
}

/**
 * The number of the first screen, typed where the link was opened, lets the browser in that asked, and no other. Whoever
 * types it reads the mail and sees that screen, or somebody who does: a machine that opens links knows no number, and
 * for a stranger who asked somebody would have to type what the stranger says.
 */
export async function approveByNumber(
  linkToken: string,
  typed: string,
): Promise<{ approved: true } | ProofProblem> {
  await buryExpired({ linkHash: hashToken(linkToken) });
  const link = await peekLink(linkToken, undefined);
  if (!link || link.ending) return { problem: "unknown" };
  const { id, email, number, browserHash, screenHash } = link.request;
  const given = readDigits(typed, 2);
  if (!given) return { problem: "malformed-number" };
  // Pressed twice, or sent again by a browser.
  if (link.request.approvedAt && Number(given) === number) return { approved: true };
  const pausedUntil = await countGuess("code-with-link", email);
  if (pausedUntil) return { problem: "paused-number", retryAt: pausedUntil };
  // Of one screen, whichever of its mails was opened.
  const { count } = await database().signInRequest.updateMany({
    where: {
      browserHash,
      screenHash,
      email,
      number,
      numberTries: { lt: mostNumberTries },
      ...stillUsable(),
    },
    data: { numberTries: { increment: 1 } },
  });
  if (count === 0 || Number(given) !== number) {
    const triesLeft = count === 0 ? 0 : mostNumberTries - link.request.numberTries - 1;
    return { problem: "wrong-number", triesLeft, email };
  }
  await forgiveGuess("code-with-link", email);
  const approved = await database().signInRequest.updateMany({
    where: { id, ...stillUsable() },
    data: { approvedAt: new Date() },
  });
  return approved.count === 1 ? { approved: true } : { problem: "unknown" };
}

/**
 * In the browser that asked, once its number has been typed where the link was opened. The cookie of a browser lives long,
 * and somebody who was at it before may have copied it; this one therefore asks for that of the sign-in as well.
 */
export async function proveByApproval(
  browserToken: string | undefined,
  screenToken: string | undefined,
): Promise<Proof> {
  const newest = browserToken && (await peekLatestRequest(browserToken));
  if (!newest) return { problem: "unknown" };
  await buryExpired({ browserHash: newest.browserHash });
  const request = await findApproved(newest, screenToken);
  if (request) return { request, way: "number" };
  const ending = await peekEnding(newest);
  return ending ? ended(ending) : { problem: "not-approved" };
}

function ended(ending: Ending): ProofProblem {
  return { problem: ending.problem, ending };
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
  const code = readDigits(typed, 6);
  const email = candidates[0]?.email;
  if (!code || !email) return { problem: "malformed-code" };
  const hasLink = counter === "codeTriesElsewhere";
  const guess = hasLink ? "code-with-link" : "code";
  const pausedUntil = await countGuess(guess, email);
  if (pausedUntil) return { problem: "paused", retryAt: pausedUntil };
  const { codeAttempts } = environment();
  let triesLeft = 0;
  for (const request of candidates) {
    const { count } = await database().signInRequest.updateMany({
      where: { id: request.id, [counter]: { lt: codeAttempts } },
      data: { [counter]: { increment: 1 } },
    });
    if (count === 0) continue;
    if (isCodeOf(request, code)) {
      await forgiveGuess(guess, email);
      return { request, way: hasLink ? "link-and-code" : "code" };
    }
    triesLeft = Math.max(triesLeft, codeAttempts - request[counter] - 1);
  }
  return { problem: "wrong-code", triesLeft, email };
}

/** A clock that is set back later does not bring them to life again. */
async function buryExpired(which: { linkHash: string } | { browserHash: string }): Promise<void> {
  const now = new Date();
  const where = { ...which, expiredAt: null, expiresAt: { lte: now } };
  // Hardly ever is there one: of a hundred who come at once, none waits to write nothing.
  if ((await database().signInRequest.count({ where })) === 0) return;
  await database().signInRequest.updateMany({ where, data: { expiredAt: now } });
}
