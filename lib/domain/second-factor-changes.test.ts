import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { User } from "@/lib/platform/database/client/client";
import { database } from "@/lib/platform/database/database";
import {
  emptyDatabase,
  prepareTestDatabase,
  refuseWrites,
} from "@/lib/platform/database/test-database";
import { days, minutes } from "@/lib/platform/duration";
import { hashToken, randomToken, unseal } from "@/lib/platform/secrets";
import { readDetails } from "./audit";
import { type NewFactor, proveNewPasskey, proveNewTotp } from "./enrolment";
import { rememberBrowser } from "./known-browsers";
import { renderMail } from "./mail-worker";
import { readMailContent } from "./outbox";
import { mostPasskeys, offerRegistration } from "./passkeys";
import { readRecoveryCode } from "./recovery-codes";
import { redeem, SignInRefused } from "./redemption";
import { hasSecondFactor, listFactors } from "./second-factor";
import {
  beginTotp,
  peekPendingTotp,
  removePasskey,
  removeTotp,
  renewRecoveryCodes,
} from "./second-factor-changes";
import { findSession, isRecentlySignedIn, type SignedIn } from "./sessions";
import { makePasskey, newAuthenticator, storedPasskey } from "./test-authenticator";
import { addAttempt, addPasskey, addTotp, addUser } from "./test-second-factor";
import { shownBy, wrongFor } from "./test-totp";

process.env.SITE_URL = "https://example.org";
process.env.SMTP_URL = "smtp://mail.example.org";
await prepareTestDatabase();
const now = new Date("2030-01-01T10:42:10Z");
const client = { userAgent: "The browser of the change", networkAddress: "203.0.113.9" };
const subject = "new passkey 1";
const browserToken = "the browser of the change";

let ann: User;
let bob: User;
let signedIn: SignedIn;
/** The value of each session's cookie, by its id. */
const tokens = new Map<string, string>();

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ["Date"] });
  vi.setSystemTime(now);
  await emptyDatabase();
  [ann, bob] = [await addUser(), await addUser("bob@example.org")];
  signedIn = await signIn(ann);
});
afterEach(() => vi.useRealTimers());

