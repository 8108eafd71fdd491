import { expect, test, vi } from "vitest";

const [oldSecret, newSecret, otherSecret] = ["o".repeat(32), "n".repeat(32), "x".repeat(32)];
const {
  hashToken,
  keyedHash,
  matchesKeyedHash,
  unseal,
  randomCode,
  randomNumber,
  randomToken,
  seal,
} = await secretsUnder(newSecret);

test("what was sealed is opened again", () => {
  for (const text of ["", "a", "Привет 👋\n", "x".repeat(100_000)])
    expect(unseal("mail content", seal("mail content", text))).toBe(text);
});

test("sealed text does not show, and never looks the same twice", () => {
  const [one, two] = [seal("mail content", "secret words"), seal("mail content", "secret words")];
  expect(one).not.toBe(two);
  expect(Buffer.from(one, "base64url").includes("secret words")).toBe(false);
});

test("whatever byte is changed, sealed text does not open", () => {
  const sealed = Buffer.from(seal("mail content", "text"), "base64url");
  for (const index of sealed.keys()) {
    const changed = Buffer.from(sealed);
    changed.writeUInt8(sealed.readUInt8(index) ^ 1, index);
    expect(() => unseal("mail content", changed.toString("base64url"))).toThrow(
      "fits no AUTH_SECRET",
    );
  }
});

test.each(["", "text"])("however short it is cut, sealed %j does not open", (text) => {
  const sealed = Buffer.from(seal("mail content", text), "base64url");
  for (const length of sealed.keys()) {
    const cut = sealed.subarray(0, length).toString("base64url");
    expect(() => unseal("mail content", cut), `${length} bytes`).toThrow("fits no AUTH_SECRET");
  }
});

test("what was sealed for one purpose does not open for another", () => {
  expect(() => unseal("sign-in code", seal("mail content", "text"))).toThrow();
});

test("what was sealed with the old secret opens as long as that is listed", async () => {
  const sealed = (await secretsUnder(oldSecret)).seal("mail content", "text");
  const rotated = await secretsUnder(`${newSecret},${oldSecret}`);
  expect(rotated.unseal("mail content", sealed)).toBe("text");
  expect(() => unseal("mail content", sealed)).toThrow("fits no AUTH_SECRET");
});

test("what is kept for long is sealed anew, so that the old secret can go; once, and not by who cannot open it", async () => {
  const { seal: sealOld } = await secretsUnder(oldSecret);
  const sealed = sealOld("totp secret", "text");
  const rotated = await secretsUnder(`${newSecret},${oldSecret}`);
  const anew = rotated.resealed("totp secret", sealed) ?? "";
  expect(unseal("totp secret", anew)).toBe("text");
  expect(rotated.resealed("totp secret", anew)).toBeNull();
  for (const broken of [sealed.slice(1), anew.slice(1), ""])
    expect(() => rotated.resealed("totp secret", broken)).toThrow("fits no AUTH_SECRET");
  const { resealed } = await secretsUnder(otherSecret);
  expect(() => resealed("totp secret", sealed)).toThrow("fits no AUTH_SECRET");
});

test("after a rotation the new secret seals and hashes", async () => {
  const rotated = await secretsUnder(`${newSecret},${oldSecret}`);
  expect(unseal("mail content", rotated.seal("mail content", "text"))).toBe("text");
  expect(rotated.keyedHash("sign-in code", "123456")).toBe(keyedHash("sign-in code", "123456"));
});

test("a keyed hash matches its text, purpose and secret only", async () => {
  const hash = keyedHash("sign-in code", "123456");
  expect(matchesKeyedHash("sign-in code", "123456", hash)).toBe(true);
  expect(matchesKeyedHash("sign-in code", "123457", hash)).toBe(false);
  for (const purpose of ["mail content", "mail stop"] as const)
    expect(matchesKeyedHash(purpose, "123456", hash)).toBe(false);
  const other = await secretsUnder(otherSecret);
  expect(other.matchesKeyedHash("sign-in code", "123456", hash)).toBe(false);
  const rotated = await secretsUnder(`${otherSecret},${newSecret}`);
  expect(rotated.matchesKeyedHash("sign-in code", "123456", hash)).toBe(true);
});

test.each(["", "A", "not a hash", keyedHash("sign-in code", "123456").slice(0, -1)])(
  "a keyed hash of the wrong length matches nothing: %j",
  (hash) => expect(matchesKeyedHash("sign-in code", "123456", hash)).toBe(false),
);

test("a token is 43 characters that are safe in a URL, and never comes twice", () => {
  const tokens = Array.from({ length: 1000 }, randomToken);
  for (const token of tokens) expect(token).toMatch(/^[A-Za-z0-9_-]{43}$/);
  expect(new Set(tokens).size).toBe(tokens.length);
});

test("a token's hash is that of SHA-256, the same each time", () => {
  expect(hashToken("abc")).toBe("ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0");
});

test("a code has six digits, each equally likely in each place, over 100,000 draws", () => {
  const counts = Array.from({ length: 6 }, () => new Array<number>(10).fill(0));
  for (let draw = 0; draw < 100_000; draw++) {
    const code = randomCode();
    expect(code).toMatch(/^\d{6}$/);
    for (const [place, digit] of [...code].entries()) {
      const inPlace = counts[place] ?? [];
      inPlace[Number(digit)] = (inPlace[Number(digit)] ?? 0) + 1;
    }
  }
  // With 9 degrees of freedom a fair source exceeds 60 in one of six places once in 100 million runs.
  for (const inPlace of counts) expect(chiSquare(inPlace)).toBeLessThan(60);
});

test("no range of codes is more likely than another, over 100,000 draws", () => {
  const counts = new Array<number>(100).fill(0);
  for (let draw = 0; draw < 100_000; draw++) {
    const range = Math.floor(Number(randomCode()) / 10_000);
    counts[range] = (counts[range] ?? 0) + 1;
  }
  // With 99 degrees of freedom a fair source exceeds 200 once in 100 million runs.
  expect(chiSquare(counts)).toBeLessThan(200);
});

test("a number has two digits, each equally likely, and none that machines type first", () => {
  const counts = new Map<number, number>();
  for (let draw = 0; draw < 86_000; draw++) {
    const number = randomNumber();
    counts.set(number, (counts.get(number) ?? 0) + 1);
  }
  const drawn = [...counts.keys()].toSorted((a, b) => a - b);
  expect(drawn).toEqual(Array.from({ length: 86 }, (_, index) => 13 + index));
  // With 85 degrees of freedom a fair source exceeds 180 once in 100 million runs.
  expect(chiSquare([...counts.values()])).toBeLessThan(180);
});

/** The functions as they are in a process that was started with this `AUTH_SECRET`. */
async function secretsUnder(authSecret: string) {
  vi.resetModules();
  process.env.AUTH_SECRET = authSecret;
  const secrets = await import("./secrets");
  // Now, and never again, this one reads the environment.
  secrets.keyedHash("sign-in code", "");
  return secrets;
}

function chiSquare(counts: number[]): number {
  const expected = counts.reduce((sum, count) => sum + count) / counts.length;
  return counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
}
