import type {
  Session,
  SignInRequest,
  TwoFactorAttempt,
  User,
} from "@/lib/platform/database/client/client";
import type { Transaction } from "@/lib/platform/database/database";
import { inTransaction } from "@/lib/platform/database/transaction";
import { countSignIn } from "@/lib/platform/metrics";
import { hashToken } from "@/lib/platform/secrets";
import { isReservedAddress } from "./address-change";
import { recordEvent } from "./audit";
import type { Client } from "./client";
import { enrol, type NewFactor } from "./enrolment";
import {
  type FactorKind,
  type FactorOwner,
  type FactorProof,
  giveBack,
  spendFactor,
} from "./factor-proof";
import { holdAccount } from "./hold";
import { isKnownBrowser, rememberBrowser } from "./known-browsers";
import { grantConfiguredScopes } from "./scopes";
import { indexUser } from "./search-terms";
import { hasSecondFactor, mustHaveSecondFactor } from "./second-factor";
import { queueSecurityMail } from "./security-mail";
import { endSessions, isRecentlySignedIn, type SignedIn, sessionEnds } from "./sessions";
import type { Visitor } from "./sign-in-request";
import { endRequestsOf } from "./sign-in-state";
import { maySignUp } from "./sign-up";
import {
  type Attempt,
  consumeAttempt,
  type StartedAttempt,
  startAttempt,
} from "./two-factor-attempt";

/** Somebody was faster, the account is blocked, or there is none and may be none: no session. */
export class SignInRefused extends Error {
  override name = "SignInRefused";
  constructor(
    readonly reason:
      | "used"
      | "blocked"
      | "no-account"
      | "other-browser"
      | "used-factor"
      | "used-passkey"
      | "attempt-over",
  ) {
    super(`Sign-in refused: ${reason}`);
  }
}

/** What proved that somebody reads the mail. */
export type MailWay = "link" | "code" | "link-and-code" | "number";

/**
 * Every way to a session: what has been proved, and not been spent yet. A new one is written here, and the compiler asks in
 * `spend` what it proves.
 */
export type Proved =
  /** The first factor: somebody reads the mail. */
  | { by: "mail"; requestId: string; way: MailWay }
  /** The second, after the first. */
  | { by: "second-factor"; attempt: Attempt; proof: FactorProof }
  /** A second factor that the site asks for, set up after the first. */
  | { by: "enrolment"; attempt: Attempt; newFactor: NewFactor }
  /** A passkey alone, whose person was verified: two factors in one. */
  | { by: "passkey"; proof: FactorProof; keepSignedIn: boolean }
  /** The second factor once more, in a session. */
  | { by: "step-up"; signedIn: SignedIn; proof: FactorProof }
  /** Another second factor, set up in a session: it is passed there from now on. */
  | { by: "new-factor"; signedIn: SignedIn; newFactor: NewFactor };

/** Where the session is to be. */
export type Entrance = {
  /** The value of the new session's cookie. */
  sessionToken: string;
  /** The value that this browser had before, which ends (ASVS 7.2.4). */
  formerSessionToken: string | undefined;
  visitor: Visitor;
};

/** A session, or what waits for the second factor: then there is none yet. */
export type Redeemed = { session: Session; user: User } | { attempt: StartedAttempt };

/**
 * Spends what has been proved and makes the session, or does neither. The one place where sessions are made, and so the
 * one gate of the second factor (ASVS 6.3.3): whoever has one, or must have one, gets no session for a first factor alone,
 * whichever it is.
 * @throws {SignInRefused}
 */
export async function redeem(proved: Proved, entrance: Entrance): Promise<Redeemed> {
  try {
    let passed: Passed | undefined;
    const redeemed = await inTransaction(async (transaction) => {
      passed = await spend(transaction, proved, entrance.visitor);
      await requireAskedSession(transaction, passed, entrance);
      if (passed.factor === null) {
        const hasOne = await hasSecondFactor(passed.user.id, transaction);
        if (hasOne || (await mustHaveSecondFactor(passed.user, transaction)))
          return { attempt: await startAttempt(transaction, attemptOf(passed), !hasOne) };
      }
      return await admit(transaction, passed, entrance);
    });
    if (passed) count(passed, redeemed);
    return redeemed;
  } catch (error) {
    // Nothing has been spent, the count of tries included: whoever was faster with the same value took it back.
    if (error instanceof SignInRefused && "proof" in proved) await giveBack(proved.proof);
    throw error;
  }
}

