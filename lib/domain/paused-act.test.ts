import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { database } from "@/lib/platform/database/database";
import { emptyDatabase, prepareTestDatabase } from "@/lib/platform/database/test-database";
import { hashToken, randomToken } from "@/lib/platform/secrets";
import { consumePausedAct, pauseAct, peekPausedAct } from "./paused-act";
import { findSession, type SignedIn, sessionEnds } from "./sessions";

await prepareTestDatabase();
const now = new Date("2030-01-01T10:42:00Z");
const minute = 60_000;
const path = "/account/email/change";
const fields = { email: "new@example.org", "": "", "ünïcode\n": '"\u{1F511}' };

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ["Date"] });
  vi.setSystemTime(now);
  await emptyDatabase();
});
afterEach(() => vi.useRealTimers());

test("what was interrupted goes on with what was typed, once", async () => {
  const signedIn = await signIn("ann@example.org");
  const id = await pauseAct(signedIn, path, fields);
  for (let count = 0; count < 3; count++)
    expect(await peekPausedAct(signedIn, id)).toEqual({ id, path, fields });
  expect(await consumePausedAct(signedIn, id)).toBe(true);
  expect(await consumePausedAct(signedIn, id)).toBe(false);
  expect(await peekPausedAct(signedIn, id)).toBeNull();
});

test("a newer one of the same session takes its place, and leaves other sessions' alone", async () => {
  const signedIn = await signIn("ann@example.org");
  const elsewhere = await signIn("ann@example.org");
  const there = await pauseAct(elsewhere, path, fields);
  const given = await pauseAct(signedIn, path, fields);
  const newer = await pauseAct(signedIn, "/account/delete/now", {});
  expect(await peekPausedAct(signedIn, given)).toBeNull();
  expect(await consumePausedAct(signedIn, given)).toBe(false);
  expect(await consumePausedAct(signedIn, newer)).toBe(true);
  expect(await consumePausedAct(elsewhere, there)).toBe(true);
});

test("twenty paused at once leave one", async () => {
  const signedIn = await signIn("ann@example.org");
  const ids = await Promise.all(Array.from({ length: 20 }, () => pauseAct(signedIn, path, fields)));
  const [left, ...others] = await database().pausedAct.findMany();
  expect(others).toEqual([]);
  expect(ids).toContain(left?.id);
});

test("of twenty at once one goes on", async () => {
  const signedIn = await signIn("ann@example.org");
  const id = await pauseAct(signedIn, path, fields);
  const outcomes = await Promise.all(
    Array.from({ length: 20 }, () => consumePausedAct(signedIn, id)),
  );
  expect(outcomes.filter((goesOn) => goesOn)).toHaveLength(1);
});

test("in another session, the same person's too, it is neither seen nor spent", async () => {
  const signedIn = await signIn("ann@example.org");
  const id = await pauseAct(signedIn, path, fields);
  for (const other of [await signIn("ann@example.org"), await signIn("bob@example.org")]) {
    expect(await peekPausedAct(other, id)).toBeNull();
    expect(await consumePausedAct(other, id)).toBe(false);
  }
  expect(await consumePausedAct(signedIn, id)).toBe(true);
});

test("one that was never paused is none", async () => {
  const signedIn = await signIn("ann@example.org");
  await pauseAct(signedIn, path, fields);
  for (const id of ["", "made-up", "' OR 1=1 --", "00000000-0000-7000-8000-000000000000"]) {
    expect(await peekPausedAct(signedIn, id)).toBeNull();
    expect(await consumePausedAct(signedIn, id)).toBe(false);
  }
});

test("it waits for half an hour, and not longer", async () => {
  const signedIn = await signIn("ann@example.org");
  const id = await pauseAct(signedIn, path, fields);
  vi.setSystemTime(now.getTime() + 30 * minute - 1);
  expect(await peekPausedAct(signedIn, id)).not.toBeNull();
  vi.setSystemTime(now.getTime() + 30 * minute);
  expect(await peekPausedAct(signedIn, id)).toBeNull();
});

test("after half an hour it does not go on either", async () => {
  const signedIn = await signIn("ann@example.org");
  const id = await pauseAct(signedIn, path, fields);
  vi.setSystemTime(now.getTime() + 30 * minute);
  expect(await consumePausedAct(signedIn, id)).toBe(false);
});

test("it ends with its session", async () => {
  const signedIn = await signIn("ann@example.org");
  await pauseAct(signedIn, path, fields);
  await database().session.delete({ where: { id: signedIn.session.id } });
  expect(await database().pausedAct.count()).toBe(0);
});

test("what was typed is sealed, and what somebody changed is not read", async () => {
  const signedIn = await signIn("ann@example.org");
  const id = await pauseAct(signedIn, path, fields);
  const { sealedFields } = await database().pausedAct.findUniqueOrThrow({ where: { id } });
  const bytes = Buffer.from(sealedFields, "base64url");
  for (const form of [Buffer.from(sealedFields), bytes])
    expect(form.includes("new@example.org")).toBe(false);
  const again = await pauseAct(signedIn, path, fields);
  const other = await database().pausedAct.findUniqueOrThrow({ where: { id: again } });
  expect(other.sealedFields).not.toBe(sealedFields);
  await database().pausedAct.updateMany({ data: { sealedFields: "made-up" } });
  await expect(peekPausedAct(signedIn, again)).rejects.toThrow("AUTH_SECRET");
});

async function signIn(email: string): Promise<SignedIn> {
  const token = randomToken();
  const { id: userId } = await database().user.upsert({
    where: { email },
    create: { email, emailTyped: email, emailVerified: now },
    update: {},
  });
  const rest = { keepSignedIn: true, userAgent: "", networkAddress: "", createdAt: now };
  const times = { ...sessionEnds(true, now), lastSeenAt: now, signedInAt: now };
  await database().session.create({
    data: { tokenHash: hashToken(token), userId, ...rest, ...times },
  });
  const signedIn = await findSession(token);
  if (!signedIn) throw new Error("nobody is signed in");
  return signedIn;
}