describe("setting up an app", () => {
  test("begins with another secret each time, kept encrypted, in this session alone", async () => {
    const there = await signIn(ann);
    const secrets = [];
    for (let count = 0; count < 3; count++) {
      await beginTotp(signedIn);
      const sealed = await pending();
      secrets.push(unseal("totp secret", sealed));
      expect(sealed).not.toContain(secrets.at(-1));
    }
    expect(new Set(secrets).size).toBe(3);
    expect(await peekPendingTotp(there)).toBeNull();
    expect(await database().totp.count()).toBe(0);
    expect((await listFactors(ann.id)).appSince).toBeNull();
  });

  test("changes nothing before the app has shown a right value", async () => {
    await beginTotp(signedIn);
    const sealed = await pending();
    for (const typed of ["", "12345", wrongFor(sealed), "abcdef"])
      expect(await proveNewTotp(ann.id, sealed, typed), typed).toBeNull();
    expect(await pending()).toBe(sealed);
    expect(await changes()).toEqual([]);
  });

  test("with the first one come ten recovery codes, which are kept as hashes", async () => {
    await beginTotp(signedIn);
    const sealed = await pending();
    const factor = await proveNewTotp(ann.id, sealed, shownBy(sealed));
    expect(factor?.recoveryCodes?.codes).toHaveLength(10);
    expect(await database().recoveryCode.count()).toBe(0);
    if (factor) expect(await addFactor(signedIn, factor)).toBe(true);
    expect(await listFactors(ann.id)).toEqual({ appSince: now, passkeys: 0, recoveryCodes: 10 });
    expect(await database().totp.findMany()).toMatchObject([
      { userId: ann.id, sealedSecret: sealed },
    ]);
    expect(await peekPendingTotp(signedIn)).toBeNull();
    expect((await signedInAgain()).session.secondFactorAt).toEqual(now);
  });

  test("is written down, and told by mail", async () => {
    await addFactor(signedIn, await newApp());
    expect(await changes()).toEqual(["app-added"]);
    const event = await database().auditEvent.findFirstOrThrow({ where: { type: "user_updated" } });
    expect(event).toMatchObject({ userId: ann.id, actor: ann.id, ...client });
    const [mail, ...others] = await database().mail.findMany();
    expect(others).toEqual([]);
    expect(mail).toMatchObject({ recipient: ann.email, state: "queued" });
    expect(mail && readMailContent(mail)).toMatchObject({ notice: "app-added", ...client });
    if (mail) expect((await renderMail(mail)).text).toContain("https://example.org/not-me?token=");
  });

  test("in the place of another replaces that, and leaves the recovery codes", async () => {
    const old = await addTotp(ann);
    await addRecoveryCode(ann);
    await passSecondFactor();
    await addFactor(signedIn, await newApp());
    const [app, ...others] = await database().totp.findMany();
    expect(others).toEqual([]);
    expect(app?.sealedSecret).not.toBe(old);
    expect(await database().recoveryCode.count()).toBe(1);
    expect(await changes()).toEqual(["app-replaced"]);
    expect(await notices()).toEqual(["app-replaced"]);
  });

  test("in the place of one that was set up meanwhile is refused: this session has not passed that", async () => {
    const owners = await addTotp(ann);
    expect(await addFactor(signedIn, await newApp())).toBe(false);
    expect(await database().totp.findMany()).toMatchObject([{ sealedSecret: owners }]);
    expect(await changes()).toEqual([]);
  });

  test("twenty times at once is setting it up once", async () => {
    const factor = await newApp();
    const added = await Promise.all(Array.from({ length: 20 }, () => addFactor(signedIn, factor)));
    expect(added.filter(Boolean)).toHaveLength(1);
    expect(await changes()).toEqual(["app-added"]);
  });

  test("the value that set it up does not sign in any more", async () => {
    const factor = await newApp();
    await addFactor(signedIn, factor);
    expect(await addFactor(signedIn, factor)).toBe(false);
  });

  test("in a session that has ended meanwhile changes nothing", async () => {
    const factor = await newApp();
    await database().session.deleteMany();
    expect(await addFactor(signedIn, factor)).toBe(false);
    expect(await database().totp.count()).toBe(0);
    expect(await changes()).toEqual([]);
  });
});

describe("what is refused changes nothing", () => {
  test("of the session: it has passed no factor, and what is being set up stays", async () => {
    const factor = await newApp();
    await addFactor(await signIn(ann), factor);
    await beginTotp(signedIn);
    const before = await database().session.findMany();
    later(minutes(1));
    expect(await addFactor(signedIn, factor)).toBe(false);
    expect(await database().session.findMany()).toEqual(before);
  });

  test("nor does a passkey that is here already make anything recent", async () => {
    const { authenticator } = await addPasskey(bob);
    await addTotp(ann);
    later(minutes(20));
    const factor = await newPasskey(authenticator);
    expect(await addFactor(await signedInAgain(), factor)).toBe(false);
    expect(await isRecentlySignedIn(await signedInAgain())).toBe(false);
  });
});

