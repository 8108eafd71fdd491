import { randomBytes, scryptSync } from "node:crypto";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { User } from "@/lib/platform/database/client/client";
import { database } from "@/lib/platform/database/database";
import { emptyDatabase, prepareTestDatabase } from "@/lib/platform/database/test-database";
import { inTransaction } from "@/lib/platform/database/transaction";
import { days, minutes } from "@/lib/platform/duration";
import { LimitReached } from "@/lib/platform/limits";
import { hashToken, unseal } from "@/lib/platform/secrets";
import { readDetails } from "./audit";
import { newChallenge } from "./challenge";
import { type FactorProof, giveBack, proveFactor, spendFactor } from "./factor-proof";
import { renderMail } from "./mail-worker";
import { readMailContent } from "./outbox";
import { sweep } from "./sweep";
import { answerWith } from "./test-authenticator";
import { addPasskey, addTotp, addUser } from "./test-second-factor";
import { shownBy, wrongFor } from "./test-totp";

process.env.SITE_URL = "https://example.org";
process.env.SMTP_URL = "smtp://mail.example.org";
await prepareTestDatabase();
const now = new Date("2030-01-01T10:42:10Z");
const step = 30_000;
const trier = {
  client: { userAgent: "Whoever types", networkAddress: "203.0.113.9" },
  browserHash: hashToken("the browser that types"),
};
const subject = "second factor 1";
const code = "0123456789ABCDEF";

let ann: User;
let bob: User;
let sealed = "";

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ["Date"] });
  vi.setSystemTime(now);
  await emptyDatabase();
  [ann, bob] = [await addUser(), await addUser("bob@example.org")];
  sealed = await addTotp(ann);
});
afterEach(() => vi.useRealTimers());

describe("a code of the app", () => {
  test("that is right is proof, and not spent yet", async () => {
    const proof = await prove(shownBy(sealed));
    const value = {
      secret: unseal("totp secret", sealed),
      step: Math.floor(now.getTime() / step),
    };
    const factor = { kind: "totp", value };
    expect(proof).toEqual({ user: ann, tried: { left: 2, pausedUntil: null }, factor });
    expect(await database().spentValue.count()).toBe(0);
    expect(await spend(proof)).toBe(true);
  });

  test("may be typed as people type", async () => {
    const value = shownBy(sealed);
    const wide = [...value].map((digit) => String.fromCodePoint(Number(digit) + 0xff10)).join("");
    for (const typed of [` ${value} `, `${value.slice(0, 3)} ${value.slice(3)}`, wide])
      expect(await prove(typed), typed).toHaveProperty("factor");
  });

  test("that is wrong says how many tries are left, and is written down", async () => {
    expect(await prove(wrongFor(sealed))).toEqual({ problem: "wrong-factor", triesLeft: 2 });
    expect(await prove(wrongFor(sealed))).toEqual({ problem: "wrong-factor", triesLeft: 1 });
    expect(await refusals()).toEqual(["wrong-totp", "wrong-totp"]);
    const [event] = await database().auditEvent.findMany();
    expect(event).toMatchObject({ userId: ann.id, actor: null, ...trier.client });
    expect(await database().mail.count()).toBe(0);
  });

  test("works once: twenty times at once, one wins", async () => {
    const proof = await prove(shownBy(sealed));
    const spent = await Promise.all(Array.from({ length: 20 }, () => spend(proof)));
    expect(spent.filter(Boolean)).toHaveLength(1);
  });

  test("that has been spent is refused for as long as it would work, and for two days more", async () => {
    await spend(await prove(shownBy(sealed)));
    const value = shownBy(sealed);
    later(step);
    expect(await spend(await prove(value))).toBe(false);
    // A clock that was set back, by a day.
    later(days(1));
    await sweep();
    vi.setSystemTime(now);
    expect(await spend(await prove(value))).toBe(false);
  });

  test("before one that has been spent is one of its own", async () => {
    await spend(await prove(shownBy(sealed)));
    expect(await spend(await prove(shownBy(sealed, now.getTime() - step)))).toBe(true);
    expect(await spend(await prove(shownBy(sealed, now.getTime() + step)))).toBe(true);
  });

  test("of somebody else is wrong, and what one person spends is not spent for another", async () => {
    const bobs = await addTotp(bob);
    expect(await prove(shownBy(bobs))).toMatchObject({ problem: "wrong-factor" });
    await spend(await prove(shownBy(sealed)));
    const proof = await proveFactor(bob, { typed: shownBy(bobs) }, trier);
    expect(await spend(proof)).toBe(true);
  });

  test("of an app that has been replaced is wrong", async () => {
    await database().totp.deleteMany();
    await addTotp(ann);
    expect(await prove(shownBy(sealed))).toMatchObject({ problem: "wrong-factor" });
  });

  test("that is right lets the count begin anew, once it is spent", async () => {
    await prove(wrongFor(sealed));
    await prove(wrongFor(sealed));
    await spend(await prove(shownBy(sealed)));
    expect(await prove(wrongFor(sealed))).toMatchObject({ triesLeft: 2 });
  });

  test("that somebody else was faster with counts against nobody", async () => {
    const proofs = [await prove(shownBy(sealed)), await prove(shownBy(sealed))];
    for (const proof of proofs) await giveBack(proof as FactorProof);
    expect(await prove(wrongFor(sealed))).toMatchObject({ triesLeft: 2 });
  });
});

