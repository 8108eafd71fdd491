import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { User } from "@/lib/platform/database/client/client";
import { database } from "@/lib/platform/database/database";
import {
  emptyDatabase,
  forgetLimits,
  prepareTestDatabase,
  refuseWrites,
} from "@/lib/platform/database/test-database";
import { days, minutes } from "@/lib/platform/duration";
import { metrics } from "@/lib/platform/metrics";
import { hashToken, randomToken, unseal } from "@/lib/platform/secrets";
import { readDetails } from "./audit";
import { newChallenge } from "./challenge";
import { type NewFactor, proveNewTotp } from "./enrolment";
import { type FactorProof, type GivenFactor, proveFactor } from "./factor-proof";
import { readMailContent } from "./outbox";
import { provePasskey } from "./passkeys";
import { type MailWay, type Proved, redeem, SignInRefused } from "./redemption";
import { findSession, type SignedIn } from "./sessions";
import { storeSignInRequest } from "./sign-in-request";
import { answerWith } from "./test-authenticator";
import { addAttempt, addPasskey, addTotp, addUser } from "./test-second-factor";
import { shownBy, wrongFor } from "./test-totp";
import { newTotpSecret } from "./totp";
import { type Attempt, findAttempt } from "./two-factor-attempt";

process.env.SITE_URL = "https://example.org";
process.env.SMTP_URL = "smtp://mail.example.org";
await prepareTestDatabase();
const now = new Date("2030-01-01T10:42:10Z");
const visitor = {
  browserToken: "the browser that signs in",
  userAgent: "The browser that signs in",
  networkAddress: "203.0.113.8",
  timeZone: null,
};
const { userAgent, networkAddress } = visitor;
const trier = { client: { userAgent, networkAddress }, browserHash: hashToken("browser") };
const ways: MailWay[] = ["link", "code", "link-and-code", "number"];

let ann: User;
let sealed = "";

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ["Date"] });
  vi.setSystemTime(now);
  await emptyDatabase();
  metrics.signIns.reset();
  ann = await addUser();
  sealed = await addTotp(ann);
});
afterEach(() => vi.useRealTimers());

describe.each(ways)("a mail, by %s", (way) => {
  test("gives no session to whom a second factor is asked of", async () => {
    const token = randomToken();
    const redeemed = await redeem(await mail(way), entrance(token));
    expect(redeemed).not.toHaveProperty("session");
    expect(await database().session.count()).toBe(0);
    expect(await findSession(token)).toBeNull();
    expect(await successes()).toEqual([]);
    const attempt = await started(redeemed);
    expect(attempt).toMatchObject({
      userId: ann.id,
      way,
      isNewAccount: false,
      keepSignedIn: true,
      next: "/private",
      stepUpSessionId: null,
      sealedTotp: null,
      expiresAt: new Date(now.getTime() + minutes(10)),
    });
  });

  test("and a code of the app give one, under a value of its own", async () => {
    const [first, fresh] = [randomToken(), randomToken()];
    const attempt = await started(await redeem(await mail(way), entrance(first)));
    const { session } = await pass(attempt, fresh);
    expect(session).toMatchObject({ secondFactorAt: now, signedInAt: now, keepSignedIn: true });
    expect((await findSession(fresh))?.session.id).toBe(session.id);
    expect(await findSession(first)).toBeNull();
    expect(await database().twoFactorAttempt.count()).toBe(0);
    expect(await successes()).toMatchObject([{ way, factor: "totp", stepUp: false }]);
    expect(await counted()).toEqual({
      [`${way} second_factor_required`]: 1,
      [`${way} signed_in`]: 1,
    });
  });

  test("gives none either when the only factor has been put out of use", async () => {
    await database().totp.deleteMany();
    await addPasskey(ann);
    await database().passkey.updateMany({ data: { deniedAt: now } });
    expect(await redeem(await mail(way), entrance())).toHaveProperty("attempt");
    expect(await database().session.count()).toBe(0);
  });
});

