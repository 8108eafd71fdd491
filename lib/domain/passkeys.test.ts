import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { User } from "@/lib/platform/database/client/client";
import { database } from "@/lib/platform/database/database";
import { emptyDatabase, prepareTestDatabase } from "@/lib/platform/database/test-database";
import { minutes } from "@/lib/platform/duration";
import {
  canHavePasskeys,
  denyPasskey,
  listPasskeys,
  longestPasskeyName,
  offerFactor,
  offerRegistration,
  offerSignIn,
  provePasskey,
  readNewPasskey,
  readPasskeyName,
  renamePasskey,
} from "./passkeys";
import {
  type Authenticator,
  answerWith,
  makePasskey,
  newAuthenticator,
} from "./test-authenticator";
import { addPasskey, addUser } from "./test-second-factor";

process.env.SITE_URL = "https://example.org";
process.env.SITE_NAME = "Ann & Bob's";
process.env.SMTP_URL = "smtp://mail.example.org";
await prepareTestDatabase();
const now = new Date("2030-01-01T10:42:00Z");
const subject = "sign-in here";
const hour = 60 * 60_000;

let ann: User;
let authenticator: Authenticator;

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ["Date"] });
  vi.setSystemTime(now);
  await emptyDatabase();
  ann = await addUser();
  authenticator = newAuthenticator();
});
afterEach(() => vi.useRealTimers());

describe("what a browser is asked", () => {
  test("to sign in: by any passkey of this site, its person verified", async () => {
    expect(await offerSignIn(subject)).toMatchObject({
      rpId: "example.org",
      userVerification: "required",
      timeout: 300_000,
    });
    expect((await offerSignIn(subject)).allowCredentials ?? []).toEqual([]);
  });

  test("for a second factor: by a passkey of this person that is in use", async () => {
    const [mine, denied] = [await addPasskey(ann), await addPasskey(ann)];
    await addPasskey(await addUser("bob@example.org"));
    const { id } = denied.passkey;
    await database().passkey.update({ where: { id }, data: { deniedAt: now } });
    const { allowCredentials, rpId } = await offerFactor(subject, ann.id);
    expect(rpId).toBe("example.org");
    expect(allowCredentials).toMatchObject([
      { id: mine.passkey.credentialId, transports: ["internal", "hybrid"] },
    ]);
  });

  test("to make one: for this person, and with none of the authenticators that they have", async () => {
    const { passkey } = await addPasskey(ann);
    const options = await offerRegistration(subject, ann);
    expect(options).toMatchObject({
      rp: { id: "example.org", name: "Ann & Bob's" },
      user: { name: ann.emailTyped, displayName: ann.emailTyped },
      attestation: "none",
      excludeCredentials: [{ id: passkey.credentialId }],
    });
    expect(Buffer.from(options.user.id, "base64url").toString()).toBe(ann.id);
  });

  test("is never the same twice", async () => {
    const challenges = [await offerSignIn(subject), await offerSignIn(subject)];
    expect(challenges[0]?.challenge).not.toBe(challenges[1]?.challenge);
  });
});