test.each([
  "",
  " ",
  "12345",
  "1234567",
  "١٢٣٤٥٦",
  "12345a",
  "0123-4567-89AB-CDE",
  "\0",
  "' OR 1=1 --",
  "1".repeat(100_000),
])("%j is no code at all: that costs no try, and is not written down", async (typed) => {
  expect(await prove(typed)).toEqual({ problem: "malformed-factor" });
  expect(await database().user.findMany({ where: { factorTries: { gt: 0 } } })).toEqual([]);
  expect(await database().auditEvent.count()).toBe(0);
});

test("six digits are no code where there is no app", async () => {
  expect(await proveFactor(bob, { typed: "123456" }, trier)).toEqual({
    problem: "malformed-factor",
  });
});

describe("a recovery code", () => {
  beforeEach(() => addRecoveryCode(ann));

  test("is proof in the place of the app, and works once", async () => {
    const proof = await prove("0123-4567-89ab-cdef");
    expect(proof).toMatchObject({ factor: { kind: "recovery-code" }, tried: { left: 2 } });
    expect(await spend(proof)).toBe(true);
    expect(await spend(proof)).toBe(false);
    expect(await prove(code)).toMatchObject({ problem: "wrong-factor" });
    expect(await refusals()).toEqual(["wrong-recovery-code"]);
  });

  test("of somebody else opens nothing", async () => {
    await addTotp(bob);
    expect(await proveFactor(bob, { typed: code }, trier)).toMatchObject({
      problem: "wrong-factor",
      triesLeft: 2,
    });
    const id = (await database().recoveryCode.findFirstOrThrow()).id;
    const forged: FactorProof = { user: bob, tried: null, factor: { kind: "recovery-code", id } };
    expect(await spend(forged)).toBe(false);
    expect(await database().recoveryCode.count()).toBe(1);
  });

  test("is counted together with codes of the app", async () => {
    await prove(wrongFor(sealed));
    await prove("0000000000000000");
    expect(await prove(wrongFor(sealed))).toMatchObject({ triesLeft: 0 });
    expect(await prove(shownBy(sealed))).toMatchObject({ problem: "paused-factor" });
  });

  test("cannot be guessed: it works in a pause, too, and ends it", async () => {
    for (let count = 0; count < 3; count++) await prove(wrongFor(sealed));
    const retryAt = new Date(now.getTime() + minutes(1));
    expect(await prove("0000000000000000")).toEqual({
      problem: "wrong-factor",
      triesLeft: 0,
      retryAt,
    });
    expect(await spend(await prove(code))).toBe(true);
    expect(await prove(shownBy(sealed))).toHaveProperty("factor");
  });

  test("is tried ten times an hour from one network, and as often from another", async () => {
    await database().recoveryCode.deleteMany();
    const from = (networkAddress: string) =>
      proveFactor(bob, { typed: code }, { ...trier, client: { ...trier.client, networkAddress } });
    for (let count = 0; count < 10; count++) await from("203.0.113.9");
    await expect(from("203.0.113.9")).rejects.toThrow(LimitReached);
    expect(await from("203.0.113.10")).toMatchObject({ problem: "wrong-factor" });
  });
});

describe("the last wrong one", () => {
  const pausedUntil = new Date(now.getTime() + minutes(1));
  const exhaust = async () => {
    await prove(wrongFor(sealed));
    await prove(wrongFor(sealed));
    return await prove(wrongFor(sealed));
  };

  test("brings a pause, in which the right one is not even looked at", async () => {
    const problem = { problem: "wrong-factor", triesLeft: 0, retryAt: pausedUntil };
    expect(await exhaust()).toEqual(problem);
    const paused = { problem: "paused-factor", retryAt: pausedUntil };
    expect(await prove(shownBy(sealed))).toEqual(paused);
    expect(await prove(wrongFor(sealed))).toEqual(paused);
    vi.setSystemTime(pausedUntil);
    expect(await prove(shownBy(sealed))).toHaveProperty("factor");
  });

  test("is told by one mail to the owner, about the browser that typed", async () => {
    await exhaust();
    await prove(wrongFor(sealed));
    const [mail, ...others] = await database().mail.findMany();
    expect(others).toEqual([]);
    expect(mail).toMatchObject({ recipient: ann.email, state: "queued", template: "security" });
    expect(mail && readMailContent(mail)).toMatchObject({
      notice: "factor-paused",
      timeZone: "Europe/Berlin",
      ...trier.client,
    });
    const { browserHash } = trier;
    expect(await database().securityNotice.findMany()).toMatchObject([
      { userId: ann.id, browserHash },
    ]);
    if (mail) expect((await renderMail(mail)).text).toContain("203.0.113.9");
  });

  test("is written down as a lock, after three refusals", async () => {
    await exhaust();
    const events = await database().auditEvent.findMany({ orderBy: { id: "asc" } });
    expect(events.map(({ type }) => type)).toEqual([
      ...Array(3).fill("authn_login_fail"),
      "authn_login_lock",
    ]);
    const lock = events.at(-1);
    expect(lock).toMatchObject({ userId: ann.id, actor: null, ...trier.client });
    expect(lock && readDetails(lock)).toEqual({ until: pausedUntil.toISOString() });
  });

  test("of fifty at once is one of three, with one mail", async () => {
    const wrong = wrongFor(sealed);
    const problems = await Promise.all(Array.from({ length: 50 }, () => prove(wrong)));
    const tried = problems.filter((each) => "problem" in each && each.problem === "wrong-factor");
    expect(tried).toHaveLength(3);
    expect(await database().mail.count()).toBe(1);
  }, 20_000);

  test("does not keep a passkey out, and what it opens ends the pause", async () => {
    await exhaust();
    const { authenticator } = await addPasskey(ann);
    const proof = await proveFactor(ann, { passkey: answer(authenticator), subject }, trier);
    expect(await spend(proof)).toBe(true);
    expect(await prove(shownBy(sealed))).toHaveProperty("factor");
  });
});