test("what waits for the second factor is no session, and its value is kept as a hash", async () => {
  const redeemed = await redeem(await mail("link"), entrance());
  if (!("attempt" in redeemed)) throw new Error("no attempt");
  const { token } = redeemed.attempt;
  expect(Buffer.from(token, "base64url")).toHaveLength(32);
  expect(await findSession(token)).toBeNull();
  expect(await findAttempt(hashToken(token))).toBeNull();
  expect(await findAttempt(token)).not.toBeNull();
  const row = await database().twoFactorAttempt.findFirstOrThrow();
  expect(row.tokenHash).toBe(hashToken(token));
  expect(Object.values(row)).not.toContain(token);
});

test("the session that the browser had lives on until the second factor is passed", async () => {
  const old = randomToken();
  await pass(await addAttempt(ann), old);
  later(minutes(1));
  const redeemed = await redeem(await mail("link"), entrance(randomToken(), old));
  expect(await findSession(old)).not.toBeNull();
  const fresh = randomToken();
  await pass(await started(redeemed), fresh, old);
  expect(await findSession(old)).toBeNull();
  expect(await findSession(fresh)).not.toBeNull();
  expect(await database().session.count()).toBe(1);
});

test("who has no second factor signs in by mail alone, without a mark of one", async () => {
  await database().totp.deleteMany();
  const redeemed = await redeem(await mail("link"), entrance());
  expect(redeemed).toMatchObject({ session: { secondFactorAt: null } });
  expect(await successes()).toMatchObject([{ way: "link", factor: null }]);
});

describe("each second factor", () => {
  test("a passkey passes, and is written down", async () => {
    const { authenticator } = await addPasskey(ann);
    const attempt = await addAttempt(ann);
    const proof = await proofBy({ passkey: answer(authenticator), subject: "it" });
    const redeemed = await redeem({ by: "second-factor", attempt, proof }, entrance());
    expect(redeemed).toMatchObject({ session: { secondFactorAt: now } });
    expect(await successes()).toMatchObject([{ way: "link", factor: "passkey" }]);
  });

  test("a recovery code passes, is gone, and its owner is told", async () => {
    const proof = await recoveryProof();
    const attempt = await addAttempt(ann);
    expect(await redeem({ by: "second-factor", attempt, proof }, entrance())).toHaveProperty(
      "session.secondFactorAt",
      now,
    );
    expect(await database().recoveryCode.count()).toBe(0);
    expect(await successes()).toMatchObject([{ way: "link", factor: "recovery-code" }]);
    expect(await notices()).toContain("recovery-code-used");
  });

  test("a code of the app is no reason for a mail in a browser that is known", async () => {
    const { browserToken } = visitor;
    const data = { userId: ann.id, browserHash: hashToken(browserToken), lastSignedInAt: now };
    await database().knownBrowser.create({ data });
    await pass(await addAttempt(ann));
    expect(await notices()).toEqual([]);
  });
});

describe("a passkey alone", () => {
  test("gives a session that has passed the second factor", async () => {
    const { authenticator, passkey } = await addPasskey(ann);
    const redeemed = await redeem(await alone(authenticator), entrance());
    expect(redeemed).toMatchObject({
      session: { secondFactorAt: now, signedInAt: now, keepSignedIn: true },
      user: { id: ann.id },
    });
    expect(await successes()).toMatchObject([{ way: "passkey", factor: "passkey", stepUp: false }]);
    expect(await counted()).toEqual({ "passkey signed_in": 1 });
    const { id } = passkey;
    expect(await database().passkey.findUniqueOrThrow({ where: { id } })).toMatchObject({
      lastUsedAt: now,
    });
  });

  test("of fifty at once with one answer, one wins", async () => {
    const { authenticator } = await addPasskey(ann);
    const proved = await alone(authenticator);
    await expectOneWinner(Array(50).fill(proved), "used-passkey");
  });

  test("opens nothing where the account is blocked, and is not spent", async () => {
    const { authenticator } = await addPasskey(ann);
    const proved = await alone(authenticator);
    await database().user.updateMany({ data: { blockedAt: now } });
    await expectRefused(proved, "blocked");
    expect(await database().spentValue.count()).toBe(0);
  });

  test("opens nothing that has been put out of use, or has gone, since it answered", async () => {
    const { authenticator } = await addPasskey(ann);
    const proved = await alone(authenticator);
    await database().passkey.updateMany({ data: { deniedAt: now } });
    await expectRefused(proved, "used-passkey");
    await database().passkey.deleteMany();
    await expectRefused(proved, "used-passkey");
  });
});

