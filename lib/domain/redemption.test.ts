import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { database } from "@/lib/platform/database/database";
import {
  emptyDatabase,
  forgetLimits,
  prepareTestDatabase,
  refuseWrites,
} from "@/lib/platform/database/test-database";
import { days, minutes } from "@/lib/platform/duration";
import { hashToken, randomToken } from "@/lib/platform/secrets";
import { readDetails } from "./audit";
import { readMailContent } from "./outbox";
import { type MailWay, SignInRefused } from "./redemption";
import { findSession } from "./sessions";
import { storeSignInRequest } from "./sign-in-request";
import { redeemMail } from "./test-sign-in";

await prepareTestDatabase();
const now = new Date("2030-01-01T10:42:00Z");
const visitor = {
  browserToken: "the browser that signs in",
  userAgent: "The browser that signs in",
  networkAddress: "203.0.113.8",
  timeZone: null,
};

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ["Date"] });
  vi.setSystemTime(now);
  await emptyDatabase();
});
afterEach(() => vi.useRealTimers());

test("the first sign-in makes the account, with a proved address", async () => {
  const { user } = await redeemMail(await ask(), randomToken(), visitor, undefined, "link");
  expect(await database().user.findMany()).toEqual([user]);
  expect(user).toMatchObject({
    email: "ann@example.org",
    emailTyped: "Ann@Example.org",
    emailVerified: now,
    blockedAt: null,
  });
});

test("a later sign-in finds the account and leaves it as it is", async () => {
  const first = await redeemMail(await ask(), randomToken(), visitor, undefined, "link");
  vi.setSystemTime(now.getTime() + 1000);
  const second = await redeemMail(
    await ask({ typed: "ANN@EXAMPLE.ORG" }),
    randomToken(),
    visitor,
    undefined,
    "link",
  );
  expect(second.user).toEqual(first.user);
  expect(second.session.id).not.toBe(first.session.id);
});

test("the session is that of the browser that signs in, and its value is kept as a hash", async () => {
  const token = randomToken();
  const { session } = await redeemMail(
    await ask({ keepSignedIn: true }),
    token,
    visitor,
    undefined,
    "link",
  );
  expect(await database().session.findMany()).toEqual([session]);
  const { userAgent, networkAddress } = visitor;
  expect(session).toMatchObject({ userAgent, networkAddress, keepSignedIn: true, createdAt: now });
  expect(session.tokenHash).toBe(hashToken(token));
  expect(Object.values(session)).not.toContain(token);
});

test("a request that is unknown, used, replaced or expired is refused", async () => {
  await expectRefused("00000000-0000-7000-8000-000000000000", "used");
  const [used, replaced] = [await ask(), await ask()];
  await redeemMail(used, randomToken(), visitor, undefined, "link");
  await expectRefused(used, "used");
  await expectRefused(replaced, "used");
  const expired = await ask();
  vi.setSystemTime(now.getTime() + 10 * 60_000);
  await expectRefused(expired, "used");
  expect(await database().session.count()).toBe(1);
});

test("until the last moment a request can be redeemed", async () => {
  const request = await ask();
  vi.setSystemTime(now.getTime() + 10 * 60_000 - 1);
  expect(await redeemMail(request, randomToken(), visitor, undefined, "link")).toHaveProperty(
    "session",
  );
});

test("of a hundred redeems at once one wins: one session, one account", async () => {
  const request = await ask();
  await expectOneWinner(Array(100).fill(request));
});

test("of a hundred mails to a new address, all redeemed at once, one makes the account", async () => {
  const requests = [];
  for (let count = 0; count < 100; count++) requests.push(await ask());
  await expectOneWinner(requests);
});

test("the first success ends every mail to that address, and no other", async () => {
  const [used, sibling, elsewhere] = [await ask(), await ask(), await ask({ browser: "another" })];
  const stranger = await ask({ address: "bob@example.org" });
  await redeemMail(used, randomToken(), visitor, undefined, "link");
  expect(await requestOf(used)).toMatchObject({
    usedAt: now,
    usedUserAgent: "The browser that signs in",
    replacedAt: null,
  });
  for (const id of [sibling, elsewhere])
    expect(await requestOf(id)).toMatchObject({
      usedAt: null,
      replacedAt: now,
      replacedById: used,
    });
  expect(await requestOf(stranger)).toMatchObject({ usedAt: null, replacedAt: null });
  const states = await database().mail.groupBy({ by: ["recipient", "state"], _count: true });
  expect(states).toEqual(
    expect.arrayContaining([
      { recipient: "ann@example.org", state: "expired", _count: 3 },
      { recipient: "bob@example.org", state: "queued", _count: 1 },
    ]),
  );
});

