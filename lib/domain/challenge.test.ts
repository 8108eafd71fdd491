import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { keyedHash } from "@/lib/platform/secrets";
import { newChallenge, readChallenge } from "./challenge";

process.env.AUTH_SECRET = "a secret of at least 32 characters";
const now = Date.parse("2030-01-01T10:42:00Z");
const lifetime = 10 * 60_000;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date"] });
  vi.setSystemTime(now);
});
afterEach(() => vi.useRealTimers());

test("a challenge comes back as it went, for what it was made for", () => {
  const challenge = newChallenge("sign-in here");
  expect(readChallenge("sign-in here", encode(challenge))).toBe(challenge);
});

test("a challenge is for nothing else, and nobody else", () => {
  const encoded = encode(newChallenge("step-up 1"));
  for (const subject of ["step-up 2", "step-up", "step-up 1 ", "", "second factor 1", "step-up 10"])
    expect(readChallenge(subject, encoded), subject).toBeNull();
  expect(readChallenge("step-up 1", encoded)).not.toBeNull();
});

test("no two are the same", () => {
  const challenges = Array.from({ length: 1000 }, () => newChallenge("subject"));
  expect(new Set(challenges).size).toBe(1000);
  for (const challenge of challenges.slice(0, 10))
    expect(Buffer.from(challenge.split(".")[0] ?? "", "base64url")).toHaveLength(32);
});

test("it lives for ten minutes, and not longer", () => {
  const encoded = encode(newChallenge("subject"));
  vi.setSystemTime(now + lifetime - 1);
  expect(readChallenge("subject", encoded)).not.toBeNull();
  vi.setSystemTime(now + lifetime);
  expect(readChallenge("subject", encoded)).toBeNull();
});

test("a clock that was set back makes none last longer", () => {
  const encoded = encode(newChallenge("subject"));
  vi.setSystemTime(now - 1);
  expect(readChallenge("subject", encoded)).toBeNull();
});

test("whatever sign of it is changed, or cut off, it is none", () => {
  const challenge = newChallenge("subject");
  for (const index of [...challenge].keys()) {
    const other = challenge[index] === "A" ? "B" : "A";
    const changed = challenge.slice(0, index) + other + challenge.slice(index + 1);
    // The last sign of a hash holds two bits that mean nothing.
    if (index < challenge.length - 1)
      expect(readChallenge("subject", encode(changed)), `${index}`).toBeNull();
    expect(readChallenge("subject", encode(challenge.slice(0, index))), `${index}`).toBeNull();
  }
});

test("its end cannot be moved", () => {
  const [token, end, hash] = newChallenge("subject").split(".");
  vi.setSystemTime(now + lifetime);
  for (const later of [Number(end) + 1000, `${end}0`, "Infinity", "NaN", "", "1e99"])
    expect(readChallenge("subject", encode(`${token}.${later}.${hash}`)), `${later}`).toBeNull();
});

test("a hash that the site makes for something else is none", () => {
  const content = `token.${now + 1000}`;
  for (const purpose of ["sign-in code", "security notice"] as const) {
    const forged = `${content}.${keyedHash(purpose, `subject ${content}`)}`;
    expect(readChallenge("subject", encode(forged))).toBeNull();
  }
});

test.each(["", ".", "..", "...", "\0", "%", "a.b.c", "a".repeat(100_000), `${now + 1000}`])(
  "%j is none, and no fault",
  (text) => {
    expect(readChallenge("subject", text)).toBeNull();
    expect(readChallenge("subject", encode(text))).toBeNull();
  },
);

/** As a browser sends it back. */
function encode(challenge: string): string {
  return Buffer.from(challenge).toString("base64url");
}
