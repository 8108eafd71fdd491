import { randomBytes, scryptSync } from "node:crypto";
import { beforeAll, beforeEach, expect, test } from "vitest";
import { database } from "@/lib/platform/database/database";
import { emptyDatabase, prepareTestDatabase } from "@/lib/platform/database/test-database";
import { inTransaction } from "@/lib/platform/database/transaction";
import { hashToken } from "@/lib/platform/secrets";
import { spendFactor } from "./factor-proof";
import {
  makeRecoveryCodes,
  matchRecoveryCode,
  type NewRecoveryCodes,
  readRecoveryCode,
  replaceRecoveryCodes,
} from "./recovery-codes";
import { addUser } from "./test-second-factor";

await prepareTestDatabase();

/** Made once: each set costs two seconds of a processor, as it should. */
let made: NewRecoveryCodes;
beforeAll(async () => {
  made = await makeRecoveryCodes("ann");
});
beforeEach(emptyDatabase);

test("there are ten, all different, in four groups of letters that look like no other", () => {
  expect(made.codes).toHaveLength(10);
  expect(new Set(made.codes).size).toBe(10);
  for (const code of made.codes)
    expect(code).toMatch(/^([0-9A-HJKMNP-TV-Z]{4}-){3}[0-9A-HJKMNP-TV-Z]{4}$/);
});

test("a code has 80 bits: sixteen signs of thirty-two that are all used", () => {
  const [code = ""] = made.codes;
  expect(code.replaceAll("-", "")).toHaveLength(16);
  // 160 signs leave out a certain one of 32 once in 160 times; eight of them together never.
  expect(new Set(made.codes.join("").replaceAll("-", "")).size).toBeGreaterThan(24);
});

test("what is kept is a salt and slow hashes, and nothing of the codes", async () => {
  const user = await addUser();
  await store(user.id);
  const rows = await database().recoveryCode.findMany();
  expect(rows).toHaveLength(10);
  const text = JSON.stringify(rows);
  for (const code of made.codes.flatMap((each) => [each, each.replaceAll("-", "")])) {
    expect(text).not.toContain(code);
    expect(text).not.toContain(hashToken(code));
  }
  for (const row of rows) {
    expect(Object.keys(row).toSorted()).toEqual(["hash", "id", "salt", "userId"]);
    expect(Buffer.from(row.hash, "base64url")).toHaveLength(32);
    expect(Buffer.from(row.salt, "base64url").length).toBeGreaterThanOrEqual(16);
  }
  expect(new Set(rows.map(({ hash }) => hash)).size).toBe(10);
});

test("the hash is scrypt, as slow as is advised", () => {
  const [row] = made.rows;
  const code = (made.codes[0] ?? "").replaceAll("-", "");
  const kept = scryptSync(code, row?.salt ?? "", 32, { N: 2 ** 14, r: 8, p: 1 });
  expect(row?.hash).toBe(kept.toString("base64url"));
});

test("its owner's code is found, however it is typed, and looking spends nothing", async () => {
  const user = await addUser();
  await store(user.id);
  const [first = "", , , , , , , , , last = ""] = made.codes;
  const ids = [];
  for (const typed of [first, last.toLowerCase().replaceAll("-", " ")])
    ids.push(await matchRecoveryCode(user.id, readRecoveryCode(typed) ?? ""));
  expect(new Set(ids).size).toBe(2);
  for (const id of ids)
    expect(await database().recoveryCode.count({ where: { id: id ?? "" } })).toBe(1);
  expect(await database().recoveryCode.count()).toBe(10);
});

test("a wrong code, and somebody else's, is none", async () => {
  const [ann, bob] = [await addUser(), await addUser("bob@example.org")];
  await store(ann.id);
  const salt = randomBytes(32).toString("base64url");
  await database().recoveryCode.create({ data: { userId: bob.id, salt, hash: "AAAA" } });
  const code = readRecoveryCode(made.codes[0] ?? "") ?? "";
  const wrong = (code[0] === "Z" ? "Y" : "Z") + code.slice(1);
  expect(await matchRecoveryCode(ann.id, wrong)).toBeNull();
  expect(await matchRecoveryCode(bob.id, code)).toBeNull();
});

test("who has none has no right code", async () => {
  const { id } = await addUser();
  expect(await matchRecoveryCode(id, "0".repeat(16))).toBeNull();
});

test("codes of two sets are found each by its own salt", async () => {
  const user = await addUser();
  await store(user.id);
  const salt = "another salt";
  const hash = scryptSync("0".repeat(16), salt, 32, { N: 2 ** 14, r: 8, p: 1 });
  const data = { userId: user.id, salt, hash: hash.toString("base64url") };
  const { id } = await database().recoveryCode.create({ data });
  expect(await matchRecoveryCode(user.id, "0".repeat(16))).toBe(id);
});

test("used twenty times at once, a code is spent once", async () => {
  const user = await addUser();
  await store(user.id);
  const id = await matchRecoveryCode(user.id, readRecoveryCode(made.codes[3] ?? "") ?? "");
  const proof = { user, tried: null, factor: { kind: "recovery-code", id: id ?? "" } } as const;
  const spent = await Promise.all(
    Array.from({ length: 20 }, () =>
      inTransaction((transaction) => spendFactor(transaction, proof)),
    ),
  );
  expect(spent.filter(Boolean)).toHaveLength(1);
  expect(await database().recoveryCode.count()).toBe(9);
});

test("new ones take the place of all that a person had, and of nobody else's", async () => {
  const [ann, bob] = [await addUser(), await addUser("bob@example.org")];
  for (const { id: userId } of [ann, bob])
    await database().recoveryCode.create({ data: { userId, salt: "", hash: "old" } });
  await store(ann.id);
  const hashes = await database().recoveryCode.findMany({ where: { userId: ann.id } });
  expect(hashes.map(({ hash }) => hash).toSorted()).toEqual(
    made.rows.map(({ hash }) => hash).toSorted(),
  );
  expect(await database().recoveryCode.count({ where: { userId: bob.id } })).toBe(1);
});

test.each([
  ["0123-4567-89AB-CDEF", "0123456789ABCDEF"],
  ["0123456789abcdef", "0123456789ABCDEF"],
  ["  ghjk mnpq\trstv\nwxyz ", "GHJKMNPQRSTVWXYZ"],
  ["GHJK\u2013MNPQ\u2014RSTV\u2011WXYZ", "GHJKMNPQRSTVWXYZ"],
  ["GHJK_MNPQ.RSTV\u00a0WXYZ", "GHJKMNPQRSTVWXYZ"],
  ["oOiI-lLoO-0000-1111", "0011110000001111"],
  ["ＧＨＪＫ－ＭＮＰＱ－ＲＳＴＶ－ＷＸＹＺ", "GHJKMNPQRSTVWXYZ"],
])("%j is read as %s", (typed, code) => expect(readRecoveryCode(typed)).toBe(code));

test.each([
  "",
  "123456",
  "0123-4567-89AB-CDE",
  "0123-4567-89AB-CDEF0",
  "0123-4567-89AB-CDEU",
  "0123-4567-89AB-CDE!",
  "0123-4567-89AB-CDEЕ",
  "\0".repeat(16),
  "😀".repeat(8),
  "A".repeat(100_000),
])("%j cannot be one", (typed) => expect(readRecoveryCode(typed)).toBeNull());

async function store(userId: string) {
  await inTransaction((transaction) => replaceRecoveryCodes(transaction, userId, made));
}