describe("a new passkey", () => {
  test("is taken, and signs in from then on", async () => {
    authenticator.userHandle = ann.id;
    const made = await make();
    expect(made).toMatchObject({
      credentialId: authenticator.credentialId.toString("base64url"),
      publicKey: authenticator.coseKey.toString("base64url"),
      counter: 0n,
      transports: "internal,hybrid",
    });
    if (!made) throw new Error("not made");
    const { challenge, ...columns } = made;
    const data = { ...columns, userId: ann.id, name: "key" };
    const { id } = await database().passkey.create({ data });
    expect(await prove({})).toMatchObject({ user: ann, proof: { id } });
  });

  test("that was not unlocked is taken: it can still be a second factor", async () => {
    expect(await make({ isVerified: false })).not.toBeNull();
  });

  test.each([
    ["at another origin", { origin: "https://example.net" }],
    ["at a subdomain", { origin: "https://www.example.org" }],
    ["without TLS", { origin: "http://example.org" }],
    ["at another port", { origin: "https://example.org:8443" }],
    ["for another site", { rpId: "example.net" }],
    ["for a site above", { rpId: "org" }],
    ["as the answer to another question", { type: "webauthn.get" }],
    ["by nobody who was there", { isPresent: false }],
    ["with a made-up challenge", { challenge: "AAAA" }],
    ["with an empty challenge", { challenge: "" }],
    ["with an unknown attestation", { fmt: "made-up" }],
    ["with an attestation that is missing", { fmt: "packed" }],
  ])("made %s is refused", async (_, said) => {
    expect(await make(said)).toBeNull();
    expect(await make()).not.toBeNull();
  });

  test("made for another subject, or too late, is refused", async () => {
    const { challenge } = await offerRegistration("enrolment 1", ann);
    const text = makePasskey(authenticator, { challenge });
    expect(await readNewPasskey(text, "enrolment 2")).toBeNull();
    vi.setSystemTime(now.getTime() + minutes(10));
    expect(await readNewPasskey(text, "enrolment 1")).toBeNull();
    vi.setSystemTime(now.getTime() + minutes(10) - 1);
    expect(await readNewPasskey(text, "enrolment 1")).not.toBeNull();
  });

  test("is not the answer of one that is known", async () => {
    const known = await addPasskey(ann);
    const { challenge } = await offerSignIn(subject);
    expect(
      await readNewPasskey(answerWith(known.authenticator, { challenge }), subject),
    ).toBeNull();
  });

  test.each(malformed(makePasskey))("%s is refused, and nothing is thrown", async (_, mangle) => {
    const { challenge } = await offerRegistration(subject, ann);
    const text = makePasskey(authenticator, { challenge });
    expect(await readNewPasskey(mangle(text), subject)).toBeNull();
  });
});

