import {
  createHmac,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type JsonWebKey,
  type KeyObject,
  sign,
  verify,
} from "node:crypto";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { User } from "@/lib/platform/database/client/client";
import { database } from "@/lib/platform/database/database";
import { emptyDatabase, prepareTestDatabase } from "@/lib/platform/database/test-database";
import { days, minutes, seconds } from "@/lib/platform/duration";
import { processWide } from "@/lib/platform/process-wide";
import { hashToken, randomToken, unseal } from "@/lib/platform/secrets";
import { findSessionOfToken, issueAccessToken } from "./access-tokens";
import { blockUser, grantScope, revokeScope } from "./administration";
import { findSession, revokeSessions, type SignedIn, signOut } from "./sessions";
import { listPublicKeys, rotateSigningKeys } from "./signing-keys";
import { addPasskey, addTotp, addUser } from "./test-second-factor";

process.env.SITE_URL = "https://example.org";
process.env.SMTP_URL = "smtp://mail.example.org";
await prepareTestDatabase();
const now = new Date("2030-01-01T10:42:00Z");
const nowInSeconds = now.getTime() / 1000;
const site = "https://example.org";
const client = { userAgent: "", networkAddress: "203.0.113.9" };
const byOperator = { id: "operator", client };

let ann: User;
let bob: User;
let signedIn: SignedIn;

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ["Date"] });
  vi.setSystemTime(now);
  await emptyDatabase();
  await forgetKeys();
  [ann, bob] = [await addUser(), await addUser("bob@example.org")];
  signedIn = (await signIn(ann)).signedIn;
});
afterEach(() => vi.useRealTimers());

describe("an access token", () => {
  test("is verified with the published key by what knows nothing of this site", async () => {
    const token = await issue();
    const { header, claims } = await verified(token);
    const [key] = await listPublicKeys();
    expect(header).toEqual({ alg: "ES256", typ: "at+jwt", kid: key?.kid });
    expect(claims).toEqual({
      iss: site,
      aud: site,
      client_id: site,
      sub: ann.id,
      sid: signedIn.session.id,
      email: "ann@example.org",
      scope: "authenticated",
      iat: nowInSeconds,
      nbf: nowInSeconds,
      exp: nowInSeconds + 300,
      jti: expect.stringMatching(/^[0-9a-f-]{36}$/),
    });
  });

  test("lives five minutes, and says so", async () => {
    expect((await issueAccessToken(signedIn))?.expiresIn).toBe(300);
  });

  test("lives as long as ACCESS_TOKEN_MINUTES says", async () => {
    vi.resetModules();
    vi.stubEnv("ACCESS_TOKEN_MINUTES", "0.5");
    const short = await import("./access-tokens");
    const issued = await short.issueAccessToken(signedIn);
    expect(issued?.expiresIn).toBe(30);
    const { claims } = await verified(issued?.token ?? "");
    expect(claims.exp).toBe(nowInSeconds + 30);
    vi.unstubAllEnvs();
    vi.resetModules();
  });

  test("is another each time", async () => {
    const ids = [];
    for (let count = 0; count < 5; count++) ids.push((await verified(await issue())).claims.jti);
    expect(new Set(ids).size).toBe(5);
  });

  test("names the scopes of its time; the next has those of the next", async () => {
    await grantScope(byOperator, ann.id, "super");
    await grantScope(byOperator, bob.id, "super");
    const token = await issue();
    expect((await verified(token)).claims.scope).toBe("authenticated admin super");
    await revokeScope(byOperator, ann.id, "super");
    expect((await verified(await issue())).claims.scope).toBe("authenticated");
    expect((await verified(token)).claims.scope).toBe("authenticated admin super");
  });

  test("finds its session", async () => {
    const found = await findSessionOfToken(await issue());
    expect(found).toEqual(signedIn);
    const { signedIn: bobs } = await signIn(bob);
    expect(await findSessionOfToken(await issue(bobs))).toEqual(bobs);
  });

  test("goes on finding it when the keys are rotated", async () => {
    const token = await issue();
    await rotateSigningKeys();
    expect(await findSessionOfToken(token)).not.toBeNull();
    later(minutes(10));
    const next = await issue();
    const kids = (await listPublicKeys()).map(({ kid }) => kid);
    expect((await verified(next)).header.kid).toBe(kids[0]);
    expect((await verified(token)).header.kid).toBe(kids[1]);
    expect(await findSessionOfToken(next)).not.toBeNull();
  });

  test("of twenty who come at once is good, also when there was no key", async () => {
    const tokens = await Promise.all(Array.from({ length: 20 }, () => issue()));
    for (const token of tokens) expect(await findSessionOfToken(token)).not.toBeNull();
  });
});

