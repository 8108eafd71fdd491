import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { database } from "@/lib/platform/database/database";
import {
  emptyDatabase,
  explain,
  forgetLimits,
  prepareTestDatabase,
  refuseWrites,
} from "@/lib/platform/database/test-database";
import { hashToken, randomToken } from "@/lib/platform/secrets";
import { readDetails } from "./audit";
import {
  endSessions,
  findSession,
  findSessionById,
  isRecentlySignedIn,
  listSessions,
  renewedEnd,
  renewSession,
  revokeSessions,
  type SignedIn,
  sessionEnds,
  sessionWith,
  signOut,
} from "./sessions";
import { storeSignInRequest } from "./sign-in-request";
import { addPasskey, addTotp } from "./test-second-factor";
import { redeemMail } from "./test-sign-in";

await prepareTestDatabase();
const now = new Date("2030-01-01T10:42:00Z");
const minute = 60_000;
const day = 24 * 60 * minute;
const client = { userAgent: "The browser that ends it", networkAddress: "203.0.113.9" };

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ["Date"] });
  vi.setSystemTime(now);
  await emptyDatabase();
});
afterEach(() => vi.useRealTimers());

test("a session's value finds its person", async () => {
  const token = await signIn("ann@example.org", false);
  const { session, user } = await signedInWith(token);
  const row = await database().session.findUniqueOrThrow({ where: { id: session.id } });
  expect(row.tokenHash).toBe(hashToken(token));
  expect(user).toEqual({
    id: row.userId,
    email: "ann@example.org",
    emailTyped: "ann@example.org",
    name: null,
    timeZone: "Europe/Berlin",
    properties: null,
    isAdmin: false,
  });
});

test.each([
  ["admin", true],
  ["super", true],
  ["editor", false],
])("who has the scope %s is an administrator on the next request: %s", async (scope, isAdmin) => {
  const token = await signIn("ann@example.org", false);
  const { user } = await signedInWith(token);
  await database().userScope.create({ data: { userId: user.id, scope } });
  expect((await signedInWith(token)).user.isAdmin).toBe(isAdmin);
  await database().userScope.deleteMany({ where: { userId: user.id } });
  expect((await signedInWith(token)).user.isAdmin).toBe(false);
});

test.each([true, false])(
  "what the one question finds is of the types that the models say, kept signed in: %s",
  async (keepSignedIn) => {
    const { session } = await signedInWith(await signIn("ann@example.org", keepSignedIn));
    const row = await database().session.findFirstOrThrow({
      omit: {
        tokenHash: true,
        browserHash: true,
        userId: true,
        userAgent: true,
        networkAddress: true,
        sealedTotp: true,
        totpUntil: true,
      },
    });
    expect(session).toStrictEqual(row);
    expect(session.keepSignedIn).toBe(keepSignedIn);
    for (const at of ["createdAt", "lastSeenAt", "signedInAt", "expiresAt", "endsAt"] as const)
      expect(session[at], at).toBeInstanceOf(Date);
  },
);

test("each value finds its own person", async () => {
  const [anns, bobs] = [
    await signIn("ann@example.org", true),
    await signIn("bob@example.org", true),
  ];
  expect((await findSession(anns))?.user.email).toBe("ann@example.org");
  expect((await findSession(bobs))?.user.email).toBe("bob@example.org");
});

test("a made-up value finds nobody, the stored hash neither", async () => {
  const token = await signIn("ann@example.org", false);
  for (const value of [
    "",
    "made-up",
    "' OR 1=1 --",
    randomToken(),
    hashToken(token),
    `${token}=`,
    token.slice(1),
    "x".repeat(100_000),
  ])
    expect(await findSession(value), value.slice(0, 50)).toBeNull();
});

test("the sessions of a blocked account are refused at once", async () => {
  const token = await signIn("eve@example.org", true);
  const where = { email: "eve@example.org" };
  await database().user.update({ where, data: { blockedAt: now } });
  expect(await findSession(token)).toBeNull();
});

