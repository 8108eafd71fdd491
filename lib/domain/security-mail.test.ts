import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { database } from "@/lib/platform/database/database";
import {
  emptyDatabase,
  forgetLimits,
  prepareTestDatabase,
} from "@/lib/platform/database/test-database";
import { inTransaction } from "@/lib/platform/database/transaction";
import { hashToken, randomToken } from "@/lib/platform/secrets";
import { askForAddressChange, findPendingChange, undoToken } from "./address-change";
import { readDetails } from "./audit";
import { mailStopToken } from "./mail-stop";
import { renderMail } from "./mail-worker";
import { hasSecondFactor } from "./second-factor";
import { denyNotice, noticeToken, peekNotice, queueSecurityMail } from "./security-mail";
import { findSession, type SignedIn } from "./sessions";
import { storeSignInRequest } from "./sign-in-request";
import { addAttempt, addPasskey, addTotp } from "./test-second-factor";
import { redeemMail } from "./test-sign-in";

process.env.SITE_URL = "https://example.org";
process.env.SMTP_URL = "smtp://mail.example.org";
await prepareTestDatabase();
const now = new Date("2030-01-01T10:42:00Z");
const day = 24 * 60 * 60_000;
const ann = "ann@example.org";
const bob = "bob@example.org";
const client = { userAgent: "Whoever pressed it", networkAddress: "203.0.113.9" };

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ["Date"] });
  vi.setSystemTime(now);
  await emptyDatabase();
});
afterEach(() => vi.useRealTimers());

test("a mail about a new device has its link alone on a line, and says who, where and when", async () => {
  await signIn(ann, "here");
  await signIn(ann, "there");
  const mail = await database().mail.findFirstOrThrow({ where: { template: "security" } });
  const { id } = await database().securityNotice.findFirstOrThrow();
  const { subject, text, html } = await renderMail(mail);
  const link = `https://example.org/not-me?token=${noticeToken(id)}`;
  expect(subject).toBe("New sign-in to your account at Latchkey");
  expect(text.split("\n").filter((line) => line === link)).toHaveLength(1);
  expect(html).toContain(`href="${link}"`);
  expect(text).toContain("from the network address 203.0.113.7");
  expect(text).toMatch(/on January 1, 2030 at 19:42/);
  expect(text).not.toContain("/undo-address");
});

test("this wasn't me ends what the browser of the mail is signed in with, and no other session", async () => {
  const here = await signIn(ann, "here");
  const bobs = await signIn(bob, "bob's");
  const there = await signIn(ann, "there");
  const again = await signIn(ann, "there");
  const bobsThere = await signIn(bob, "there");
  const token = await tokenAbout(there.signedIn, "there");
  expect(await denyNotice(token, client)).toBe(true);
  for (const each of [there, again]) expect(await findSession(each.token)).toBeNull();
  expect(await findSession(bobsThere.token)).not.toBeNull();
  expect(await findSession(here.token)).not.toBeNull();
  expect(await findSession(bobs.token)).not.toBeNull();
});

test("it ends the session also under the value that it got since", async () => {
  await signIn(ann, "here");
  const there = await signIn(ann, "there");
  const token = await tokenAbout(there.signedIn, "there");
  const again = await signIn(ann, "there", there.token);
  expect(again.signedIn.session.id).toBe(there.signedIn.session.id);
  await denyNotice(token, client);
  expect(await findSession(again.token)).toBeNull();
});

test("where the mail is about no browser, it ends all of this person", async () => {
  const [here, there] = [await signIn(ann, "here"), await signIn(ann, "there")];
  const bobs = await signIn(bob, "bob's");
  expect(await denyNotice(await noticeAbout(here.signedIn, null), client)).toBe(true);
  for (const { token } of [here, there]) expect(await findSession(token)).toBeNull();
  expect(await findSession(bobs.token)).not.toBeNull();
});