describe("a session without the second factor of its account", () => {
  test.each([
    ["an app", addTotp],
    ["a passkey", addPasskey],
  ])("gets none: %s", async (_, add) => {
    await add(ann);
    expect(await issueAccessToken(signedIn)).toBeNull();
  });

  test("gets one once it has passed it", async () => {
    await addTotp(ann);
    const session = { ...signedIn.session, secondFactorAt: now };
    expect(await issueAccessToken({ ...signedIn, session })).not.toBeNull();
  });

  test("is not kept from one by somebody else's factor", async () => {
    await addTotp(bob);
    expect(await issueAccessToken(signedIn)).not.toBeNull();
  });
});

describe("a token opens nothing", () => {
  test("after its end, to the second", async () => {
    const token = await issue();
    later(seconds(299));
    expect(await findSessionOfToken(token)).not.toBeNull();
    later(seconds(1));
    expect(await findSessionOfToken(token)).toBeNull();
  });

  test("when its session has been signed out", async () => {
    const { signedIn: there, value } = await signIn(ann);
    const token = await issue(there);
    await signOut(value, client);
    expect(await findSessionOfToken(token)).toBeNull();
    expect(await findSessionOfToken(await issue())).not.toBeNull();
  });

  test("when its session has been revoked, or has run out", async () => {
    const { signedIn: there } = await signIn(ann);
    const token = await issue(there);
    await revokeSessions(signedIn, "others", client);
    expect(await findSessionOfToken(token)).toBeNull();
    const own = await issue();
    await database().session.updateMany({ data: { expiresAt: now } });
    expect(await findSessionOfToken(own)).toBeNull();
  });

  test("when its account has been blocked, or is gone", async () => {
    const token = await issue();
    const { signedIn: bobs } = await signIn(bob);
    const tokenOfBob = await issue(bobs);
    await database().user.update({ where: { id: ann.id }, data: { blockedAt: now } });
    expect(await findSessionOfToken(token)).toBeNull();
    await blockUser(byOperator, bob.id, "spam");
    expect(await findSessionOfToken(tokenOfBob)).toBeNull();
    await database().user.deleteMany();
    expect(await findSessionOfToken(token)).toBeNull();
  });

  test("while the database is away, and that is a fault", async () => {
    const token = await issue();
    await database().$executeRaw`ALTER TABLE "Session" RENAME TO "Away"`;
    await expect(findSessionOfToken(token)).rejects.toThrow();
    await database().$executeRaw`ALTER TABLE "Away" RENAME TO "Session"`;
    expect(await findSessionOfToken(token)).not.toBeNull();
  });
});