describe("once", () => {
  test("of fifty sign-ins at once with one code of the app, one gets its session", async () => {
    const proof = await proofBy({ typed: shownBy(sealed) });
    await expectOneWinner(await attemptsWith(proof), "used-factor");
    // Whoever was slower has guessed nothing.
    expect(await database().user.findMany()).toMatchObject([{ factorTries: 0 }]);
    expect(await database().twoFactorAttempt.count()).toBe(49);
  });

  test("of fifty sign-ins at once with one recovery code, one gets its session", async () => {
    await expectOneWinner(await attemptsWith(await recoveryProof()), "used-factor");
  });

  test("of fifty at once with one answer of a passkey, one gets its session", async () => {
    const { authenticator } = await addPasskey(ann);
    const proof = await proofBy({ passkey: answer(authenticator), subject: "it" });
    await expectOneWinner(await attemptsWith(proof), "used-passkey");
  });

  test("one sign-in gives one session, fifty times at once, with whatever factors", async () => {
    const attempt = await addAttempt(ann);
    const steps = Array.from({ length: 50 }, (_, step) => step);
    const secret = unseal("totp secret", sealed);
    const proved = steps.map((step): Proved => {
      const factor = { kind: "totp", value: { secret, step } } as const;
      const proof: FactorProof = { user: ann, tried: null, factor };
      return { by: "second-factor", attempt, proof };
    });
    await expectOneWinner(proved, "attempt-over");
    // What opened nothing has not been spent.
    expect(await database().spentValue.count()).toBe(1);
  });

  test("an older value of the same app works after the newer one, each once", async () => {
    await pass(await addAttempt(ann));
    const typed = shownBy(sealed, now.getTime() - 30_000);
    await pass(await addAttempt(ann), randomToken(), undefined, typed);
    const proof = await proofBy({ typed });
    const attempt = await addAttempt(ann);
    await expectRefused({ by: "second-factor", attempt, proof }, "used-factor");
  });

  test("a refusal gives the try back that was counted, and no more", async () => {
    await pass(await addAttempt(ann));
    await proveFactor(ann, { typed: wrongFor(sealed) }, trier);
    const attempt = await addAttempt(ann);
    const proof = await proofBy({ typed: shownBy(sealed) });
    await expectRefused({ by: "second-factor", attempt, proof }, "used-factor");
    expect(await database().user.findMany()).toMatchObject([{ factorTries: 1 }]);
    expect(await findAttemptRow(attempt)).not.toBeNull();
  });
});

describe("between the two factors", () => {
  test("an account that is blocked gets no session, and nothing is spent", async () => {
    const attempt = await addAttempt(ann, { tokenHash: hashToken("value") });
    const proof = await proofBy({ typed: shownBy(sealed) });
    await database().user.updateMany({ data: { blockedAt: now } });
    await expectRefused({ by: "second-factor", attempt, proof }, "blocked");
    expect(await findAttempt("value")).toBeNull();
    expect(await database().spentValue.count()).toBe(0);
  });

  test("a code of an app that has been taken away, or replaced, opens nothing", async () => {
    const attempt = await addAttempt(ann);
    const proof = await proofBy({ typed: shownBy(sealed) });
    await addPasskey(ann);
    await database().totp.deleteMany();
    await expectRefused({ by: "second-factor", attempt, proof }, "used-factor");
    await addTotp(ann);
    await expectRefused({ by: "second-factor", attempt, proof }, "used-factor");
    expect(await database().spentValue.count()).toBe(0);
  });

  test("an account that has been deleted gets none", async () => {
    const attempt = await addAttempt(ann);
    const proof = await proofBy({ typed: shownBy(sealed) });
    await database().user.deleteMany();
    const reason = redeem({ by: "second-factor", attempt, proof }, entrance());
    await expect(reason).rejects.toMatchObject({ reason: "attempt-over" });
  });

  test("ten minutes may pass, and no more", async () => {
    const attempt = await addAttempt(ann);
    later(minutes(10) - 1);
    const other = await addAttempt(ann, { expiresAt: new Date(now.getTime() + minutes(10)) });
    await pass(other);
    later(1);
    const proof = await proofBy({ typed: shownBy(sealed, Date.now() + 30_000) });
    await expectRefused({ by: "second-factor", attempt, proof }, "attempt-over");
  });

  test("one that came too late is over for good: a clock set back revives nothing", async () => {
    await addAttempt(ann, { tokenHash: hashToken("value") });
    vi.setSystemTime(now.getTime() + minutes(10) - 1);
    expect(await findAttempt("value")).not.toBeNull();
    vi.setSystemTime(now.getTime() + minutes(10));
    expect(await findAttempt("value")).toBeNull();
    vi.setSystemTime(now);
    expect(await findAttempt("value")).toBeNull();
  });

  test("somebody else's proof opens nothing", async () => {
    const bob = await addUser("bob@example.org");
    const proof = await proofBy({ typed: shownBy(await addTotp(bob)) }, bob);
    await expectRefused({ by: "second-factor", attempt: await addAttempt(ann), proof });
    const { signedIn, token } = await signIn();
    await expectRefused({ by: "step-up", signedIn, proof }, undefined, token);
  });

  test("what is asked for is decided when the mail is used, and not when it was sent", async () => {
    await database().totp.deleteMany();
    const proved = await mail("link");
    sealed = await addTotp(ann);
    expect(await redeem(proved, entrance())).toHaveProperty("attempt");
  });
});

