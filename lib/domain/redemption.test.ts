import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { database } from "@/lib/platform/database/database";
import {
  emptyDatabase,
  forgetLimits,
  prepareTestDatabase,
} from "@/lib/platform/database/test-database";
import { hashToken, randomToken } from "@/lib/platform/secrets";
import { redeem, SignInRefused } from "./redemption";
import { findSession } from "./sessions";
import { storeSignInRequest } from "./sign-in-request";

await prepareTestDatabase();
const now = new Date("2030-01-01T10:42:00Z");
const visitor = {
  browserToken: "the browser that signs in",
  userAgent: "The browser that signs in",
  networkAddress: "203.0.113.8",
};

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ["Date"] });
  vi.setSystemTime(now);
  await emptyDatabase();
});
afterEach(() => vi.useRealTimers());

test("the first sign-in makes the account, with a proved address", async () => {
  const { user } = await redeem(await ask(), randomToken(), visitor, undefined);
  expect(await database().user.findMany()).toEqual([user]);
  expect(user).toMatchObject({
    email: "ann@example.org",
    emailTyped: "Ann@Example.org",
    emailVerified: now,
    blockedAt: null,
  });
});

test("a later sign-in finds the account and leaves it as it is", async () => {
  const first = await redeem(await ask(), randomToken(), visitor, undefined);
  vi.setSystemTime(now.getTime() + 1000);
  const second = await redeem(
    await ask({ typed: "ANN@EXAMPLE.ORG" }),
    randomToken(),
    visitor,
    undefined,
  );
  expect(second.user).toEqual(first.user);
  expect(second.session.id).not.toBe(first.session.id);
});

test("the session is that of the browser that signs in, and its value is kept as a hash", async () => {
  const token = randomToken();
  const { session } = await redeem(await ask({ keepSignedIn: true }), token, visitor, undefined);
  expect(await database().session.findMany()).toEqual([session]);
  const { userAgent, networkAddress } = visitor;
  expect(session).toMatchObject({ userAgent, networkAddress, keepSignedIn: true, createdAt: now });
  expect(session.tokenHash).toBe(hashToken(token));
  expect(Object.values(session)).not.toContain(token);
});

test("a request that is unknown, used, replaced or expired is refused", async () => {
  await expectRefused("00000000-0000-7000-8000-000000000000", "used");
  const [used, replaced] = [await ask(), await ask()];
  await redeem(used, randomToken(), visitor, undefined);
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
  expect(await redeem(request, randomToken(), visitor, undefined)).toHaveProperty("session");
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
  await redeem(used, randomToken(), visitor, undefined);
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
  await redeem(await ask(), randomToken(), visitor, undefined);
  await database().user.updateMany({ data: { blockedAt: now } });
  const [request, sibling] = [await ask(), await ask()];
  const old = await database().session.findMany();
  const before = await database().signInRequest.findMany({ include: { mail: true } });
  await expectRefused(request, "blocked");
  await expectRefused(sibling, "blocked");
  expect(await database().session.findMany()).toEqual(old);
  expect(await database().signInRequest.findMany({ include: { mail: true } })).toEqual(before);
});

test("at a new sign-in the browser's old session dies, and no other does", async () => {
  const [old, other, fresh] = [randomToken(), randomToken(), randomToken()];
  await redeem(await ask(), old, visitor, undefined);
  await redeem(await ask(), other, visitor, undefined);
  await redeem(await ask(), fresh, visitor, old);
  expect(await findSession(old)).toBeNull();
  expect(await findSession(other)).not.toBeNull();
  expect(await findSession(fresh)).not.toBeNull();
});

test("the old session dies also when it was somebody else's, and lives when the sign-in fails", async () => {
  const bobs = randomToken();
  await redeem(await ask({ address: "bob@example.org" }), bobs, visitor, undefined);
  const request = await ask();
  await expectRefused("unknown", "used", bobs);
  expect(await findSession(bobs)).not.toBeNull();
  await redeem(request, randomToken(), visitor, bobs);
  expect(await findSession(bobs)).toBeNull();
});

test("a session value that is taken already spends nothing", async () => {
  const token = randomToken();
  await redeem(await ask(), token, visitor, undefined);
  const request = await ask();
  await expect(redeem(request, token, visitor, undefined)).rejects.toThrow();
  expect(await requestOf(request)).toMatchObject({ usedAt: null });
});

async function expectRefused(id: string, reason: SignInRefused["reason"], ended?: string) {
  const refusal = await redeem(id, randomToken(), visitor, ended).catch((error: unknown) => error);
  expect(refusal).toBeInstanceOf(SignInRefused);
  expect(refusal).toMatchObject({ reason });
}

async function expectOneWinner(requestIds: string[]) {
  const results = await Promise.allSettled(
    requestIds.map((id) => redeem(id, randomToken(), visitor, undefined)),
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
} = {}) {
  const linkToken = randomToken();
  await forgetLimits();
  await storeSignInRequest(
    {
      address: { canonical: address, typed },
      keepSignedIn,
      next: "/",
      visitor: {
        browserToken: browser,
        screenToken: "screen",
        userAgent: "The one that asked",
        networkAddress: "",
      },
    },
    linkToken,
  );
  const linkHash = hashToken(linkToken);
  return (await database().signInRequest.findUniqueOrThrow({ where: { linkHash } })).id;
}