describe("with the key of the site itself, so that nothing else is wrong,", () => {
  test("a token made by hand is taken", async () => {
    expect(await findSessionOfToken(await forged())).toEqual(signedIn);
  });

  test.each<[string, Record<string, unknown>]>([
    ["too old", { exp: nowInSeconds }],
    ["without an end", { exp: undefined }],
    ["whose end is a text", { exp: `${nowInSeconds + 300}` }],
    ["not valid yet", { nbf: nowInSeconds + 1 }],
    ["without a beginning", { nbf: undefined }],
    ["without a time", { iat: undefined }],
    ["without an id", { jti: undefined }],
    ["of another issuer", { iss: "https://evil.example" }],
    ["of an issuer that begins so", { iss: `${site}.evil.example` }],
    ["of an issuer with a path", { iss: `${site}/` }],
    ["of no issuer", { iss: undefined }],
    ["for another audience", { aud: "https://api.example.org" }],
    ["for no audience", { aud: undefined }],
    ["for an empty one", { aud: [] }],
    ["of no session", { sid: undefined }],
    ["of an unknown session", { sid: "unknown" }],
    ["of nobody", { sub: undefined }],
    ["of nobody, said otherwise", { sub: "" }],
  ])("one %s is refused", async (_, claims) => {
    expect(await findSessionOfToken(await forged({ claims }))).toBeNull();
  });

  test("one of somebody else's session is refused, both ways", async () => {
    const { signedIn: bobs } = await signIn(bob);
    for (const claims of [{ sid: bobs.session.id }, { sub: bob.id }])
      expect(await findSessionOfToken(await forged({ claims }))).toBeNull();
    const claims = { sid: bobs.session.id, sub: bob.id };
    expect(await findSessionOfToken(await forged({ claims }))).toEqual(bobs);
  });

  test.each<[string, Record<string, unknown>]>([
    ["of another kind", { typ: "JWT" }],
    ["of another kind, an id token's", { typ: "id+jwt" }],
    ["of no kind", { typ: undefined }],
    ["that names another algorithm", { alg: "ES384" }],
    ["that names none", { alg: undefined }],
    ["of an unknown key", { kid: "unknown" }],
    ["of no key", { kid: undefined }],
    ["with an extension that must be understood", { crit: ["exp"], exp: 1 }],
  ])("one %s is refused", async (_, header) => {
    expect(await findSessionOfToken(await forged({ header }))).toBeNull();
  });
});

describe("what the site has not signed is refused:", () => {
  const attacker = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const attackersJwk = attacker.publicKey.export({ format: "jwk" });

  test.each(["none", "None", "NONE", "nOnE"])("no signature at all, as %s", async (alg) => {
    for (const signature of ["", "AA", Buffer.alloc(64).toString("base64url")]) {
      const token = await forged({ header: { alg }, signature: () => signature });
      expect(await findSessionOfToken(token)).toBeNull();
    }
  });

  test.each(["HS256", "HS384", "HS512"])(
    "the public key taken for the secret of %s",
    async (alg) => {
      const jwk = await publicJwk();
      const key = createPublicKey({ key: jwk, format: "jwk" });
      for (const secret of [
        key.export({ type: "spki", format: "pem" }),
        key.export({ type: "spki", format: "der" }),
        JSON.stringify(jwk),
        Buffer.from(`${jwk.x}${jwk.y}`, "base64url"),
      ]) {
        const signature = (input: string) =>
          createHmac(`sha${alg.slice(2)}`, secret)
            .update(input)
            .digest("base64url");
        expect(await findSessionOfToken(await forged({ header: { alg }, signature }))).toBeNull();
      }
    },
  );

  test("the attacker's key, under the name of ours", async () => {
    expect(await findSessionOfToken(await forged({ key: attacker.privateKey }))).toBeNull();
  });

  test.each<[string, Record<string, unknown>]>([
    ["in it", { jwk: attackersJwk }],
    ["in it, and no other name", { jwk: attackersJwk, kid: undefined }],
    ["at an address", { jku: "https://evil.example/jwks.json" }],
    ["at an address, by name", { jku: "https://evil.example/jwks.json", kid: "evil" }],
    ["as a data address", { jku: `data:application/json,${JSON.stringify(attackersJwk)}` }],
    ["in a certificate at an address", { x5u: "https://evil.example/cert.pem" }],
    ["in a certificate", { x5c: [Buffer.from("certificate").toString("base64")] }],
  ])("a header that brings the attacker's key: %s", async (_, header) => {
    const fetched = vi.spyOn(globalThis, "fetch");
    const token = await forged({ header, key: attacker.privateKey });
    expect(await findSessionOfToken(token)).toBeNull();
    expect(fetched).not.toHaveBeenCalled();
    fetched.mockRestore();
  });

  test("a signature of other words: of another token, or with claims put in afterwards", async () => {
    const { signedIn: bobs } = await signIn(bob);
    const [[header, , signature], [, claims]] = [await parts(), await parts(bobs)];
    expect(await findSessionOfToken([header, claims, signature].join("."))).toBeNull();
  });

  test("a signature in the other form (DER), of zeros, or longer than it is", async () => {
    const token = await forged({ encoding: "der" });
    expect(await findSessionOfToken(token)).toBeNull();
    const [header, claims, signature] = await parts();
    for (const other of ["A".repeat(86), `${signature}AAAA`, ""])
      expect(await findSessionOfToken(`${header}.${claims}.${other}`)).toBeNull();
  });

  test("what is cut off anywhere, or is no token", async () => {
    const token = await issue();
    for (let length = 0; length < token.length; length += 7)
      expect(await findSessionOfToken(token.slice(0, length)), `${length}`).toBeNull();
    const strange = ["", ".", "..", "...", "a.b.c", `${token}.`, `${token}.${token}`, ` ${token}`];
    for (const text of [...strange, "\0", "ü.ü.ü", "x".repeat(100_000), signedIn.session.id])
      expect(await findSessionOfToken(text), text.slice(0, 50)).toBeNull();
  });
});