describe("a second factor that the site asks for", () => {
  test("is set up, and gives the session, the factor and the recovery codes", async () => {
    await database().totp.deleteMany();
    const { attempt, newFactor } = await enrolment();
    const redeemed = await redeem({ by: "enrolment", attempt, newFactor }, entrance());
    expect(redeemed).toMatchObject({ session: { secondFactorAt: now } });
    expect(await database().totp.findMany()).toMatchObject([{ userId: ann.id }]);
    expect(await database().recoveryCode.count()).toBe(1);
    expect(await successes()).toMatchObject([{ way: "link", factor: "totp" }]);
    expect(await notices()).toContain("app-added");
  });

  test("is not set up by whoever comes after the owner has set one up elsewhere", async () => {
    await database().totp.deleteMany();
    const { attempt, newFactor } = await enrolment();
    sealed = await addTotp(ann);
    await expectRefused({ by: "enrolment", attempt, newFactor }, "attempt-over");
    expect(await database().totp.findMany()).toMatchObject([{ sealedSecret: sealed }]);
    expect(await database().recoveryCode.count()).toBe(0);
  });

  test("is not set up with a value that has been spent, and the sign-in goes on", async () => {
    await database().totp.deleteMany();
    const { attempt, newFactor } = await enrolment();
    if (newFactor.kind !== "totp") throw new Error("another factor");
    const { secret, step } = newFactor.value;
    const hash = hashToken(`totp ${secret} ${step}`);
    await database().spentValue.create({ data: { hash, expiresAt: now } });
    await expectRefused({ by: "enrolment", attempt, newFactor }, "used-factor");
    expect(await findAttemptRow(attempt)).not.toBeNull();
    expect(await database().totp.count()).toBe(0);
  });

  test("twenty times at once is set up once", async () => {
    await database().totp.deleteMany();
    const { attempt, newFactor } = await enrolment();
    await expectOneWinner(Array(20).fill({ by: "enrolment", attempt, newFactor }), "attempt-over");
    expect(await database().totp.count()).toBe(1);
    expect(await database().recoveryCode.count()).toBe(1);
  });

  test("by two sign-ins at once is that of one of them", async () => {
    await database().totp.deleteMany();
    const both = [await enrolment(), await enrolment()];
    await expectOneWinner(both.map((each) => ({ by: "enrolment", ...each })));
    expect(await database().totp.count()).toBe(1);
  });

  test("gives a blocked account nothing", async () => {
    await database().totp.deleteMany();
    const { attempt, newFactor } = await enrolment();
    await database().user.updateMany({ data: { blockedAt: now } });
    await expectRefused({ by: "enrolment", attempt, newFactor }, "blocked");
    expect(await database().totp.count()).toBe(0);
  });
});