describe("adding a passkey", () => {
  test("stores it, and tells the owner about that one", async () => {
    const authenticator = newAuthenticator();
    expect(await addFactor(signedIn, await newPasskey(authenticator))).toBe(true);
    const passkey = await database().passkey.findFirstOrThrow();
    expect(passkey).toMatchObject({
      userId: ann.id,
      name: "Phone",
      credentialId: storedPasskey(authenticator).credentialId,
      deniedAt: null,
    });
    expect(await changes()).toEqual(["passkey-added"]);
    expect(await notices()).toEqual(["passkey-added"]);
    expect(await database().securityNotice.findMany()).toMatchObject([{ passkeyId: passkey.id }]);
    expect((await signedInAgain()).session.secondFactorAt).toEqual(now);
  });

  test("with what an authenticator said once stores it once", async () => {
    const factor = await newPasskey(newAuthenticator());
    const added = await Promise.all(Array.from({ length: 20 }, () => addFactor(signedIn, factor)));
    expect(added.filter(Boolean)).toHaveLength(1);
    expect(await database().passkey.count()).toBe(1);
  });

  test.each(["one's own", "somebody else's"])("that is %s already is refused", async (whose) => {
    const { authenticator } = await addPasskey(whose === "one's own" ? ann : bob);
    expect(await addFactor(signedIn, await newPasskey(authenticator))).toBe(false);
    expect(await database().passkey.count()).toBe(1);
    expect(await changes()).toEqual([]);
  });

  test("is refused beyond twenty, one at a time and at once", async () => {
    const rows = Array.from({ length: mostPasskeys - 1 }, (_, index) => ({
      ...storedPasskey(newAuthenticator()),
      userId: ann.id,
      name: `${index}`,
    }));
    await database().passkey.createMany({ data: rows });
    await passSecondFactor();
    const factors = [];
    for (let count = 0; count < 5; count++) factors.push(await newPasskey(newAuthenticator()));
    const added = await Promise.all(factors.map((each) => addFactor(signedIn, each)));
    expect(added.filter(Boolean)).toHaveLength(1);
    expect(await database().passkey.count()).toBe(mostPasskeys);
  });

  test("for another subject is refused", async () => {
    const { challenge } = await offerRegistration(subject, ann);
    const text = makePasskey(newAuthenticator(), { challenge });
    expect(await proveNewPasskey(ann.id, text, "new passkey 2", "Phone")).toBeNull();
  });
});

describe("taking away", () => {
  beforeEach(passSecondFactor);

  test("the app is written down and told, and leaves other factors and the codes", async () => {
    await addTotp(ann);
    await addPasskey(ann);
    await addRecoveryCode(ann);
    await addAttempt(ann);
    expect(await removeTotp(signedIn, client)).toBeNull();
    expect(await listFactors(ann.id)).toEqual({ appSince: null, passkeys: 1, recoveryCodes: 1 });
    expect(await database().twoFactorAttempt.count()).toBe(1);
    expect(await changes()).toEqual(["app-removed"]);
    expect(await notices()).toEqual(["app-removed"]);
    const event = await database().auditEvent.findFirstOrThrow({ where: { type: "user_updated" } });
    expect(event).toMatchObject({ userId: ann.id, actor: ann.id, ...client });
  });

  test("the last one takes the recovery codes with it, and the sign-ins that wait", async () => {
    for (const user of [ann, bob]) {
      await addTotp(user);
      await addRecoveryCode(user);
      await addAttempt(user);
    }
    expect(await removeTotp(signedIn, client)).toBeNull();
    const where = { userId: ann.id };
    expect(await database().recoveryCode.count({ where })).toBe(0);
    expect(await database().twoFactorAttempt.count({ where })).toBe(0);
    expect(await database().totp.findMany()).toMatchObject([{ userId: bob.id }]);
    expect(await database().recoveryCode.count()).toBe(1);
    expect(await database().twoFactorAttempt.count()).toBe(1);
  });

  test("a passkey takes that one", async () => {
    const [one, other] = [await addPasskey(ann), await addPasskey(ann)];
    await addRecoveryCode(ann);
    expect(await removePasskey(signedIn, one.passkey.id, client)).toBeNull();
    expect(await database().passkey.findMany()).toMatchObject([{ id: other.passkey.id }]);
    expect(await database().recoveryCode.count()).toBe(1);
    expect(await changes()).toEqual(["passkey-removed"]);
    expect(await notices()).toEqual(["passkey-removed"]);
    expect(await removePasskey(signedIn, other.passkey.id, client)).toBeNull();
    expect(await database().recoveryCode.count()).toBe(0);
  });

  test("what is somebody else's, or is not there, takes nothing, and tells nobody", async () => {
    const bobs = await addPasskey(bob);
    await addPasskey(ann);
    await addTotp(bob);
    for (const id of [bobs.passkey.id, "", "unknown", bob.id])
      expect(await removePasskey(signedIn, id, client)).toBe("unknown");
    expect(await removeTotp(signedIn, client)).toBe("unknown");
    expect(await database().passkey.count()).toBe(2);
    expect(await database().totp.count()).toBe(1);
    expect(await changes()).toEqual([]);
    expect(await database().mail.count()).toBe(0);
  });

  test("twenty times at once is taking it away once", async () => {
    await addTotp(ann);
    const outcomes = await Promise.all(
      Array.from({ length: 20 }, () => removeTotp(signedIn, client)),
    );
    expect(outcomes.filter((each) => each === null)).toHaveLength(1);
    expect(await changes()).toEqual(["app-removed"]);
  });

  test("one that was set up meanwhile takes nothing: this session has not passed that", async () => {
    const { id } = signedIn.session;
    await database().session.update({ where: { id }, data: { secondFactorAt: null } });
    signedIn = await signedInAgain();
    const owners = await addTotp(ann);
    expect(await removeTotp(signedIn, client)).toBe("unknown");
    expect(await renewRecoveryCodes(signedIn, client)).toBeNull();
    expect(await database().totp.findMany()).toMatchObject([{ sealedSecret: owners }]);
    expect(await changes()).toEqual([]);
  });

  test("and its record are both there, or neither", async () => {
    await addTotp(ann);
    const allow = await refuseWrites("INSERT", "Mail");
    await expect(removeTotp(signedIn, client)).rejects.toThrow();
    await expect(addFactor(signedIn, await newApp())).rejects.toThrow();
    await allow();
    expect(await database().totp.count()).toBe(1);
    expect(await changes()).toEqual([]);
  });
});