describe("the answer of a passkey", () => {
  beforeEach(async () => {
    ({ authenticator } = await addPasskey(ann));
  });

  test("says whose it is, and spends nothing", async () => {
    const passkey = await database().passkey.findFirstOrThrow();
    const { challenge } = await offerSignIn(subject);
    const text = answerWith(authenticator, { challenge, counter: 5, userHandle: ann.id });
    for (let count = 0; count < 2; count++)
      expect(await provePasskey(text, subject, true)).toEqual({
        user: ann,
        proof: { kind: "passkey", id: passkey.id, challenge, formerCounter: 0n, counter: 5n },
      });
    expect(await database().passkey.findFirstOrThrow()).toEqual(passkey);
    expect(await database().spentValue.count()).toBe(0);
  });

  test.each([
    ["at another origin", { origin: "https://example.net" }],
    ["at an origin that begins alike", { origin: "https://example.org.example.net" }],
    ["at a subdomain", { origin: "https://www.example.org" }],
    ["without TLS", { origin: "http://example.org" }],
    ["for another site", { rpId: "example.net" }],
    ["to another question", { type: "webauthn.create" }],
    ["by nobody who was there", { isPresent: false }],
    ["with a made-up challenge", { challenge: "AAAA" }],
    ["with somebody else's handle", { userHandle: "00000000-0000-7000-8000-000000000000" }],
  ])("%s is refused", async (_, said) => {
    expect(await prove(said)).toBeNull();
    expect(await prove({})).not.toBeNull();
  });

  test("to another subject's challenge is refused", async () => {
    const { challenge } = await offerSignIn("sign-in there");
    const text = answerWith(authenticator, { challenge });
    expect(await provePasskey(text, "sign-in here", true)).toBeNull();
    expect(await provePasskey(text, "sign-in there", true)).not.toBeNull();
  });

  test("that comes after ten minutes is refused", async () => {
    const { challenge } = await offerSignIn(subject);
    const text = answerWith(authenticator, { challenge });
    vi.setSystemTime(now.getTime() + minutes(10) - 1);
    expect(await provePasskey(text, subject, true)).not.toBeNull();
    vi.setSystemTime(now.getTime() + minutes(10));
    expect(await provePasskey(text, subject, true)).toBeNull();
    vi.setSystemTime(now.getTime() - hour);
    expect(await provePasskey(text, subject, true)).toBeNull();
  });

  test("alone has to be unlocked by its person, and beside a mail need not be", async () => {
    const { challenge } = await offerSignIn(subject);
    const text = answerWith(authenticator, { challenge, isVerified: false });
    expect(await provePasskey(text, subject, true)).toBeNull();
    expect(await provePasskey(text, subject, false)).not.toBeNull();
  });

  test.each([
    [5, 4],
    [5, 5],
    [5, 0],
    [4_294_967_295, 1],
  ])("whose counter was %d and is %d is that of a copy, and refused", async (stored, counter) => {
    await database().passkey.updateMany({ data: { counter: stored } });
    expect(await prove({ counter })).toBeNull();
    expect(await prove({ counter: stored })).toBeNull();
  });

  test.each([
    [0, 0],
    [0, 1],
    [5, 6],
    [5, 4_294_967_295],
  ])("whose counter was %d and is %d is taken", async (stored, counter) => {
    await database().passkey.updateMany({ data: { counter: stored } });
    expect(await prove({ counter })).toMatchObject({
      proof: { formerCounter: BigInt(stored), counter: BigInt(counter) },
    });
  });

  test("alone says whose it is, and beside a mail need not", async () => {
    for (const userHandle of [null, ""]) {
      const { challenge } = await offerSignIn(subject);
      const text = answerWith(authenticator, { challenge, userHandle });
      expect(await provePasskey(text, subject, true)).toBeNull();
      expect(await provePasskey(text, subject, false)).not.toBeNull();
    }
  });

  test("that another key has signed is refused", async () => {
    const thief = { ...newAuthenticator(ann.id), credentialId: authenticator.credentialId };
    const { challenge } = await offerSignIn(subject);
    expect(await provePasskey(answerWith(thief, { challenge }), subject, true)).toBeNull();
  });

  test("that has been put out of use is refused, as one that is unknown", async () => {
    expect(await prove({})).not.toBeNull();
    const { id } = await database().passkey.findFirstOrThrow();
    await database().$transaction((transaction) => denyPasskey(transaction, ann.id, id));
    expect(await prove({})).toBeNull();
    await database().passkey.deleteMany();
    expect(await prove({})).toBeNull();
  });

  test("says who its owner is, whoever the handle says", async () => {
    const bob = await addUser("bob@example.org");
    const bobs = await addPasskey(bob);
    const { challenge } = await offerSignIn(subject);
    const say = (userHandle: string) =>
      provePasskey(answerWith(bobs.authenticator, { challenge, userHandle }), subject, true);
    expect(await say(ann.id)).toBeNull();
    expect(await say(bob.id)).toMatchObject({ user: bob });
  });

  test.each(malformed(answerWith))("%s is refused, and nothing is thrown", async (_, mangle) => {
    const { challenge } = await offerSignIn(subject);
    const text = answerWith(authenticator, { challenge });
    expect(await provePasskey(text, subject, true)).not.toBeNull();
    expect(await provePasskey(mangle(text), subject, true)).toBeNull();
  });

  test("of which one bit is changed is refused", async () => {
    const { challenge } = await offerSignIn(subject);
    const credential = JSON.parse(answerWith(authenticator, { challenge }));
    const refuses = async (part: string, bytes: Buffer, index: number) => {
      const changed = Buffer.from(bytes);
      changed.writeUInt8(bytes.readUInt8(index) ^ 1, index);
      const response = { ...credential.response, [part]: changed.toString("base64url") };
      const text = JSON.stringify({ ...credential, response });
      return (await provePasskey(text, subject, true)) === null;
    };
    const said = Buffer.from(credential.response.authenticatorData, "base64url");
    for (const index of said.keys())
      expect(await refuses("authenticatorData", said, index), `${index}`).toBe(true);
    const signature = Buffer.from(credential.response.signature, "base64url");
    // The end is part of a number for certain; before it there may be a zero that means nothing.
    for (const index of [...signature.keys()].slice(-16))
      expect(await refuses("signature", signature, index), `${index}`).toBe(true);
  });
});

describe("put out of use", () => {
  test("is a passkey of this person, once, and no other", async () => {
    const bob = await addUser("bob@example.org");
    const [mine, other, bobs] = [
      await addPasskey(ann),
      await addPasskey(ann),
      await addPasskey(bob),
    ];
    const deny = (id: string) =>
      database().$transaction((transaction) => denyPasskey(transaction, ann.id, id));
    await deny(mine.passkey.id);
    await deny(bobs.passkey.id);
    vi.setSystemTime(now.getTime() + hour);
    await deny(mine.passkey.id);
    const denied = await database().passkey.findMany({ where: { deniedAt: { not: null } } });
    expect(denied).toMatchObject([{ id: mine.passkey.id, deniedAt: now }]);
    const listed = await listPasskeys(ann.id);
    expect(listed.map(({ id }) => id)).toEqual([mine.passkey.id, other.passkey.id]);
  });
});