test("a database that is away is a fault, and not nobody", async () => {
  const token = await signIn("ann@example.org", true);
  await database().$executeRaw`ALTER TABLE "Session" RENAME TO "Away"`;
  await expect(findSession(token)).rejects.toThrow();
  await database().$executeRaw`ALTER TABLE "Away" RENAME TO "Session"`;
  expect(await findSession(token)).not.toBeNull();
});

test("a session's id finds the same, and ends in the same ways", async () => {
  const token = await signIn("ann@example.org", true);
  const signedIn = await signedInWith(token);
  expect(await findSessionById(signedIn.session.id)).toEqual(signedIn);
  const where = { email: "ann@example.org" };
  await database().user.update({ where, data: { blockedAt: now } });
  expect(await findSessionById(signedIn.session.id)).toBeNull();
  await database().user.update({ where, data: { blockedAt: null } });
  vi.setSystemTime(signedIn.session.expiresAt);
  expect(await findSessionById(signedIn.session.id)).toBeNull();
  vi.setSystemTime(now);
  expect(await findSessionById(signedIn.session.id)).toBeNull();
});

test("neither the cookie's value nor its hash is an id, and an id is no cookie's value", async () => {
  const token = await signIn("ann@example.org", true);
  const { session, user } = await signedInWith(token);
  for (const id of ["", token, hashToken(token), user.id, "' OR 1=1 --"])
    expect(await findSessionById(id)).toBeNull();
  expect(await findSession(session.id)).toBeNull();
});

test.each([
  ["sign-out", undefined, "the person"],
  ["revoked", undefined, "the person"],
  ["not-me", undefined, null],
  ["address-restored", undefined, null],
  ["administrator", "operator", "operator"],
  ["administrator", "the id of another", "the id of another"],
] as const)(
  "the end by %s, given %j as actor, is written down as the act of %j",
  async (...row) => {
    const [reason, given, actor] = row;
    const { user } = await signedInWith(await signIn("ann@example.org", true));
    await endSessions(database(), { userId: user.id }, reason, client, given);
    const where = { type: "authn_token_revoked" };
    expect(await database().auditEvent.findMany({ where })).toMatchObject([
      { userId: user.id, actor: actor === "the person" ? user.id : actor, ...client },
    ]);
  },
);