/** Once it is kept. Who is asked once more who they are, has signed in before. */
function count({ way, stepUpSessionId }: Passed, redeemed: Redeemed): void {
  if (stepUpSessionId || way === "totp" || way === "recovery-code") return;
  countSignIn(way, "session" in redeemed ? "signed_in" : "second_factor_required");
}

/** Who is asked once more who they are, is asked where they are signed in. */
async function requireAskedSession(
  transaction: Transaction,
  { stepUpSessionId, user }: Passed,
  { formerSessionToken = "" }: Entrance,
): Promise<void> {
  if (!stepUpSessionId) return;
  const tokenHash = hashToken(formerSessionToken);
  const where = { id: stepUpSessionId, userId: user.id, tokenHash };
  if ((await transaction.session.count({ where })) === 0) throw new SignInRefused("other-browser");
}

/** What is known once it has been spent. */
type Passed = {
  user: User;
  /** What proved the first factor; for a passkey or a step-up, what proved it all. */
  way: MailWay | FactorKind;
  /** The second factor; null when none has been passed. */
  factor: FactorKind | null;
  isNewAccount: boolean;
  keepSignedIn: boolean;
  next: string;
  /** The session whose person was asked once more who they are. */
  stepUpSessionId: string | null;
};

async function spend(transaction: Transaction, proved: Proved, visitor: Visitor): Promise<Passed> {
  if (proved.by !== "mail") await holdAccount(transaction, accountOf(proved));
  switch (proved.by) {
    case "mail": {
      const request = await consumeRequest(transaction, proved.requestId, visitor.userAgent);
      const { user, isNew } = await requireAccount(transaction, request, visitor);
      const { keepSignedIn, next, stepUpSessionId } = request;
      const { way } = proved;
      return { user, way, factor: null, isNewAccount: isNew, keepSignedIn, next, stepUpSessionId };
    }
    case "second-factor": {
      const passed = await passedOf(transaction, proved.attempt);
      await requireSpent(transaction, proved.proof, passed.user.id);
      return { ...passed, factor: proved.proof.factor.kind };
    }
    case "enrolment": {
      const passed = await passedOf(transaction, proved.attempt);
      // Set up elsewhere meanwhile: then that one has to be passed, and no other can take its place.
      if (await hasSecondFactor(passed.user.id, transaction))
        throw new SignInRefused("attempt-over");
      await requireEnrolled(transaction, passed.user, proved.newFactor, visitor);
      return { ...passed, factor: proved.newFactor.kind };
    }
    case "passkey": {
      const { proof, keepSignedIn } = proved;
      await requireSpent(transaction, proof, proof.user.id);
      const user = await requireOpen(transaction, proof.user.id);
      return { ...alone(user, proof.factor.kind), keepSignedIn, stepUpSessionId: null };
    }
    case "step-up": {
      const { proof, signedIn } = proved;
      const { id, keepSignedIn } = signedIn.session;
      await requireSpent(transaction, proof, signedIn.user.id);
      const user = await requireOpen(transaction, signedIn.user.id);
      return { ...alone(user, proof.factor.kind), keepSignedIn, stepUpSessionId: id };
    }
    case "new-factor": {
      const { newFactor, signedIn } = proved;
      const { id, keepSignedIn } = signedIn.session;
      // Where the owner has set up the first one meanwhile, this session has not passed it.
      if (!(await isRecentlySignedIn(signedIn, transaction)))
        throw new SignInRefused("used-factor");
      await requireEnrolled(transaction, signedIn.user, newFactor, visitor);
      const user = await requireOpen(transaction, signedIn.user.id);
      return { ...alone(user, newFactor.kind), keepSignedIn, stepUpSessionId: id };
    }
  }
}