test("it ends pending sign-ins and changes of address of this person", async () => {
  const here = await signIn(ann, "here");
  const bobs = await signIn(bob, "bob's");
  const pending = await askForMail(ann, "here");
  const others = await askForMail(bob, "bob's");
  for (const { signedIn } of [here, bobs]) {
    const address = { canonical: `new.${signedIn.user.email}`, typed: "" };
    await forgetLimits();
    await askForAddressChange(signedIn, address, {
      ...client,
      browserToken: "browser",
      timeZone: null,
    });
  }
  await denyNotice(await noticeAbout(here.signedIn, "here"), client);
  expect(await requestOf(pending)).toMatchObject({ replacedAt: now, mail: { state: "expired" } });
  expect(await requestOf(others)).toMatchObject({ replacedAt: null, mail: { state: "queued" } });
  expect(await findPendingChange(here.signedIn.user.id)).toBeNull();
  expect(await findPendingChange(bobs.signedIn.user.id)).not.toBeNull();
  const wishes = await database().mail.findMany({
    where: { template: "address-change" },
    orderBy: { recipient: "asc" },
  });
  expect(wishes).toMatchObject([
    { recipient: `new.${ann}`, state: "expired", sealedContent: null },
    { recipient: `new.${bob}`, state: "queued" },
  ]);
});

test("it ends the sign-ins of this person that wait for a second factor", async () => {
  const [here, bobs] = [await signIn(ann, "here"), await signIn(bob, "bob's")];
  for (const { signedIn } of [here, here, bobs]) await addAttempt(signedIn.user);
  await denyNotice(await noticeAbout(here.signedIn, "here"), client);
  const { id: userId } = bobs.signedIn.user;
  expect(await database().twoFactorAttempt.findMany()).toMatchObject([{ userId }]);
});

test("it puts the passkey out of use that the mail is about, and no other", async () => {
  const [here, bobs] = [await signIn(ann, "here"), await signIn(bob, "bob's")];
  const [strange, own] = [
    await addPasskey(here.signedIn.user),
    await addPasskey(here.signedIn.user),
  ];
  const others = await addPasskey(bobs.signedIn.user);
  const token = await noticeAbout(here.signedIn, null, strange.passkey.id);
  await peekNotice(token);
  expect(await database().passkey.count({ where: { deniedAt: null } })).toBe(3);
  expect(await denyNotice(token, client)).toBe(true);
  const where = { deniedAt: null };
  const left = await database().passkey.findMany({ where, orderBy: { id: "asc" } });
  expect(left.map(({ id }) => id)).toEqual([own.passkey.id, others.passkey.id]);
  expect(await database().passkey.findMany({ where: { NOT: where } })).toMatchObject([
    { id: strange.passkey.id, deniedAt: now },
  ]);
});

test("the account goes on asking for a second factor when the only one is out of use", async () => {
  const { signedIn } = await signIn(ann, "here");
  const { passkey } = await addPasskey(signedIn.user);
  await denyNotice(await noticeAbout(signedIn, null, passkey.id), client);
  expect(await hasSecondFactor(signedIn.user.id)).toBe(true);
  await expect(signIn(ann, "here")).rejects.toThrow("A second factor is asked for");
});

test("a passkey that has gone meanwhile, or is somebody else's, is no fault", async () => {
  const [here, bobs] = [await signIn(ann, "here"), await signIn(bob, "bob's")];
  const { passkey } = await addPasskey(bobs.signedIn.user);
  for (const passkeyId of [passkey.id, "00000000-0000-7000-8000-000000000000"])
    expect(await denyNotice(await noticeAbout(here.signedIn, null, passkeyId), client)).toBe(true);
  expect(await database().passkey.findMany()).toMatchObject([{ deniedAt: null }]);
});

test("without a passkey in it, it leaves second factors as they are", async () => {
  const { signedIn } = await signIn(ann, "here");
  await addTotp(signedIn.user);
  await addPasskey(signedIn.user);
  await denyNotice(await noticeAbout(signedIn, null), client);
  expect(await database().totp.count()).toBe(1);
  expect(await database().passkey.count({ where: { deniedAt: null } })).toBe(1);
});

