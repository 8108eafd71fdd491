import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { User } from "@/lib/platform/database/client/client";
import { database } from "@/lib/platform/database/database";
import { emptyDatabase, prepareTestDatabase } from "@/lib/platform/database/test-database";
import { inTransaction } from "@/lib/platform/database/transaction";
import { days } from "@/lib/platform/duration";
import { hashToken, randomToken } from "@/lib/platform/secrets";
import { addUser } from "./test-second-factor";

await prepareTestDatabase();
let ann: User;
let bob: User;

beforeEach(async () => {
  await emptyDatabase();
  [ann, bob] = [await addUser(), await addUser("bob@example.org")];
});
afterEach(() => {
  vi.unstubAllEnvs();
  vi.resetModules();
});

describe("with TWO_FACTOR=admins, a second factor must have", () => {
  test.each(["admin", "super"])("who holds `%s`, and nobody else", async (scope) => {
    const { mustHaveSecondFactor } = await siteWith("admins");
    await grant(ann, scope);
    await grant(bob, "editor");
    expect(await mustHaveSecondFactor(ann)).toBe(true);
    expect(await mustHaveSecondFactor(bob)).toBe(false);
  });

  test("whom ADMIN_EMAILS names, before the first sign-in gave any scope", async () => {
    const { mustHaveSecondFactor } = await siteWith("admins", "ANN@example.org");
    expect(await mustHaveSecondFactor(ann)).toBe(true);
    expect(await mustHaveSecondFactor(bob)).toBe(false);
  });

  test("nobody any more from whom the scope has been taken", async () => {
    const { mustHaveSecondFactor } = await siteWith("admins");
    await grant(ann, "admin");
    expect(await mustHaveSecondFactor(ann)).toBe(true);
    await database().userScope.deleteMany();
    expect(await mustHaveSecondFactor(ann)).toBe(false);
  });

  test("who is granted the scope in the same transaction", async () => {
    const { mustHaveSecondFactor } = await siteWith("admins");
    const answer = await inTransaction(async (transaction) => {
      await transaction.userScope.create({ data: { userId: ann.id, scope: "admin" } });
      return await mustHaveSecondFactor(ann, transaction);
    });
    expect(answer).toBe(true);
  });

  test("who becomes an administrator in a session without one: it opens nothing from then on", async () => {
    const { findSession, findSessionById } = await siteWith("admins");
    const token = randomToken();
    const { id } = await addSession(ann, token);
    expect(await findSession(token)).not.toBeNull();
    await grant(ann, "admin");
    expect([await findSession(token), await findSessionById(id)]).toEqual([null, null]);
    await database().session.update({ where: { id }, data: { secondFactorAt: new Date() } });
    expect((await findSession(token))?.session.id).toBe(id);
    expect((await findSessionById(id))?.session.id).toBe(id);
  });
});

test.each([
  ["optional", false],
  ["everyone", true],
])("with TWO_FACTOR=%s, scopes make no difference: %s", async (twoFactor, answer) => {
  const { mustHaveSecondFactor } = await siteWith(twoFactor, "ann@example.org");
  await grant(ann, "super");
  expect(await mustHaveSecondFactor(ann)).toBe(answer);
  expect(await mustHaveSecondFactor(bob)).toBe(answer);
});

async function siteWith(twoFactor: string, adminEmails = "") {
  vi.resetModules();
  vi.stubEnv("TWO_FACTOR", twoFactor);
  vi.stubEnv("ADMIN_EMAILS", adminEmails);
  return { ...(await import("./second-factor")), ...(await import("./sessions")) };
}

async function grant({ id: userId }: User, scope: string) {
  await database().userScope.create({ data: { userId, scope } });
}

async function addSession({ id: userId }: User, token: string) {
  const ends = { expiresAt: new Date(Date.now() + days(7)), endsAt: null };
  const client = { userAgent: "", networkAddress: "" };
  const data = { ...ends, ...client, userId, tokenHash: hashToken(token), keepSignedIn: true };
  return await database().session.create({ data });
}