test.each([
  ["tokenHash", "Session_tokenHash_key"],
  ["id", "Session_pkey"],
] as const)(
  "finding a session by its %s reads one row of each table, and its scopes, by their unique indexes",
  async (column, bySession) => {
    const steps = await explain(sessionWith(column, randomToken()));
    const reads = steps.filter((step) => /SEARCH|SCAN|Scan/.test(step));
    expect(reads).toEqual([
      expect.stringMatching(new RegExp(`(INDEX|Index .*using) "?${bySession}`)),
      expect.stringMatching(/(INDEX|Index .*using) "?User_pkey/),
      expect.stringMatching(/(INDEX|Index .*using) "?UserScope_pkey/),
    ]);
  },
);

describe("the end of a session", () => {
  test("is after 24 hours without keeping signed in, and after 30 days with it, 7 idle", () => {
    expect(sessionEnds(false, now)).toEqual({
      endsAt: new Date("2030-01-02T10:42:00Z"),
      expiresAt: new Date("2030-01-02T10:42:00Z"),
    });
    expect(sessionEnds(true, now)).toEqual({
      endsAt: new Date("2030-01-31T10:42:00Z"),
      expiresAt: new Date("2030-01-08T10:42:00Z"),
    });
  });

  test.each([
    ["without keeping signed in", false, "2030-01-02T10:42:00Z"],
    ["with it and not coming back", true, "2030-01-08T10:42:00Z"],
  ])("%s is exact to the millisecond", async (_, keepSignedIn, end) => {
    const token = await signIn("ann@example.org", keepSignedIn);
    vi.setSystemTime(new Date(end).getTime() - 1);
    expect(await findSession(token)).not.toBeNull();
    vi.setSystemTime(end);
    expect(await findSession(token)).toBeNull();
  });

  test.each([
    ["short", false, "2030-01-02T10:42:00Z"],
    ["long", true, "2030-01-31T10:42:00Z"],
  ])("of a %s one that is always in use is its last", async (_, keepSignedIn, end) => {
    const token = await signIn("ann@example.org", keepSignedIn);
    const last = new Date(end).getTime();
    const step = (last - now.getTime()) / 24;
    for (let at = now.getTime() + step; at < last; at += step) {
      vi.setSystemTime(at);
      await comeBack(token);
    }
    vi.setSystemTime(last - 1);
    await comeBack(token);
    expect((await signedInWith(token)).session.expiresAt).toEqual(new Date(end));
    vi.setSystemTime(end);
    expect(await findSession(token)).toBeNull();
  });

  test("moves seven days on when its person comes back", async () => {
    const token = await signIn("ann@example.org", true);
    vi.setSystemTime(now.getTime() + 7 * day - 1);
    await comeBack(token);
    vi.setSystemTime(now.getTime() + 14 * day - 2);
    expect(await findSession(token)).not.toBeNull();
    vi.setSystemTime(now.getTime() + 14 * day - 1);
    expect(await findSession(token)).toBeNull();
  });

  test("of one that an older version made is never moved further", async () => {
    const token = await signIn("ann@example.org", true);
    const expiresAt = new Date(now.getTime() + 2 * day);
    await database().session.updateMany({ data: { endsAt: null, expiresAt } });
    expect((await signedInWith(token)).session.endsAt).toBeNull();
    vi.setSystemTime(now.getTime() + day);
    await comeBack(token);
    expect((await signedInWith(token)).session).toMatchObject({ expiresAt, endsAt: expiresAt });
    vi.setSystemTime(now.getTime() + day + 6 * minute);
    await comeBack(token);
    expect((await signedInWith(token)).session).toMatchObject({ expiresAt, endsAt: expiresAt });
    vi.setSystemTime(expiresAt);
    expect(await findSession(token)).toBeNull();
  });

  test("that somebody came too late for is for good: a clock set back revives nothing", async () => {
    const token = await signIn("ann@example.org", false);
    const other = await signIn("ann@example.org", true);
    vi.setSystemTime(now.getTime() + day);
    expect(await findSession(token)).toBeNull();
    vi.setSystemTime(now.getTime() + day - 1);
    expect(await findSession(token)).toBeNull();
    expect(await findSession(other)).not.toBeNull();
  });
});

describe("renewing", () => {
  test("is due five minutes after the last time, and not before", async () => {
    const token = await signIn("ann@example.org", true);
    vi.setSystemTime(now.getTime() + 5 * minute - 1);
    expect(renewedEnd(await signedInWith(token))).toBeNull();
    vi.setSystemTime(now.getTime() + 5 * minute);
    const end = new Date(now.getTime() + 5 * minute + 7 * day);
    expect(renewedEnd(await signedInWith(token))).toEqual(end);
    await comeBack(token);
    expect(renewedEnd(await signedInWith(token))).toBeNull();
    vi.setSystemTime(now.getTime() + 10 * minute);
    expect(renewedEnd(await signedInWith(token))).not.toBeNull();
  });

  test("is not due when the clock was set back", async () => {
    const token = await signIn("ann@example.org", true);
    vi.setSystemTime(now.getTime() - day);
    expect(renewedEnd(await signedInWith(token))).toBeNull();
  });

  test("writes when and from where the person was last seen, and nothing else", async () => {
    const token = await signIn("ann@example.org", true);
    const before = await database().session.findFirstOrThrow();
    const at = new Date(now.getTime() + day);
    vi.setSystemTime(at);
    await comeBack(token, "2001:db8::1");
    expect(await database().session.findFirstOrThrow()).toEqual({
      ...before,
      lastSeenAt: at,
      expiresAt: new Date(at.getTime() + 7 * day),
      networkAddress: "2001:db8::1",
    });
  });

  test("is done by one of any number of requests at once", async () => {
    const token = await signIn("ann@example.org", true);
    vi.setSystemTime(now.getTime() + 5 * minute);
    const seen = await Promise.all(Array.from({ length: 20 }, () => signedInWith(token)));
    await Promise.all(
      seen.map((signedIn, index) => renewSession(signedIn, endOf(signedIn), `203.0.113.${index}`)),
    );
    const { networkAddress } = await database().session.findFirstOrThrow();
    for (const [index, signedIn] of seen.entries())
      await renewSession(signedIn, new Date(0), `198.51.100.${index}`);
    const after = await database().session.findFirstOrThrow();
    expect(after.networkAddress).toBe(networkAddress);
    expect(after.expiresAt).toEqual(new Date(now.getTime() + 5 * minute + 7 * day));
  });

  test("does not bring back what has been signed out meanwhile", async () => {
    const token = await signIn("ann@example.org", true);
    vi.setSystemTime(now.getTime() + day);
    const signedIn = await signedInWith(token);
    await signOut(token, client);
    await renewSession(signedIn, endOf(signedIn), "203.0.113.7");
    expect(await findSession(token)).toBeNull();
    expect(await database().session.count()).toBe(0);
  });

  test("does not take back the end of a sign-in that came meanwhile", async () => {
    const token = await signIn("ann@example.org", true);
    vi.setSystemTime(now.getTime() + day);
    const signedIn = await signedInWith(token);
    const fresh = await signIn("ann@example.org", false, token);
    await renewSession(signedIn, endOf(signedIn), "203.0.113.7");
    expect((await signedInWith(fresh)).session.expiresAt).toEqual(
      new Date(now.getTime() + 2 * day),
    );
  });
});

describe("a recent sign-in", () => {
  test("is not older than ten minutes", async () => {
    const signedIn = await signedInWith(await signIn("ann@example.org", true));
    expect(await isRecentlySignedIn(signedIn)).toBe(true);
    vi.setSystemTime(now.getTime() + 10 * minute);
    expect(await isRecentlySignedIn(signedIn)).toBe(true);
    vi.setSystemTime(now.getTime() + 10 * minute + 1);
    expect(await isRecentlySignedIn(signedIn)).toBe(false);
  });

  test("is not made by a clock that was set back", async () => {
    const signedIn = await signedInWith(await signIn("ann@example.org", true));
    vi.setSystemTime(now.getTime() - 1);
    expect(await isRecentlySignedIn(signedIn)).toBe(false);
  });

  test("is none where an older version of the site has kept no time", async () => {
    const token = await signIn("ann@example.org", true);
    await database().session.updateMany({ data: { signedInAt: null } });
    const signedIn = await signedInWith(token);
    expect(signedIn.session.signedInAt).toBeNull();
    expect(await isRecentlySignedIn(signedIn)).toBe(false);
    vi.setSystemTime(0);
    expect(await isRecentlySignedIn(signedIn)).toBe(false);
  });

  test("is by the second factor for whoever has one, in this session", async () => {
    const token = await signIn("ann@example.org", true);
    const { user } = await signedInWith(token);
    expect(await isRecentlySignedIn(await signedInWith(token))).toBe(true);
    await addTotp(user);
    expect(await isRecentlySignedIn(await signedInWith(token))).toBe(false);
    vi.setSystemTime(now.getTime() + day);
    await database().session.updateMany({ data: { secondFactorAt: new Date() } });
    const signedIn = await signedInWith(token);
    expect(await isRecentlySignedIn(signedIn)).toBe(true);
    vi.setSystemTime(now.getTime() + day + 10 * minute);
    expect(await isRecentlySignedIn(signedIn)).toBe(true);
    vi.setSystemTime(now.getTime() + day + 10 * minute + 1);
    expect(await isRecentlySignedIn(signedIn)).toBe(false);
    vi.setSystemTime(now.getTime() + day - 1);
    expect(await isRecentlySignedIn(signedIn)).toBe(false);
  });

  test("by mail alone is none where there is a passkey, also one that is out of use", async () => {
    const token = await signIn("ann@example.org", true);
    await addPasskey((await signedInWith(token)).user);
    expect(await isRecentlySignedIn(await signedInWith(token))).toBe(false);
    await database().passkey.updateMany({ data: { deniedAt: now } });
    expect(await isRecentlySignedIn(await signedInWith(token))).toBe(false);
  });

  test("by mail is one again after the last second factor has been taken away", async () => {
    const token = await signIn("ann@example.org", true);
    await addTotp((await signedInWith(token)).user);
    await database().session.updateMany({ data: { secondFactorAt: new Date(0) } });
    expect(await isRecentlySignedIn(await signedInWith(token))).toBe(false);
    await database().totp.deleteMany();
    expect(await isRecentlySignedIn(await signedInWith(token))).toBe(true);
  });

  test("is not made by coming back, and is by signing in again", async () => {
    const token = await signIn("ann@example.org", true);
    vi.setSystemTime(now.getTime() + day);
    await comeBack(token);
    expect(await isRecentlySignedIn(await signedInWith(token))).toBe(false);
    const fresh = await signIn("ann@example.org", true, token);
    expect(await isRecentlySignedIn(await signedInWith(fresh))).toBe(true);
  });
});

describe("the list of sessions", () => {
  test("has those of this person that have not ended, the latest seen first", async () => {
    const older = await signIn("ann@example.org", true);
    await signIn("bob@example.org", true);
    vi.setSystemTime(now.getTime() + 1);
    await signIn("ann@example.org", false);
    vi.setSystemTime(now.getTime() + 6 * minute);
    await comeBack(older);
    const { session, user } = await signedInWith(older);
    const listed = await listSessions(user.id);
    expect(listed.map(({ keepSignedIn }) => keepSignedIn)).toEqual([true, false]);
    expect(listed[0]?.id).toBe(session.id);
    vi.setSystemTime(now.getTime() + 1 + day);
    expect(await listSessions(user.id)).toMatchObject([{ id: session.id }]);
  });
});

describe("signing out", () => {
  test("ends this session at once, and no other", async () => {
    const [here, there] = [
      await signIn("ann@example.org", true),
      await signIn("ann@example.org", true),
    ];
    await signOut(here, client);
    expect(await findSession(here)).toBeNull();
    expect(await findSession(there)).not.toBeNull();
    expect(await revocations()).toEqual([{ reason: "sign-out", count: 1 }]);
  });

  test("of what is not there is no fault, and is not written down", async () => {
    const token = await signIn("ann@example.org", true);
    await signOut(token, client);
    for (const value of [token, "", "made-up", hashToken(token)]) await signOut(value, client);
    expect(await revocations()).toHaveLength(1);
  });

  test("twenty times at once is signing out once", async () => {
    const token = await signIn("ann@example.org", true);
    await Promise.all(Array.from({ length: 20 }, () => signOut(token, client)));
    expect(await revocations()).toEqual([{ reason: "sign-out", count: 1 }]);
  });
});

describe("revoking", () => {
  test("one ends that one, and says who did it and from where", async () => {
    const [here, there, elsewhere] = [
      await signIn("ann@example.org", true),
      await signIn("ann@example.org", true),
      await signIn("ann@example.org", true),
    ];
    const signedIn = await signedInWith(here);
    const { id } = (await signedInWith(there)).session;
    expect(await revokeSessions(signedIn, { id }, client)).toBe(1);
    expect(await findSession(there)).toBeNull();
    expect(await findSession(here)).not.toBeNull();
    expect(await findSession(elsewhere)).not.toBeNull();
    expect(
      await database().auditEvent.findMany({ where: { type: "authn_token_revoked" } }),
    ).toMatchObject([{ userId: signedIn.user.id, actor: signedIn.user.id, ...client }]);
  });

  test("twice is revoking once", async () => {
    const [here, there] = [
      await signIn("ann@example.org", true),
      await signIn("ann@example.org", true),
    ];
    const signedIn = await signedInWith(here);
    const { id } = (await signedInWith(there)).session;
    expect(await revokeSessions(signedIn, { id }, client)).toBe(1);
    expect(await revokeSessions(signedIn, { id }, client)).toBe(0);
    expect(await revocations()).toEqual([{ reason: "revoked", count: 1 }]);
  });

  test("the others leaves this one, and everybody else's", async () => {
    const [here, bobs] = [
      await signIn("ann@example.org", true),
      await signIn("bob@example.org", true),
    ];
    const others = [];
    for (let count = 0; count < 3; count++) others.push(await signIn("ann@example.org", true));
    expect(await revokeSessions(await signedInWith(here), "others", client)).toBe(3);
    for (const token of others) expect(await findSession(token)).toBeNull();
    expect(await findSession(here)).not.toBeNull();
    expect(await findSession(bobs)).not.toBeNull();
    expect(await revokeSessions(await signedInWith(here), "others", client)).toBe(0);
    expect(await revocations()).toEqual([{ reason: "revoked", count: 3 }]);
  });

  test("somebody else's session, or none, ends nothing and is not written down", async () => {
    const [anns, bobs] = [
      await signIn("ann@example.org", true),
      await signIn("bob@example.org", true),
    ];
    const signedIn = await signedInWith(anns);
    const { id } = (await signedInWith(bobs)).session;
    for (const which of [id, "", "others", "%", id.toUpperCase()])
      expect(await revokeSessions(signedIn, { id: which }, client)).toBe(0);
    expect(await findSession(bobs)).not.toBeNull();
    expect(await findSession(anns)).not.toBeNull();
    expect(await revocations()).toEqual([]);
  });

  test("is undone when it cannot be written down", async () => {
    const [here, there] = [
      await signIn("ann@example.org", true),
      await signIn("ann@example.org", true),
    ];
    const signedIn = await signedInWith(here);
    const allow = await refuseWrites("INSERT", "AuditEvent");
    await expect(revokeSessions(signedIn, "others", client)).rejects.toThrow();
    await expect(signOut(here, client)).rejects.toThrow();
    await allow();
    expect(await findSession(here)).not.toBeNull();
    expect(await findSession(there)).not.toBeNull();
  });
});

async function signedInWith(token: string): Promise<SignedIn> {
  const signedIn = await findSession(token);
  if (!signedIn) throw new Error("nobody is signed in with it");
  return signedIn;
}

/** What a request of this session does to it. */
async function comeBack(token: string, networkAddress = "203.0.113.7"): Promise<void> {
  const signedIn = await signedInWith(token);
  const expiresAt = renewedEnd(signedIn);
  if (expiresAt) await renewSession(signedIn, expiresAt, networkAddress);
}

function endOf(signedIn: SignedIn): Date {
  const end = renewedEnd(signedIn);
  if (!end) throw new Error("it is too soon to renew it");
  return end;
}

async function revocations() {
  const events = await database().auditEvent.findMany({ where: { type: "authn_token_revoked" } });
  return events.map(readDetails);
}

/** @returns the value of the session's cookie */
async function signIn(email: string, keepSignedIn: boolean, former?: string): Promise<string> {
  const [linkToken, token] = [randomToken(), randomToken()];
  const visitor = {
    browserToken: "browser",
    screenToken: "",
    userAgent: "",
    networkAddress: "",
    timeZone: "Europe/Berlin",
  };
  await forgetLimits();
  await storeSignInRequest(
    { address: { canonical: email, typed: email }, keepSignedIn, next: "/", visitor },
    linkToken,
  );
  const where = { linkHash: hashToken(linkToken) };
  const { id } = await database().signInRequest.findUniqueOrThrow({ where });
  await redeemMail(id, token, visitor, former, "link");
  return token;
}