test.each([
  "app-added",
  "app-replaced",
  "app-removed",
  "passkey-added",
  "passkey-removed",
  "recovery-codes-renewed",
  "recovery-code-used",
  "factor-paused",
] as const)("a mail about %s says who, where and when, and has its link", async (notice) => {
  const { signedIn } = await signIn(ann, "here");
  await database().mail.deleteMany();
  await inTransaction((transaction) =>
    queueSecurityMail(transaction, {
      user: signedIn.user,
      notice,
      recipient: ann,
      browserHash: null,
      client,
    }),
  );
  const { id } = await database().securityNotice.findFirstOrThrow();
  const { subject, text, html } = await renderMail(await database().mail.findFirstOrThrow());
  const link = `https://example.org/not-me?token=${noticeToken(id)}`;
  expect(text.split("\n").filter((line) => line === link)).toHaveLength(1);
  expect(html).toContain(`href="${link}"`);
  expect(text).toContain("from the network address 203.0.113.9");
  expect(text).toMatch(/on January 1, 2030 at 19:42/);
  expect(subject).toContain("Latchkey");
  expect(text).not.toContain("/undo-address");
});

test("the browser stays known: its next sign-in is not told again", async () => {
  await signIn(ann, "here");
  const there = await signIn(ann, "there");
  const before = await database().knownBrowser.findMany();
  await denyNotice(await tokenAbout(there.signedIn, "there"), client);
  expect(await database().knownBrowser.findMany()).toEqual(before);
  await signIn(ann, "there");
  expect(await database().securityNotice.count()).toBe(1);
});

test("it only takes away: the account, its address and its name stay", async () => {
  const here = await signIn(ann, "here");
  const before = await database().user.findMany();
  await denyNotice(await noticeAbout(here.signedIn, null), client);
  expect(await database().user.findMany()).toEqual(before);
  expect((await signIn(ann, "here")).signedIn.user.id).toBe(here.signedIn.user.id);
});

test("it is written down, by nobody who is known", async () => {
  const { signedIn } = await signIn(ann, "here");
  await database().auditEvent.deleteMany();
  await denyNotice(await noticeAbout(signedIn, "here"), client);
  const events = await database().auditEvent.findMany({ orderBy: { id: "asc" } });
  const common = { userId: signedIn.user.id, actor: null, ...client };
  expect(events).toMatchObject([
    { type: "authn_token_revoked", ...common },
    { type: "sensitive_update", ...common },
  ]);
  expect(events.map(readDetails)).toEqual([{ reason: "not-me", count: 1 }, { act: "not-me" }]);
});

test("it works once, of twenty at once too, and later sessions are left alone", async () => {
  const { signedIn } = await signIn(ann, "here");
  const token = await noticeAbout(signedIn, null);
  const outcomes = await Promise.all(Array.from({ length: 20 }, () => denyNotice(token, client)));
  expect(outcomes.filter((isDone) => isDone)).toHaveLength(1);
  const later = await signIn(ann, "here");
  expect(await denyNotice(token, client)).toBe(false);
  expect(await findSession(later.token)).not.toBeNull();
});

test("after the session has ended, it still does the rest", async () => {
  const { signedIn } = await signIn(ann, "here");
  const token = await noticeAbout(signedIn, "here");
  const pending = await askForMail(ann, "here");
  await database().session.deleteMany();
  expect(await denyNotice(token, client)).toBe(true);
  expect(await requestOf(pending)).toMatchObject({ replacedAt: now });
  expect(await database().auditEvent.count({ where: { type: "authn_token_revoked" } })).toBe(0);
});

test("it works until the last moment of thirty days, and not longer", async () => {
  const { signedIn } = await signIn(ann, "here");
  const token = await noticeAbout(signedIn, null);
  vi.setSystemTime(now.getTime() + 30 * day);
  expect(await peekNotice(token)).toBeNull();
  expect(await denyNotice(token, client)).toBe(false);
  vi.setSystemTime(now.getTime() + 30 * day - 1);
  expect(await denyNotice(token, client)).toBe(true);
});

test("looking at it changes nothing, however often", async () => {
  const { signedIn, token: value } = await signIn(ann, "here");
  const token = await noticeAbout(signedIn, null);
  for (let count = 0; count < 10; count++)
    expect(await peekNotice(token)).toMatchObject({ userId: signedIn.user.id, usedAt: null });
  expect(await findSession(value)).not.toBeNull();
});

