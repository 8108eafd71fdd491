import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { database } from "@/lib/platform/database/database";
import { forgetLimits, prepareTestDatabase } from "@/lib/platform/database/test-database";
import { hashToken, randomToken } from "@/lib/platform/secrets";
import { redeem } from "./redemption";
import { findSession, revokeSession, sessionEnd } from "./sessions";
import { storeSignInRequest } from "./sign-in-request";

await prepareTestDatabase();
const now = new Date("2030-01-01T10:42:00Z");

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date"] });
  vi.setSystemTime(now);
});
afterEach(() => vi.useRealTimers());

test("a session's value finds its person", async () => {
  const token = await signIn("ann@example.org", false);
  expect(await findSession(token)).toMatchObject({
    session: { tokenHash: hashToken(token) },
    user: { email: "ann@example.org" },
  });
});

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
  for (const value of ["", "made-up", randomToken(), hashToken(token), `${token}=`, token.slice(1)])
    expect(await findSession(value)).toBeNull();
});

test.each([
  ["without keeping signed in a session ends", false, "2030-01-02T10:42:00Z"],
  ["with keeping signed in it ends", true, "2030-01-31T10:42:00Z"],
])("%s, whatever is done, at its end", async (_, keepSignedIn, end) => {
  expect(sessionEnd(keepSignedIn)).toEqual(new Date(end));
  const token = await signIn("ann@example.org", keepSignedIn);
  vi.setSystemTime(new Date(end).getTime() - 1);
  expect(await findSession(token)).not.toBeNull();
  vi.setSystemTime(end);
  expect(await findSession(token)).toBeNull();
});

test("a revoked session is refused by the very next look, and no other is", async () => {
  const [here, there] = [
    await signIn("ann@example.org", true),
    await signIn("ann@example.org", true),
  ];
  await revokeSession(here);
  expect(await findSession(here)).toBeNull();
  expect(await findSession(there)).not.toBeNull();
});

test("revoking what is not there is no fault", async () => {
  const token = await signIn("ann@example.org", true);
  await revokeSession(token);
  for (const value of [token, "", "made-up", hashToken(token)]) await revokeSession(value);
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

/** @returns the value of the session's cookie */
async function signIn(email: string, keepSignedIn: boolean): Promise<string> {
  const [linkToken, token] = [randomToken(), randomToken()];
  const visitor = { browserToken: "browser", screenToken: "", userAgent: "", networkAddress: "" };
  await forgetLimits();
  await storeSignInRequest(
    { address: { canonical: email, typed: email }, keepSignedIn, next: "/", visitor },
    linkToken,
  );
  const where = { linkHash: hashToken(linkToken) };
  const { id } = await database().signInRequest.findUniqueOrThrow({ where });
  await redeem(id, token, visitor, undefined);
  return token;
}