test("a blocked account gets no session, and nothing is spent", async () => {
  await redeemMail(await ask(), randomToken(), visitor, undefined, "link");
  await database().user.updateMany({ data: { blockedAt: now } });
  const [request, sibling] = [await ask(), await ask()];
  const old = await database().session.findMany();
  const before = await database().signInRequest.findMany({ include: { mail: true } });
  await expectRefused(request, "blocked");
  await expectRefused(sibling, "blocked");
  expect(await database().session.findMany()).toEqual(old);
  expect(await database().signInRequest.findMany({ include: { mail: true } })).toEqual(before);
});

test("at a new sign-in the value that the browser had dies, and no other does", async () => {
  const [old, other, fresh] = [randomToken(), randomToken(), randomToken()];
  await redeemMail(await ask(), old, visitor, undefined, "link");
  await redeemMail(await ask(), other, visitor, undefined, "link");
  await redeemMail(await ask(), fresh, visitor, old, "link");
  expect(await findSession(old)).toBeNull();
  expect(await findSession(other)).not.toBeNull();
  expect(await findSession(fresh)).not.toBeNull();
});

test("somebody else's session in this browser ends, and lives when the sign-in fails", async () => {
  const bobs = randomToken();
  await redeemMail(await ask({ address: "bob@example.org" }), bobs, visitor, undefined, "link");
  const request = await ask();
  await expectRefused("unknown", "used", bobs);
  expect(await findSession(bobs)).not.toBeNull();
  const { user: bob } = (await findSession(bobs)) ?? {};
  await redeemMail(request, randomToken(), visitor, bobs, "link");
  expect(await findSession(bobs)).toBeNull();
  const where = { type: "authn_token_revoked" };
  const [event, ...others] = await database().auditEvent.findMany({ where });
  expect(others).toEqual([]);
  expect(event).toMatchObject({ userId: bob?.id, actor: bob?.id });
  expect(event && readDetails(event)).toEqual({ reason: "other-account", count: 1 });
});

test("a session value that is taken already spends nothing", async () => {
  const token = randomToken();
  await redeemMail(await ask(), token, visitor, undefined, "link");
  const request = await ask();
  await expect(redeemMail(request, token, visitor, undefined, "link")).rejects.toThrow();
  expect(await requestOf(request)).toMatchObject({ usedAt: null });
});

test("the same person in the same browser goes on with the same session, under a new value", async () => {
  const [old, fresh] = [randomToken(), randomToken()];
  const first = await redeemMail(
    await ask({ keepSignedIn: true }),
    old,
    visitor,
    undefined,
    "link",
  );
  later(minutes(20));
  const second = await redeemMail(await ask(), fresh, visitor, old, "code");
  expect(second.session).toEqual({
    ...first.session,
    tokenHash: hashToken(fresh),
    keepSignedIn: false,
    signedInAt: new Date(),
    lastSeenAt: new Date(),
    endsAt: new Date(Date.now() + days(1)),
    expiresAt: new Date(Date.now() + days(1)),
  });
  expect(await database().session.count()).toBe(1);
});