describe("asked once more who they are", () => {
  test("by a code of the app, the session goes on under a new value", async () => {
    const { signedIn, token } = await signIn();
    later(minutes(20));
    const fresh = randomToken();
    const proof = await proofBy({ typed: shownBy(sealed) });
    metrics.signIns.reset();
    const redeemed = await redeem({ by: "step-up", signedIn, proof }, entrance(fresh, token));
    expect(await counted()).toEqual({});
    expect(redeemed).toMatchObject({
      session: {
        id: signedIn.session.id,
        signedInAt: new Date(),
        secondFactorAt: new Date(),
        createdAt: now,
        keepSignedIn: true,
      },
    });
    expect(await findSession(token)).toBeNull();
    expect(await findSession(fresh)).not.toBeNull();
    expect(await database().session.count()).toBe(1);
    expect((await successes()).at(-1)).toMatchObject({ stepUp: true, way: "totp", factor: "totp" });
  });

  test.each(["ended", "none", "another of the same person", "somebody else's"])(
    "with the session %s nobody goes on, and nothing is spent",
    async (which) => {
      const { signedIn, token } = await signIn();
      let former: string | undefined = token;
      if (which === "ended") await database().session.deleteMany();
      if (which === "none") former = undefined;
      if (which === "another of the same person") former = (await signIn()).token;
      if (which === "somebody else's") former = (await signIn("bob@example.org")).token;
      later(minutes(2));
      const proof = await proofBy({ typed: shownBy(sealed) });
      const before = await everything();
      await expectRefused({ by: "step-up", signedIn, proof }, "other-browser", former);
      expect(await everything()).toEqual(before);
      expect(await database().user.findMany({ where: { factorTries: { gt: 0 } } })).toEqual([]);
    },
  );

  test("by mail, whoever has a second factor is asked for that as well, in the same session", async () => {
    const { signedIn, token } = await signIn();
    later(minutes(20));
    const proved = await mail("link", signedIn.session.id);
    const attempt = await started(await redeem(proved, entrance(randomToken(), token)));
    expect(attempt.stepUpSessionId).toBe(signedIn.session.id);
    expect((await findSession(token))?.session.signedInAt).toEqual(now);
    const { session } = await pass(attempt, randomToken(), token);
    expect(session).toMatchObject({ id: signedIn.session.id, secondFactorAt: new Date() });
  });

  test("by mail and factor, in a session that has ended meanwhile, nobody goes on", async () => {
    const { signedIn, token } = await signIn();
    later(minutes(2));
    const attempt = await addAttempt(ann, { stepUpSessionId: signedIn.session.id });
    await database().session.deleteMany();
    const proof = await proofBy({ typed: shownBy(sealed) });
    await expectRefused({ by: "second-factor", attempt, proof }, "other-browser", token);
    expect(await findAttemptRow(attempt)).not.toBeNull();
  });

  test("with a mail that is opened in another session, nothing is spent", async () => {
    const { signedIn } = await signIn();
    const proved = await mail("link", signedIn.session.id);
    await expectRefused(proved, "other-browser", randomToken());
  });
});

test("the session and all that comes with it are there, or nothing is", async () => {
  const attempt = await addAttempt(ann);
  const proof = await proofBy({ typed: shownBy(sealed) });
  const allow = await refuseWrites("INSERT", "AuditEvent");
  await expect(redeem({ by: "second-factor", attempt, proof }, entrance())).rejects.toThrow();
  await allow();
  expect(await database().session.count()).toBe(0);
  expect(await database().spentValue.count()).toBe(0);
  expect(await findAttemptRow(attempt)).not.toBeNull();
  await redeem({ by: "second-factor", attempt, proof }, entrance());
});