describe.each([
  ["everyone", ""],
  ["admins", "Ann@Example.org"],
])("where the site asks for one, by TWO_FACTOR=%s", (twoFactor, adminEmails) => {
  beforeEach(passSecondFactor);
  afterEach(() => {
    vi.unstubAllEnvs();
    vi.resetModules();
  });

  test("the last one stays, with all that belongs to it", async () => {
    await addTotp(ann);
    await addRecoveryCode(ann);
    await addAttempt(ann);
    const site = await siteWith();
    expect(await site.removeTotp(signedIn, client)).toBe("required");
    expect(await listFactors(ann.id)).toEqual({ appSince: now, passkeys: 0, recoveryCodes: 1 });
    expect(await database().twoFactorAttempt.count()).toBe(1);
    expect(await changes()).toEqual([]);
    expect(await database().mail.count()).toBe(0);
  });

  test("one of two goes, and of both at once one stays", async () => {
    await addTotp(ann);
    const { passkey } = await addPasskey(ann);
    const site = await siteWith();
    const outcomes = await Promise.all([
      site.removeTotp(signedIn, client),
      site.removePasskey(signedIn, passkey.id, client),
    ]);
    expect(outcomes.toSorted()).toEqual([null, "required"].toSorted());
    expect((await database().totp.count()) + (await database().passkey.count())).toBe(1);
  });

  async function siteWith() {
    vi.resetModules();
    vi.stubEnv("TWO_FACTOR", twoFactor);
    vi.stubEnv("ADMIN_EMAILS", adminEmails);
    return await import("./second-factor-changes");
  }
});

describe("new recovery codes", () => {
  beforeEach(passSecondFactor);

  test("take the place of the old ones, are shown once, and are told", async () => {
    await addTotp(ann);
    const old = await addRecoveryCode(ann);
    const bobs = await addRecoveryCode(bob);
    const codes = await renewRecoveryCodes(signedIn, client);
    expect(codes?.map((code) => typeof readRecoveryCode(code))).toEqual(Array(10).fill("string"));
    const rows = await database().recoveryCode.findMany();
    expect(rows).toHaveLength(11);
    expect(rows.map(({ id }) => id)).not.toContain(old.id);
    expect(rows.map(({ id }) => id)).toContain(bobs.id);
    expect(await changes()).toEqual(["recovery-codes-renewed"]);
    expect(await notices()).toEqual(["recovery-codes-renewed"]);
  });

  test("are none where there is no second factor that they could take the place of", async () => {
    await addTotp(bob);
    expect(await renewRecoveryCodes(signedIn, client)).toBeNull();
    expect(await database().recoveryCode.count()).toBe(0);
    expect(await changes()).toEqual([]);
    expect(await database().mail.count()).toBe(0);
  });
});