test("of two sign-ins at once in a browser that is signed in, one session is left with one value", async () => {
  const old = randomToken();
  await redeemMail(await ask(), old, visitor, undefined, "link");
  const tokens = [randomToken(), randomToken()];
  const ids = [await ask(), await ask()];
  const results = await Promise.allSettled(
    ids.map((id, index) => redeemMail(id, tokens[index] ?? "", visitor, old, "link")),
  );
  expect(results.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
  const found = await Promise.all(tokens.map(findSession));
  expect(found.filter((each) => each !== null)).toHaveLength(1);
  expect(await findSession(old)).toBeNull();
  expect(await database().session.count()).toBe(1);
});

test("what was interrupted in a session is still there after signing in again", async () => {
  const old = randomToken();
  const { session } = await redeemMail(await ask(), old, visitor, undefined, "link");
  const act = { sessionId: session.id, path: "/", sealedFields: "", expiresAt: now };
  await database().pausedAct.create({ data: act });
  await redeemMail(await ask(), randomToken(), visitor, old, "link");
  expect(await database().pausedAct.count()).toBe(1);
});

describe("asked once more who they are", () => {
  test("the person goes on in the session that was asked", async () => {
    const [old, fresh] = [randomToken(), randomToken()];
    const { session } = await redeemMail(await ask(), old, visitor, undefined, "link");
    later(minutes(20));
    const again = await redeemMail(
      await ask({ stepUpSessionId: session.id }),
      fresh,
      visitor,
      old,
      "code",
    );
    expect(again.session).toMatchObject({ id: session.id, signedInAt: new Date() });
    expect(await findSession(old)).toBeNull();
    expect((await successes()).at(-1)).toEqual({
      way: "code",
      factor: null,
      stepUp: true,
      newDevice: false,
    });
  });

  test.each(["none", "another of the same person", "somebody else's"])(
    "with the session %s nothing is spent, and nothing ends",
    async (which) => {
      const [asked, another, bobs] = [randomToken(), randomToken(), randomToken()];
      const { session } = await redeemMail(await ask(), asked, visitor, undefined, "link");
      await redeemMail(await ask(), another, visitor, undefined, "link");
      await redeemMail(await ask({ address: "bob@example.org" }), bobs, visitor, undefined, "link");
      const id = await ask({ stepUpSessionId: session.id });
      const sibling = await ask();
      const before = await everything();
      const values = { none: undefined, "another of the same person": another };
      const former = which === "somebody else's" ? bobs : values[which as keyof typeof values];
      await expectRefused(id, "other-browser", former);
      expect(await everything()).toEqual(before);
      expect(await requestOf(sibling)).toMatchObject({ replacedAt: null });
      for (const token of [asked, another, bobs]) expect(await findSession(token)).not.toBeNull();
    },
  );

  test("after the session has ended, the mail signs nobody in", async () => {
    const old = randomToken();
    const { session } = await redeemMail(await ask(), old, visitor, undefined, "link");
    const id = await ask({ stepUpSessionId: session.id });
    await database().session.deleteMany();
    await expectRefused(id, "other-browser", old);
    expect(await requestOf(id)).toMatchObject({ usedAt: null });
  });

  test("the mail is another one than for signing in", async () => {
    const { session } = await redeemMail(await ask(), randomToken(), visitor, undefined, "link");
    const id = await ask({ stepUpSessionId: session.id });
    const where = { signInRequestId: id };
    const mail = await database().mail.findUniqueOrThrow({ where });
    expect(mail.template).toBe("step-up");
    expect(readMailContent(mail)).toMatchObject({ template: "step-up", act: "export" });
    expect(await requestOf(id)).toMatchObject({ stepUpSessionId: session.id });
  });
});

describe("a new device", () => {
  test("is none at sign-up", async () => {
    await redeemMail(await ask(), randomToken(), visitor, undefined, "link");
    expect(await securityMails()).toEqual([]);
    expect(await successes()).toEqual([
      { way: "link", factor: null, stepUp: false, newDevice: false },
    ]);
  });

  test("is none when it has signed in to this account before", async () => {
    for (let count = 0; count < 3; count++)
      await redeemMail(await ask(), randomToken(), visitor, undefined, "link");
    expect(await securityMails()).toEqual([]);
  });

  test("is told of to the owner's address, once, about that browser", async () => {
    await redeemMail(await ask(), randomToken(), visitor, undefined, "link");
    const there = { ...visitor, browserToken: "there", userAgent: "Another browser" };
    const { session } = await redeemMail(await ask(), randomToken(), there, undefined, "link");
    await redeemMail(await ask(), randomToken(), there, undefined, "link");
    const mails = await securityMails();
    expect(mails).toHaveLength(1);
    expect(mails[0]).toMatchObject({
      recipient: ann,
      state: "queued",
      expiresAt: new Date(now.getTime() + days(3)),
    });
    expect(mails[0] && readMailContent(mails[0])).toMatchObject({
      notice: "new-device",
      userAgent: "Another browser",
      networkAddress: visitor.networkAddress,
      addressChangeId: null,
    });
    expect(await database().securityNotice.findMany()).toMatchObject([
      { browserHash: hashToken("there") },
    ]);
    expect(session.browserHash).toBe(hashToken("there"));
    expect((await successes()).map(({ newDevice }) => newDevice)).toEqual([false, true, false]);
  });

  test("is one that has signed in to somebody else's account only", async () => {
    await redeemMail(await ask(), randomToken(), visitor, undefined, "link");
    const shared = { ...visitor, browserToken: "shared" };
    await redeemMail(
      await ask({ address: "bob@example.org" }),
      randomToken(),
      shared,
      undefined,
      "link",
    );
    await redeemMail(await ask(), randomToken(), shared, undefined, "link");
    expect(await securityMails()).toMatchObject([{ recipient: ann }]);
  });

  test("is one again that has not signed in for 180 days", async () => {
    await redeemMail(await ask(), randomToken(), visitor, undefined, "link");
    later(days(180));
    await redeemMail(await ask(), randomToken(), visitor, undefined, "link");
    expect(await securityMails()).toHaveLength(1);
  });

  test("is told of in the owner's time zone, also when it has told none", async () => {
    const berlin = { ...visitor, timeZone: "Europe/Berlin" };
    const { user } = await redeemMail(await ask(), randomToken(), berlin, undefined, "link");
    expect(user.timeZone).toBe("Europe/Berlin");
    const there = { ...visitor, browserToken: "there" };
    await redeemMail(await ask(), randomToken(), there, undefined, "link");
    const [mail] = await securityMails();
    expect(mail && readMailContent(mail)).toMatchObject({ timeZone: "Europe/Berlin" });
  });

  test("does not decide where its owner is told times, and a known one does", async () => {
    const berlin = { ...visitor, timeZone: "Europe/Berlin" };
    await redeemMail(await ask(), randomToken(), berlin, undefined, "link");
    const tokyo = { ...visitor, browserToken: "there", timeZone: "Asia/Tokyo" };
    await redeemMail(await ask(), randomToken(), tokyo, undefined, "link");
    expect(await database().user.findMany()).toMatchObject([{ timeZone: "Europe/Berlin" }]);
    const [mail] = await securityMails();
    expect(mail && readMailContent(mail)).toMatchObject({ timeZone: "Europe/Berlin" });
    await redeemMail(await ask(), randomToken(), visitor, undefined, "link");
    expect(await database().user.findMany()).toMatchObject([{ timeZone: "Europe/Berlin" }]);
    await redeemMail(await ask(), randomToken(), tokyo, undefined, "link");
    expect(await database().user.findMany()).toMatchObject([{ timeZone: "Asia/Tokyo" }]);
  });

  test("says where times are told when nobody has said so before", async () => {
    await redeemMail(await ask(), randomToken(), visitor, undefined, "link");
    const tokyo = { ...visitor, browserToken: "there", timeZone: "Asia/Tokyo" };
    await redeemMail(await ask(), randomToken(), tokyo, undefined, "link");
    expect(await database().user.findMany()).toMatchObject([{ timeZone: "Asia/Tokyo" }]);
  });
});

describe("the record", () => {
  test.each<MailWay>(["link", "code", "link-and-code", "number"])(
    "says that somebody signed in by %s, and from where",
    async (way) => {
      const { user } = await redeemMail(await ask(), randomToken(), visitor, undefined, way);
      const { userAgent, networkAddress } = visitor;
      const events = await database().auditEvent.findMany({ orderBy: { id: "asc" } });
      const common = { userId: user.id, actor: user.id, userAgent, networkAddress };
      expect(events).toMatchObject([
        { ...common, type: "user_created", details: null },
        { ...common, type: "authn_login_success" },
      ]);
      expect(await successes()).toMatchObject([{ way }]);
    },
  );

  test("says nothing of a sign-in that was refused", async () => {
    await redeemMail(await ask(), randomToken(), visitor, undefined, "link");
    await database().auditEvent.deleteMany();
    await expectRefused("unknown", "used");
    await database().user.updateMany({ data: { blockedAt: now } });
    await expectRefused(await ask(), "blocked");
    expect(await database().auditEvent.count()).toBe(0);
  });

  test("and the sign-in are both there, or neither", async () => {
    const id = await ask();
    const allow = await refuseWrites("INSERT", "AuditEvent");
    await expect(redeemMail(id, randomToken(), visitor, undefined, "link")).rejects.toThrow();
    await allow();
    expect(await requestOf(id)).toMatchObject({ usedAt: null });
    expect(await database().session.count()).toBe(0);
    expect(await database().user.count()).toBe(0);
  });
});

test("an address that an account has left lately signs nobody up, until it is free", async () => {
  const { user } = await redeemMail(await ask(), randomToken(), visitor, undefined, "link");
  const undoUntil = new Date(now.getTime() + days(7));
  await database().user.update({ where: { id: user.id }, data: { email: "new@example.org" } });
  await database().addressChange.create({
    data: {
      userId: user.id,
      formerEmail: ann,
      formerEmailTyped: ann,
      newEmail: "new@example.org",
      newEmailTyped: "new@example.org",
      linkHash: "",
      codeHash: "",
      expiresAt: now,
      confirmedAt: now,
      undoUntil,
    },
  });
  const asked = await ask();
  const where = { signInRequestId: asked };
  const mail = await database().mail.findUniqueOrThrow({ where });
  expect(readMailContent(mail)).toMatchObject({ template: "no-account", isReserved: true });
  await expectRefused(asked, "no-account");
  expect(await requestOf(asked)).toMatchObject({ usedAt: null });
  expect(await database().user.count()).toBe(1);
  vi.setSystemTime(undoUntil.getTime() - 1);
  await expectRefused(await ask(), "no-account");
  vi.setSystemTime(undoUntil);
  expect(
    (await redeemMail(await ask(), randomToken(), visitor, undefined, "link")).user.email,
  ).toBe(ann);
  expect(await database().user.count()).toBe(2);
});

async function successes() {
  const where = { type: "authn_login_success" };
  const events = await database().auditEvent.findMany({ where, orderBy: { id: "asc" } });
  return events.map(readDetails);
}

function securityMails() {
  return database().mail.findMany({ where: { template: "security" } });
}

async function everything() {
  return {
    users: await database().user.findMany(),
    sessions: await database().session.findMany(),
    requests: await database().signInRequest.findMany(),
    mails: await database().mail.findMany(),
    browsers: await database().knownBrowser.findMany(),
    events: await database().auditEvent.findMany(),
  };
}

function later(milliseconds: number) {
  vi.setSystemTime(Date.now() + milliseconds);
}

async function expectRefused(id: string, reason: SignInRefused["reason"], ended?: string) {
  const refusal = await redeemMail(id, randomToken(), visitor, ended, "link").catch(
    (error: unknown) => error,
  );
  expect(refusal).toBeInstanceOf(SignInRefused);
  expect(refusal).toMatchObject({ reason });
}

async function expectOneWinner(requestIds: string[]) {
  const results = await Promise.allSettled(
    requestIds.map((id) => redeemMail(id, randomToken(), visitor, undefined, "link")),
  );
  const refused = results.flatMap((result) =>
    result.status === "rejected" ? [result.reason] : [],
  );
  expect(refused).toHaveLength(requestIds.length - 1);
  for (const reason of refused) expect(reason).toBeInstanceOf(SignInRefused);
  expect(await database().session.count()).toBe(1);
  expect(await database().user.count()).toBe(1);
}

function requestOf(id: string) {
  return database().signInRequest.findUniqueOrThrow({ where: { id } });
}

const ann = "ann@example.org";

/** Asks for a mail, and returns the id of the request. */
async function ask({
  address = ann,
  typed = "Ann@Example.org",
  browser = "browser",
  keepSignedIn = false,
  stepUpSessionId = undefined as string | undefined,
} = {}) {
  const linkToken = randomToken();
  await forgetLimits();
  await storeSignInRequest(
    {
      address: { canonical: address, typed },
      keepSignedIn,
      next: "/",
      stepUp: stepUpSessionId ? { sessionId: stepUpSessionId, act: "export" } : undefined,
      visitor: {
        browserToken: browser,
        screenToken: "screen",
        userAgent: "The one that asked",
        networkAddress: "",
        timeZone: null,
      },
    },
    linkToken,
  );
  const linkHash = hashToken(linkToken);
  return (await database().signInRequest.findUniqueOrThrow({ where: { linkHash } })).id;
}