/**
 * Held first: whoever blocks or changes the account, or takes it back, waits, or is over, and their look at its sessions
 * misses none.
 */
function accountOf(proved: Exclude<Proved, { by: "mail" }>): string {
  if ("attempt" in proved) return proved.attempt.userId;
  return "signedIn" in proved ? proved.signedIn.user.id : proved.proof.user.id;
}

async function requireEnrolled(
  transaction: Transaction,
  user: FactorOwner,
  newFactor: NewFactor,
  { userAgent, networkAddress, browserToken }: Visitor,
): Promise<void> {
  const client = { userAgent, networkAddress };
  const browserHash = hashToken(browserToken);
  if (!(await enrol(transaction, user, newFactor, { client, browserHash })))
    throw new SignInRefused("used-factor");
}

/** Where the second factor is all that was asked for. */
function alone(user: User, kind: FactorKind) {
  return { user, way: kind, factor: kind, isNewAccount: false, next: "" };
}

async function passedOf(transaction: Transaction, attempt: Attempt): Promise<Passed> {
  if (!(await consumeAttempt(transaction, attempt.id))) throw new SignInRefused("attempt-over");
  const { isNewAccount, keepSignedIn, next, stepUpSessionId } = attempt;
  const user = await requireOpen(transaction, attempt.userId);
  const way = attempt.way as MailWay;
  return { user, way, factor: null, isNewAccount, keepSignedIn, next, stepUpSessionId };
}

function attemptOf({ user, way, isNewAccount, keepSignedIn, next, stepUpSessionId }: Passed) {
  const attempt = { userId: user.id, way, isNewAccount, keepSignedIn, next, stepUpSessionId };
  return attempt satisfies Partial<TwoFactorAttempt>;
}

/** Of any number at once with the same second factor, one wins. */
async function requireSpent(
  transaction: Transaction,
  proof: FactorProof,
  userId: string,
): Promise<void> {
  // Somebody else's opens nothing.
  if (proof.user.id === userId && (await spendFactor(transaction, proof))) return;
  throw new SignInRefused(proof.factor.kind === "passkey" ? "used-passkey" : "used-factor");
}

/** The account, unless it has been blocked, or has gone, since the first factor was proved. */
async function requireOpen(transaction: Transaction, id: string): Promise<User> {
  const user = await transaction.user.findUnique({ where: { id } });
  if (!user) throw new SignInRefused("attempt-over");
  if (user.blockedAt) throw new SignInRefused("blocked");
  return user;
}

/** Everything has been proved: the session, the record of it, and the mail about a new device. */
async function admit(
  transaction: Transaction,
  passed: Passed,
  { sessionToken, formerSessionToken, visitor }: Entrance,
): Promise<{ session: Session; user: User }> {
  const { user, way, factor, stepUpSessionId } = passed;
  const { userAgent, networkAddress } = visitor;
  const client = { userAgent, networkAddress };
  const browserHash = hashToken(visitor.browserToken);
  const isNewDevice =
    !passed.isNewAccount && !(await isKnownBrowser(transaction, browserHash, user.email));
  await rememberBrowser(transaction, user.id, browserHash);
  // A browser that has not been here before does not decide in which zone its owner is told of it.
  if (visitor.timeZone && (!isNewDevice || !user.timeZone))
    await transaction.user.update({
      where: { id: user.id },
      data: { timeZone: visitor.timeZone },
    });
  await grantConfiguredScopes(transaction, user, client);
  const former = await findFormer(transaction, formerSessionToken, user, client);
  const session = await startSession(transaction, {
    former,
    userId: user.id,
    keepSignedIn: passed.keepSignedIn,
    tokenHash: hashToken(sessionToken),
    browserHash,
    client,
    hasPassedFactor: factor !== null,
  });
  await recordEvent(transaction, {
    type: "authn_login_success",
    userId: user.id,
    actor: user.id,
    client,
    details: { way, factor, stepUp: stepUpSessionId !== null, newDevice: isNewDevice },
  });
  const told = {
    user: { id: user.id, timeZone: user.timeZone ?? visitor.timeZone },
    recipient: user.email,
    browserHash,
    client,
  };
  if (isNewDevice) await queueSecurityMail(transaction, { ...told, notice: "new-device" });
  if (factor === "recovery-code")
    await queueSecurityMail(transaction, { ...told, notice: "recovery-code-used" });
  return { session, user };
}