describe("a passkey", () => {
  test("that is right is proof without a try, unlocked or not", async () => {
    const { authenticator, passkey } = await addPasskey(ann);
    for (const isVerified of [true, false]) {
      const given = { passkey: answer(authenticator, { isVerified }), subject };
      expect(await proveFactor(ann, given, trier)).toMatchObject({
        tried: null,
        factor: { kind: "passkey", id: passkey.id },
      });
    }
    expect(await database().user.findMany({ where: { factorTries: { gt: 0 } } })).toEqual([]);
  });

  test("works once for one challenge: twenty times at once, one wins", async () => {
    const { authenticator, passkey } = await addPasskey(ann);
    const given = { passkey: answer(authenticator, { counter: 7 }), subject };
    const proof = await proveFactor(ann, given, trier);
    const spent = await Promise.all(Array.from({ length: 20 }, () => spend(proof)));
    expect(spent.filter(Boolean)).toHaveLength(1);
    const { id } = passkey;
    expect(await database().passkey.findUniqueOrThrow({ where: { id } })).toMatchObject({
      counter: 7n,
      lastUsedAt: now,
    });
  });

  test("without a counter works once for one challenge, too", async () => {
    const { authenticator } = await addPasskey(ann);
    const given = { passkey: answer(authenticator), subject };
    const proof = await proveFactor(ann, given, trier);
    expect(await spend(proof)).toBe(true);
    expect(await spend(await proveFactor(ann, given, trier))).toBe(false);
    const next = await proveFactor(ann, { passkey: answer(authenticator), subject }, trier);
    expect(await spend(next)).toBe(true);
  });

  test("of somebody else, and one that nobody knows, is told the same", async () => {
    const { authenticator } = await addPasskey(bob);
    for (const passkey of [answer(authenticator), "{}", "", "not JSON"])
      expect(await proveFactor(ann, { passkey, subject }, trier)).toEqual({
        problem: "unknown-passkey",
      });
    // What is none, or nobody's, is not worth a row that anybody could have written without end.
    expect(await refusals()).toEqual(["wrong-passkey"]);
  });

  test("that has been put out of use meanwhile, or taken away, is not spent", async () => {
    const { authenticator } = await addPasskey(ann);
    const proof = await proveFactor(ann, { passkey: answer(authenticator), subject }, trier);
    await database().passkey.updateMany({ data: { deniedAt: now } });
    expect(await spend(proof)).toBe(false);
    await database().passkey.deleteMany();
    expect(await spend(proof)).toBe(false);
  });
});

type Authenticator = Awaited<ReturnType<typeof addPasskey>>["authenticator"];

function answer(
  authenticator: Authenticator,
  said: { isVerified?: boolean; counter?: number } = {},
) {
  const challenge = Buffer.from(newChallenge(subject)).toString("base64url");
  return answerWith(authenticator, { challenge, ...said });
}

async function prove(typed: string) {
  return await proveFactor(ann, { typed }, trier);
}

async function spend(proof: Awaited<ReturnType<typeof proveFactor>>): Promise<boolean> {
  if ("problem" in proof) throw new Error(`no proof: ${proof.problem}`);
  return await inTransaction((transaction) => spendFactor(transaction, proof));
}

/** One code by hand: a whole set would take two seconds to make. */
async function addRecoveryCode({ id: userId }: User) {
  const salt = randomBytes(32).toString("base64url");
  const hash = scryptSync(code, salt, 32, { N: 2 ** 14, r: 8, p: 1 }).toString("base64url");
  await database().recoveryCode.create({ data: { userId, salt, hash } });
}

async function refusals() {
  const where = { type: "authn_login_fail" };
  const events = await database().auditEvent.findMany({ where, orderBy: { id: "asc" } });
  return events.map((event) => readDetails(event).reason);
}

function later(milliseconds: number) {
  vi.setSystemTime(Date.now() + milliseconds);
}