describe.each([
  ["everyone", "", true],
  ["admins", "bob@example.org, Ann@EXAMPLE.org", true],
  ["admins", "bob@example.org", false],
  ["optional", "ann@example.org", false],
])("with TWO_FACTOR=%s and ADMIN_EMAILS=%s", (twoFactor, adminEmails, isForced) => {
  beforeEach(() => database().totp.deleteMany());
  afterEach(() => {
    vi.unstubAllEnvs();
    vi.resetModules();
  });

  test.each(ways)(
    "whoever has none, and comes by %s, sets one up first, or need not",
    async (way) => {
      const proved = await mail(way);
      const site = await siteWith();
      const token = randomToken();
      const redeemed = await site.redeem(proved, entrance(token));
      expect("attempt" in redeemed).toBe(isForced);
      expect((await site.findSession(token)) === null).toBe(isForced);
      const attempts = await database().twoFactorAttempt.findMany();
      expect(attempts.map(({ sealedTotp }) => typeof sealedTotp)).toEqual(
        isForced ? ["string"] : [],
      );
    },
  );

  test("so does a new account", async () => {
    await database().user.deleteMany();
    const proved = await mail("link");
    const site = await siteWith();
    expect("attempt" in (await site.redeem(proved, entrance()))).toBe(isForced);
    if (isForced)
      expect(await database().twoFactorAttempt.findMany()).toMatchObject([{ isNewAccount: true }]);
  });

  test("a session that was made without one opens nothing any more", async () => {
    const token = randomToken();
    await redeem(await mail("link"), entrance(token));
    expect(await findSession(token)).not.toBeNull();
    const site = await siteWith();
    expect((await site.findSession(token)) === null).toBe(isForced);
  });

  test("a session that was made with one goes on", async () => {
    sealed = await addTotp(ann);
    const token = randomToken();
    await pass(await addAttempt(ann), token);
    const site = await siteWith();
    expect(await site.findSession(token)).not.toBeNull();
  });

  test("whoever has one is asked for that, and sets none up", async () => {
    await addTotp(ann);
    const proved = await mail("link");
    const site = await siteWith();
    expect(await site.redeem(proved, entrance())).toHaveProperty("attempt");
    expect(await database().twoFactorAttempt.findMany()).toMatchObject([{ sealedTotp: null }]);
  });

  /** The rules as they are in a process that was started with this `TWO_FACTOR`. */
  async function siteWith() {
    vi.resetModules();
    vi.stubEnv("TWO_FACTOR", twoFactor);
    vi.stubEnv("ADMIN_EMAILS", adminEmails);
    const [{ redeem }, { findSession }] = await Promise.all([
      import("./redemption"),
      import("./sessions"),
    ]);
    return { redeem, findSession };
  }
});

/** A mail that has proved that somebody reads it. */
async function mail(way: MailWay, stepUpSessionId?: string): Promise<Proved> {
  const linkToken = randomToken();
  await forgetLimits();
  await storeSignInRequest(
    {
      address: { canonical: "ann@example.org", typed: "ann@example.org" },
      keepSignedIn: true,
      next: "/private",
      stepUp: stepUpSessionId ? { sessionId: stepUpSessionId, act: "add-factor" } : undefined,
      visitor: { ...visitor, screenToken: "screen" },
    },
    linkToken,
  );
  const where = { linkHash: hashToken(linkToken) };
  const { id } = await database().signInRequest.findUniqueOrThrow({ where });
  return { by: "mail", requestId: id, way };
}

function entrance(sessionToken = randomToken(), formerSessionToken?: string) {
  return { sessionToken, formerSessionToken, visitor };
}

async function started(redeemed: Awaited<ReturnType<typeof redeem>>): Promise<Attempt> {
  const attempt = "attempt" in redeemed ? await findAttempt(redeemed.attempt.token) : null;
  if (!attempt) throw new Error("nothing waits for a second factor");
  return attempt;
}

/** Passes the second factor with what the app shows now. */
async function pass(
  attempt: Attempt,
  token = randomToken(),
  former?: string,
  typed = shownBy(sealed),
) {
  const proof = await proofBy({ typed });
  const redeemed = await redeem({ by: "second-factor", attempt, proof }, entrance(token, former));
  if (!("session" in redeemed)) throw new Error("no session");
  return redeemed;
}

async function proofBy(given: GivenFactor, user = ann): Promise<FactorProof> {
  const proof = await proveFactor(user, given, trier);
  if ("problem" in proof) throw new Error(`no proof: ${proof.problem}`);
  return proof;
}

/** As `proveFactor` gives it, without the time that it takes to find a code. */
async function recoveryProof(): Promise<FactorProof> {
  const data = { userId: ann.id, salt: "", hash: "" };
  const { id } = await database().recoveryCode.create({ data });
  return { user: ann, tried: null, factor: { kind: "recovery-code", id } };
}

async function attemptsWith(proof: FactorProof): Promise<Proved[]> {
  const proved: Proved[] = [];
  for (let count = 0; count < 50; count++)
    proved.push({ by: "second-factor", attempt: await addAttempt(ann), proof });
  return proved;
}