/** The session that this browser had before, if it is the same person's; anybody else's ends. */
async function findFormer(
  transaction: Transaction,
  token: string | undefined,
  user: User,
  client: Client,
): Promise<Session | null> {
  if (!token) return null;
  const former = await transaction.session.findUnique({ where: { tokenHash: hashToken(token) } });
  if (!former || former.userId === user.id) return former;
  const { id, userId } = former;
  await endSessions(transaction, { id, userId }, "other-account", client);
  return null;
}

/** The same person in the same browser goes on with the same session, under a new value; the old one dies. */
async function startSession(
  transaction: Transaction,
  { former, client, hasPassedFactor, ...rest }: NewSession,
): Promise<Session> {
  const now = new Date();
  const data = {
    ...rest,
    ...client,
    ...sessionEnds(rest.keepSignedIn, now),
    signedInAt: now,
    secondFactorAt: hasPassedFactor ? now : null,
    sealedTotp: null,
    lastSeenAt: now,
  };
  if (!former) return await transaction.session.create({ data: { ...data, createdAt: now } });
  return await transaction.session.update({ where: { id: former.id }, data });
}

type NewSession = {
  former: Session | null;
  userId: string;
  keepSignedIn: boolean;
  tokenHash: string;
  browserHash: string;
  client: Client;
  hasPassedFactor: boolean;
};

/**
 * Of any number of calls at once one wins (ASVS 6.5.1, 15.4.2): the conditional write decides. All requests of the address
 * end with it, and first, in one write: two calls that had one each and then wanted the other's would wait for ever. The account
 * is held before them, as whoever blocks it does.
 */
async function consumeRequest(
  transaction: Transaction,
  id: string,
  usedUserAgent: string,
): Promise<SignInRequest> {
  const request = await transaction.signInRequest.findUnique({ where: { id } });
  if (!request) throw new SignInRefused("used");
  const { email } = request;
  const account = await transaction.user.findUnique({ where: { email }, select: { id: true } });
  if (account) await holdAccount(transaction, account.id);
  await endRequestsOf(transaction, email, id);
  const { count } = await transaction.signInRequest.updateMany({
    where: { id, replacedById: id, usedAt: null },
    data: { usedAt: new Date(), usedUserAgent, replacedAt: null, replacedById: null },
  });
  if (count !== 1) throw new SignInRefused("used");
  return request;
}

/** The account of the address, made now if there is none: nobody has one who has not read its mail. */
async function requireAccount(
  transaction: Transaction,
  { email, emailTyped }: SignInRequest,
  { timeZone, userAgent, networkAddress }: Visitor,
): Promise<{ user: User; isNew: boolean }> {
  const existing = await transaction.user.findUnique({ where: { email } });
  if (existing?.blockedAt) throw new SignInRefused("blocked");
  if (existing?.invitedAt) return { user: await activate(transaction, existing), isNew: true };
  if (existing) return { user: existing, isNew: false };
  if (!maySignUp(email) || (await isReservedAddress(transaction, email)))
    throw new SignInRefused("no-account");
  const user = await transaction.user.create({
    data: { email, emailTyped, emailVerified: new Date(), timeZone },
  });
  await indexUser(transaction, user);
  await recordEvent(transaction, {
    type: "user_created",
    userId: user.id,
    actor: user.id,
    client: { userAgent, networkAddress },
  });
  return { user, isNew: true };
}

/** The first sign-in to an account that an administrator has made: from now on its address is proved. */
async function activate(transaction: Transaction, { id }: User): Promise<User> {
  return await transaction.user.update({
    where: { id },
    data: { invitedAt: null, emailVerified: new Date() },
  });
}
