import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { environment } from "@/lib/platform/environment";
import { seal, unseal } from "@/lib/platform/secrets";
import { fromBase32, shownBy, toBase32, totpAt } from "./test-totp";
import { describeTotp, matchTotp, newTotpSecret } from "./totp";

process.env.AUTH_SECRET = "a secret of at least 32 characters";
process.env.TOTP_ISSUER = "Ann & Bob's";

const step = 30_000;
/** In the middle of a step. */
const now = Date.parse("2030-01-01T10:42:15Z");
/** RFC 6238, appendix B. */
const key = Buffer.from("12345678901234567890");
const sealedKey = () => seal("totp secret", toBase32(key));

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date"] });
  vi.setSystemTime(now);
});
afterEach(() => vi.useRealTimers());

test.each([
  [59, "94287082"],
  [1111111109, "07081804"],
  [1111111111, "14050471"],
  [1234567890, "89005924"],
  [2000000000, "69279037"],
  [20000000000, "65353130"],
])("at %d seconds the value of RFC 6238 matches: the last six digits of %s", (seconds, value) => {
  vi.setSystemTime(seconds * 1000);
  expect(totpAt(key, seconds * 1000)).toBe(value.slice(-6));
  expect(matchTotp(sealedKey(), value.slice(-6))).toEqual({
    secret: toBase32(key),
    step: Math.floor(seconds / 30),
  });
});

test("any secret, at any time: what an app shows matches, at that step", () => {
  const time = fc.integer({ min: 0, max: Date.parse("2100-01-01") });
  const bytes = fc.uint8Array({ minLength: 16, maxLength: 64 });
  fc.assert(
    fc.property(bytes, time, (secret, at) => {
      vi.setSystemTime(at);
      const sealed = seal("totp secret", toBase32(Buffer.from(secret)));
      const found = matchTotp(sealed, totpAt(Buffer.from(secret), at))?.step;
      // The neighbours may show the same by chance.
      const steps = [-1, 0, 1].map((away) => Math.floor(at / step) + away);
      expect(steps).toContain(found);
      const shown = (at: number) => totpAt(Buffer.from(secret), at);
      expect(shown((found ?? -9) * step)).toBe(shown(at));
    }),
  );
});

describe("by the clock of the site", () => {
  test.each([-1, 0, 1])("a value that is %d steps away matches, as its own step", (away) => {
    const sealed = sealedKey();
    const value = shownBy(sealed, now + away * step);
    expect(matchTotp(sealed, value)?.step).toBe(Math.floor(now / step) + away);
  });

  test.each([-1000, -3, -2, 2, 3, 1000])("a value that is %d steps away does not", (away) => {
    const sealed = sealedKey();
    expect(matchTotp(sealed, shownBy(sealed, now + away * step))).toBeNull();
  });

  test("a value matches for its step and the two beside it, to the millisecond", () => {
    const sealed = sealedKey();
    const start = Math.floor(now / step) * step;
    const value = shownBy(sealed, start);
    for (const [at, isRight] of [
      [start - step - 1, false],
      [start - step, true],
      [start + 2 * step - 1, true],
      [start + 2 * step, false],
    ] as const) {
      vi.setSystemTime(at);
      expect(matchTotp(sealed, value) !== null, new Date(at).toISOString()).toBe(isRight);
    }
  });
});

test("of a million values, three match at most", () => {
  const sealed = sealedKey();
  const right = [-step, 0, step].map((away) => shownBy(sealed, now + away));
  for (let number = 0; number < 1_000_000; number += 997) {
    const value = String(number).padStart(6, "0");
    expect(matchTotp(sealed, value) !== null, value).toBe(right.includes(value));
  }
});

test.each(["", "1", "12345", "1234567", "abcdef", "      ", "-00001", "1e5", "\0".repeat(6)])(
  "%j matches nothing, and is no fault",
  (value) => expect(matchTotp(sealedKey(), value)).toBeNull(),
);

test("the value of another secret does not match", () => {
  const [one, other] = [newTotpSecret(), newTotpSecret()];
  const steps = [-step, 0, step].map((away) => shownBy(other, now + away));
  const value = steps.includes(shownBy(one)) ? "000000" : shownBy(one);
  expect(matchTotp(other, value)).toBeNull();
});

test("a secret has 160 bits, is another each time, and is kept encrypted", () => {
  const sealed = Array.from({ length: 200 }, newTotpSecret);
  const secrets = sealed.map((each) => unseal("totp secret", each));
  expect(new Set(secrets).size).toBe(200);
  for (const [index, secret] of secrets.entries()) {
    expect(secret).toMatch(/^[A-Z2-7]{32}$/);
    expect(fromBase32(secret)).toHaveLength(20);
    const bytes = Buffer.from(sealed[index] ?? "", "base64url");
    expect(bytes.includes(secret) || bytes.includes(fromBase32(secret))).toBe(false);
  }
});

test("what is sealed for anything else is no secret of an app", () => {
  const sealed = seal("mail content", toBase32(key));
  expect(() => matchTotp(sealed, totpAt(key, now))).toThrow("fits no AUTH_SECRET");
  expect(() => describeTotp(sealed, "ann@example.org")).toThrow("fits no AUTH_SECRET");
});

test.each(["ann@example.org", "a+b&c=d?e#f%@example.org", "почта@example.org", "a:b@example.org"])(
  "the address for an app says secret, account and site: %s",
  (email) => {
    const { secret, uri } = describeTotp(sealedKey(), email);
    expect(secret).toBe(toBase32(key));
    const { protocol, host, pathname, searchParams } = new URL(uri);
    expect([protocol, host]).toEqual(["otpauth:", "totp"]);
    expect(decodeURIComponent(pathname)).toBe(`/${environment().totpIssuer}:${email}`);
    expect(Object.fromEntries(searchParams)).toEqual({
      issuer: "Ann & Bob's",
      secret,
      algorithm: "SHA1",
      digits: "6",
      period: "30",
    });
  },
);