test("a forged, shortened or made-up one does nothing, one of another purpose neither", async () => {
  const { signedIn, token: value } = await signIn(ann, "here");
  const bobs = await signIn(bob, "bob's");
  const token = await noticeAbout(signedIn, null);
  const { id } = await database().securityNotice.findFirstOrThrow();
  const other = await noticeAbout(bobs.signedIn, null);
  const hash = token.split(".")[1] ?? "";
  const forged = [
    ...Array.from({ length: token.length }, (_, length) => token.slice(0, length)),
    `${id}.${hashToken(id)}`,
    `${other.split(".")[0]}.${hash}`,
    `${id.toUpperCase()}.${hash}`,
    undoToken(id),
    mailStopToken(id),
    noticeToken(signedIn.session.id),
    noticeToken(signedIn.user.id),
    noticeToken(""),
    "a".repeat(100_000),
  ];
  for (const text of forged) {
    expect(await peekNotice(text), text.slice(0, 90)).toBeNull();
    expect(await denyNotice(text, client), text.slice(0, 90)).toBe(false);
  }
  expect(await findSession(value)).not.toBeNull();
  expect(await denyNotice(token, client)).toBe(true);
});

test("nothing of its link is stored, and it dies with the account", async () => {
  const { signedIn } = await signIn(ann, "here");
  const token = await noticeAbout(signedIn, null);
  const hash = token.split(".")[1] ?? "";
  const rows = [await database().securityNotice.findMany(), await database().mail.findMany()];
  expect(JSON.stringify(rows).includes(hash)).toBe(false);
  await database().user.deleteMany();
  expect(await database().securityNotice.count()).toBe(0);
  expect(await denyNotice(token, client)).toBe(false);
});

test("a mail whose act is undone is not sent, and its link is none", async () => {
  const { signedIn } = await signIn(ann, "here");
  await database().mail.deleteMany();
  const act = inTransaction(async (transaction) => {
    await queueSecurityMail(transaction, {
      user: signedIn.user,
      notice: "new-device",
      recipient: ann,
      browserHash: null,
      client,
    });
    throw new Error("undone");
  });
  await expect(act).rejects.toThrow("undone");
  expect(await database().mail.count()).toBe(0);
  expect(await database().securityNotice.count()).toBe(0);
});

/** A security mail about this browser, or about none. @returns the secret of its link */
async function noticeAbout(
  { user }: SignedIn,
  browserToken: string | null,
  passkeyId?: string,
): Promise<string> {
  await inTransaction((transaction) =>
    queueSecurityMail(transaction, {
      user,
      notice: "new-device",
      recipient: user.email,
      browserHash: browserToken && hashToken(browserToken),
      client,
      ...(passkeyId && { passkeyId }),
    }),
  );
  const { id } = await database().securityNotice.findFirstOrThrow({
    where: { userId: user.id },
    orderBy: { id: "desc" },
  });
  return noticeToken(id);
}

/** @returns the secret of the link in the mail about the new device */
async function tokenAbout({ user }: SignedIn, browserToken: string): Promise<string> {
  const where = { userId: user.id, browserHash: hashToken(browserToken) };
  return noticeToken((await database().securityNotice.findFirstOrThrow({ where })).id);
}

async function signIn(email: string, browserToken: string, former?: string) {
  const token = randomToken();
  const id = await askForMail(email, browserToken);
  await redeemMail(id, token, visitorOf(browserToken), former, "link");
  const signedIn = await findSession(token);
  if (!signedIn) throw new Error("nobody is signed in");
  return { token, signedIn };
}

/** @returns the id of the request */
async function askForMail(email: string, browserToken: string): Promise<string> {
  const linkToken = randomToken();
  const visitor = { ...visitorOf(browserToken), screenToken: "" };
  const address = { canonical: email, typed: email };
  await forgetLimits();
  await storeSignInRequest({ address, keepSignedIn: true, next: "/", visitor }, linkToken);
  const where = { linkHash: hashToken(linkToken) };
  return (await database().signInRequest.findUniqueOrThrow({ where })).id;
}

function visitorOf(browserToken: string) {
  return { browserToken, userAgent: "", networkAddress: "203.0.113.7", timeZone: "Asia/Tokyo" };
}

function requestOf(id: string) {
  return database().signInRequest.findUniqueOrThrow({ where: { id }, include: { mail: true } });
}