async function issue(whose = signedIn): Promise<string> {
  const issued = await issueAccessToken(whose);
  if (!issued) throw new Error("no token was given");
  return issued.token;
}

async function parts(whose = signedIn): Promise<string[]> {
  return (await issue(whose)).split(".");
}

/** RFC 7515 and 7518 by hand: what a service in another language would do with the published keys. */
async function verified(token: string) {
  const [header = "", claims = "", signature = "", ...rest] = token.split(".");
  expect(rest).toEqual([]);
  const { kid } = readJson(header);
  const published = (await listPublicKeys()).find((key) => key.kid === kid);
  if (!published) throw new Error("the key is not published");
  const key = createPublicKey({ key: published.jwk as JsonWebKey, format: "jwk" });
  const input = Buffer.from(`${header}.${claims}`);
  const bytes = Buffer.from(signature, "base64url");
  expect(bytes).toHaveLength(64);
  expect(verify("sha256", input, { key, dsaEncoding: "ieee-p1363" }, bytes)).toBe(true);
  return { header: readJson(header), claims: readJson(claims) };
}

type Forgery = {
  header?: Record<string, unknown>;
  claims?: Record<string, unknown>;
  key?: KeyObject;
  encoding?: "ieee-p1363" | "der";
  signature?: (input: string) => string;
};

/** A good token with something else in it, signed again. */
async function forged({ header, claims, key, encoding, signature }: Forgery = {}): Promise<string> {
  const [ownHeader = "", ownClaims = ""] = await parts();
  const input = [
    writeJson({ ...readJson(ownHeader), ...header }),
    writeJson({ ...readJson(ownClaims), ...claims }),
  ].join(".");
  if (signature) return `${input}.${signature(input)}`;
  const signer = { key: key ?? (await privateKey()), dsaEncoding: encoding ?? "ieee-p1363" };
  return `${input}.${sign("sha256", Buffer.from(input), signer).toString("base64url")}`;
}

async function privateKey(): Promise<KeyObject> {
  const { sealedPrivate } = await database().signingKey.findFirstOrThrow();
  const jwk: JsonWebKey = JSON.parse(unseal("signing key", sealedPrivate));
  return createPrivateKey({ key: jwk, format: "jwk" });
}

async function publicJwk(): Promise<JsonWebKey> {
  await issue();
  const [published] = await listPublicKeys();
  return published?.jwk as JsonWebKey;
}

function readJson(part: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(part, "base64url").toString());
}

function writeJson(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}

async function signIn({ id: userId }: User) {
  const value = randomToken();
  const ends = { expiresAt: new Date(Date.now() + days(7)), endsAt: null };
  await database().session.create({
    data: { ...client, ...ends, userId, tokenHash: hashToken(value), keepSignedIn: true },
  });
  const found = await findSession(value);
  if (!found) throw new Error("nobody is signed in");
  return { signedIn: found, value };
}

async function forgetKeys() {
  await database().signingKey.deleteMany();
  processWide<{ current: unknown }>("signing-keys", () => ({ current: null })).current = null;
}

function later(milliseconds: number) {
  vi.setSystemTime(Date.now() + milliseconds);
}