type Authenticator = Awaited<ReturnType<typeof addPasskey>>["authenticator"];

function answer(authenticator: Authenticator): string {
  const challenge = Buffer.from(newChallenge("it")).toString("base64url");
  return answerWith(authenticator, { challenge });
}

async function alone(authenticator: Authenticator): Promise<Proved> {
  const proven = await provePasskey(answer(authenticator), "it", true);
  if (!proven) throw new Error("no proof");
  const proof = { user: proven.user, tried: null, factor: proven.proof };
  return { by: "passkey", proof, keepSignedIn: true };
}

/** A sign-in that waits for an app to be set up, and the app; with one recovery code, since ten take time. */
async function enrolment(): Promise<{ attempt: Attempt; newFactor: NewFactor }> {
  const sealedTotp = newTotpSecret();
  const attempt = await addAttempt(ann, { sealedTotp });
  const data = { userId: ann.id, sealedSecret: sealedTotp };
  await database().totp.create({ data });
  const proven = await proveNewTotp(ann.id, sealedTotp, shownBy(sealedTotp));
  await database().totp.deleteMany();
  if (!proven) throw new Error("no proof");
  const recoveryCodes = { codes: [""], rows: [{ salt: "", hash: "" }] };
  return { attempt, newFactor: { ...proven, recoveryCodes } };
}

async function signIn(email = ann.email): Promise<{ signedIn: SignedIn; token: string }> {
  const token = randomToken();
  const user = email === ann.email ? ann : await addUser(email);
  const made = { keepSignedIn: true, userAgent: "", networkAddress: "" };
  const ends = {
    endsAt: new Date(Date.now() + days(30)),
    expiresAt: new Date(Date.now() + days(7)),
  };
  const at = { createdAt: new Date(), signedInAt: new Date(), lastSeenAt: new Date() };
  await database().session.create({
    data: {
      ...made,
      ...ends,
      ...at,
      userId: user.id,
      tokenHash: hashToken(token),
      secondFactorAt: new Date(),
    },
  });
  const signedIn = await findSession(token);
  if (!signedIn) throw new Error("nobody is signed in");
  return { signedIn, token };
}

async function expectRefused(
  proved: Proved,
  reason?: SignInRefused["reason"],
  former?: string,
): Promise<void> {
  const before = await database().session.findMany();
  const token = randomToken();
  const refusal = await redeem(proved, entrance(token, former)).catch((error: unknown) => error);
  expect(refusal).toBeInstanceOf(SignInRefused);
  if (reason) expect(refusal).toMatchObject({ reason });
  expect(await findSession(token)).toBeNull();
  expect(await database().session.findMany()).toEqual(before);
}

async function expectOneWinner(proved: Proved[], reason?: SignInRefused["reason"]) {
  const results = await Promise.allSettled(proved.map((each) => redeem(each, entrance())));
  const refused = results.flatMap((result) =>
    result.status === "rejected" ? [result.reason] : [],
  );
  expect(refused).toHaveLength(proved.length - 1);
  for (const refusal of refused) {
    expect(refusal).toBeInstanceOf(SignInRefused);
    if (reason) expect(refusal).toMatchObject({ reason });
  }
  expect(await database().session.count()).toBe(1);
}

function findAttemptRow({ id }: Attempt) {
  return database().twoFactorAttempt.findUnique({ where: { id } });
}

async function everything() {
  return {
    sessions: await database().session.findMany(),
    spent: await database().spentValue.findMany(),
    events: await database().auditEvent.findMany(),
    mails: await database().mail.findMany(),
  };
}

async function successes() {
  const where = { type: "authn_login_success" };
  const events = await database().auditEvent.findMany({ where, orderBy: { id: "asc" } });
  return events.map(readDetails);
}

/** The sign-ins that `/metrics` tells, by way and outcome. */
async function counted(): Promise<Record<string, number>> {
  const { values } = await metrics.signIns.get();
  return Object.fromEntries(
    values.map(({ labels, value }) => [`${labels.way} ${labels.outcome}`, value]),
  );
}

async function notices() {
  const mails = await database().mail.findMany({ where: { template: "security" } });
  return mails.map(readMailContent).map((content) => "notice" in content && content.notice);
}

function later(milliseconds: number) {
  vi.setSystemTime(Date.now() + milliseconds);
}