async function signIn({ id: userId }: User): Promise<SignedIn> {
  const value = randomToken();
  await rememberBrowser(database(), userId, hashToken(browserToken));
  const at = { createdAt: new Date(), signedInAt: new Date(), lastSeenAt: new Date() };
  await database().session.create({
    data: {
      ...at,
      userId,
      tokenHash: hashToken(value),
      keepSignedIn: true,
      userAgent: "",
      networkAddress: "",
      endsAt: new Date(Date.now() + days(30)),
      expiresAt: new Date(Date.now() + days(7)),
    },
  });
  const found = await findSession(value);
  if (!found) throw new Error("nobody is signed in");
  tokens.set(found.session.id, value);
  return found;
}

/** Adds a second factor in a session. @returns false when it is refused */
async function addFactor(where: SignedIn, newFactor: NewFactor): Promise<boolean> {
  const sessionToken = randomToken();
  const formerSessionToken = tokens.get(where.session.id);
  const visitor = { ...client, browserToken, timeZone: null };
  const proved = { by: "new-factor", signedIn: where, newFactor } as const;
  try {
    await redeem(proved, { sessionToken, formerSessionToken, visitor });
    tokens.set(where.session.id, sessionToken);
    return true;
  } catch (error) {
    if (error instanceof SignInRefused) return false;
    throw error;
  }
}

async function signedInAgain(): Promise<SignedIn> {
  const found = await findSession(tokens.get(signedIn.session.id) ?? "");
  if (!found) throw new Error("nobody is signed in");
  return found;
}

/** As if it had been asked for just now. */
async function passSecondFactor(): Promise<void> {
  const { id } = signedIn.session;
  await database().session.update({ where: { id }, data: { secondFactorAt: new Date() } });
  signedIn = await signedInAgain();
}

async function pending(): Promise<string> {
  const sealed = await peekPendingTotp(signedIn);
  if (!sealed) throw new Error("no app is being set up");
  return sealed;
}

/** An app that has shown a right value, with one recovery code: ten take two seconds. */
async function newApp(): Promise<NewFactor> {
  await beginTotp(signedIn);
  const sealed = await pending();
  return await withoutCodes(() => proveNewTotp(ann.id, sealed, shownBy(sealed)));
}

async function newPasskey(authenticator: ReturnType<typeof newAuthenticator>): Promise<NewFactor> {
  const { challenge } = await offerRegistration(subject, ann);
  const text = makePasskey(authenticator, { challenge });
  return await withoutCodes(() => proveNewPasskey(ann.id, text, subject, "Phone"));
}

/** Whoever has a factor gets no new recovery codes: for a moment, there is one. Then one code for who has none. */
async function withoutCodes(prove: () => Promise<NewFactor | null>): Promise<NewFactor> {
  const data = { ...storedPasskey(newAuthenticator()), userId: ann.id };
  const { id } = await database().passkey.create({ data });
  const factor = await prove();
  await database().passkey.delete({ where: { id } });
  if (!factor) throw new Error("no proof");
  const hasOne = await hasSecondFactor(ann.id);
  const recoveryCodes = { codes: ["code"], rows: [{ salt: "", hash: "" }] };
  return { ...factor, recoveryCodes: hasOne ? null : recoveryCodes };
}

async function addRecoveryCode({ id: userId }: User) {
  return await database().recoveryCode.create({ data: { userId, salt: "", hash: "" } });
}

/** What has been written down about second factors. */
async function changes() {
  const where = { type: "user_updated" };
  const events = await database().auditEvent.findMany({ where, orderBy: { id: "asc" } });
  return events
    .map(readDetails)
    .filter(({ field }) => field === "second-factor")
    .map(({ act }) => act);
}

async function notices() {
  const mails = await database().mail.findMany({ where: { template: "security" } });
  return mails.map(readMailContent).map((content) => "notice" in content && content.notice);
}

function later(milliseconds: number) {
  vi.setSystemTime(Date.now() + milliseconds);
}