const client = { userAgent: "", networkAddress: "203.0.113.9" };

describe("a name", () => {
  test("is changed by its owner only", async () => {
    const { passkey } = await addPasskey(ann);
    const bob = await addUser("bob@example.org");
    expect(await renamePasskey(bob.id, passkey.id, "Bob's now", client)).toBe(false);
    expect(await listPasskeys(ann.id)).toMatchObject([{ name: "Ann's key" }]);
    expect(await renamePasskey(ann.id, passkey.id, "Phone", client)).toBe(true);
    expect(await listPasskeys(ann.id)).toMatchObject([{ name: "Phone" }]);
  });

  test.each([
    ["  My \u3000 key ", "My key"],
    ["Zoe\u0308's", "Zo\u00eb's"],
    ["<b>Ключ</b> {name} 🔑", "<b>Ключ</b> {name} 🔑"],
    ["x".repeat(longestPasskeyName), "x".repeat(longestPasskeyName)],
  ])("%j is taken, as %j", (typed, name) => expect(readPasskeyName(typed)).toBe(name));

  test.each([
    "",
    " \n\t",
    "x".repeat(longestPasskeyName + 1),
    "a\0b",
    "a\u202eb",
    "a\u200fb",
    "\u200b",
    "a\ud800",
  ])("%j is none", (typed) => expect(readPasskeyName(typed)).toBeNull());

  test.each(["\u3164", "\u115f", "\u034f"])("%j, of which nothing can be seen, is none", (typed) =>
    expect(readPasskeyName(typed)).toBeNull(),
  );
});

test.each([
  ["https://example.org", true],
  ["http://localhost:3000", true],
  ["http://192.168.1.5:3000", false],
  ["http://127.0.0.1", false],
  ["http://[::1]:3000", false],
  ["https://1.example.org", true],
])("at %s, browsers make passkeys: %s", async (SITE_URL, can) => {
  vi.resetModules();
  vi.stubEnv("SITE_URL", SITE_URL);
  const site = await import("./passkeys");
  expect(site.canHavePasskeys()).toBe(can);
  vi.unstubAllEnvs();
  expect(canHavePasskeys()).toBe(true);
});

type Said = Partial<Parameters<typeof answerWith>[1]>;

async function make(said: Said = {}) {
  const { challenge } = await offerRegistration(subject, ann);
  return await readNewPasskey(makePasskey(authenticator, { challenge, ...said }), subject);
}

async function prove(said: Said) {
  const { challenge } = await offerSignIn(subject);
  return await provePasskey(answerWith(authenticator, { challenge, ...said }), subject, true);
}

/** What comes of a right answer when it is spoiled. */
function malformed(right: typeof answerWith): [string, (text: string) => string][] {
  const parts = Object.keys(
    JSON.parse(right(newAuthenticator(), { challenge: "AAAA" })).response,
  ).filter((part) => part !== "transports");
  const change = (part: string, value: unknown) => (text: string) => {
    const credential = JSON.parse(text);
    return JSON.stringify({ ...credential, response: { ...credential.response, [part]: value } });
  };
  return [
    ["nothing", () => ""],
    ["no JSON", (text) => text.slice(1)],
    ["null", () => "null"],
    ["an array", (text) => `[${text}]`],
    ["an empty object", () => "{}"],
    ["another type", (text) => text.replace("public-key", "password")],
    ["an id that is none", (text) => text.replace(/"id":"[^"]*"/, '"id":"<>"')],
    ["an id of another", (text) => text.replace(/"id":"[^"]*"/, '"id":"AAAA"')],
    ["two ids that differ", (text) => text.replace(/"rawId":"[^"]*"/, '"rawId":"AAAA"')],
    ...parts.flatMap((part): [string, (text: string) => string][] => [
      [`no ${part}`, change(part, undefined)],
      [`an empty ${part}`, change(part, "")],
      [`a short ${part}`, change(part, "AAAA")],
      [`a long ${part}`, change(part, "A".repeat(16_385))],
      [`${part} that is a number`, change(part, 5)],
      [`${part} of random bytes`, change(part, "e30x".repeat(50))],
    ]),
  ];
}
