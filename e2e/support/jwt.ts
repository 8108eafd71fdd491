import {
  createHmac,
  createPublicKey,
  generateKeyPairSync,
  type JsonWebKey,
  type KeyObject,
  sign,
  verify,
} from "node:crypto";
import type { HttpClient, SentHeaders } from "./http";

type Members = Record<string, unknown>;

/** A JWT taken apart; nothing has been checked but its form. */
interface Jwt {
  header: Members;
  claims: Members;
  /** What the signature is over. */
  signed: string;
  signature: Buffer;
}

/** Public keys as a site publishes them (RFC 7517). */
export interface KeySet {
  keys: (JsonWebKey & { kid?: string })[];
}

/** Takes a signed JWT apart (RFC 7519, 7.2). Throws if it is none. */
export function readJwt(token: string): Jwt {
  const [, header = "", claims = "", signature = ""] =
    /^([\w-]+)\.([\w-]+)\.([\w-]+)$/.exec(token) ?? [];
  if (!header) throw new Error(`Not a signed JWT: ${token}`);
  return {
    header: read(header),
    claims: read(claims),
    signed: `${header}.${claims}`,
    signature: Buffer.from(signature, "base64url"),
  };
}

/**
 * Whether one of these keys signed a token with ES256 (RFC 7518, 3.4), reckoned here with Node's own
 * cryptography, so that site and test do not share a fault. Times and the other claims are left to the test.
 */
export function isSignedBy({ keys }: KeySet, token: string): boolean {
  const { header, signed, signature } = readJwt(token);
  const jwk = keys.find(({ kid }) => kid === header.kid);
  if (!jwk || header.alg !== "ES256" || signature.length !== 64) return false;
  const key = createPublicKey({ key: jwk, format: "jwk" });
  return verify("sha256", Buffer.from(signed), { key, dsaEncoding: "ieee-p1363" }, signature);
}

/**
 * Tokens as somebody would make them who has a good one and the public keys, but not the private
 * one: all are to be refused (RFC 8725, 2 and 3).
 *
 * @param token one that is accepted
 * @param keySet the keys that verify it
 */
export function forgeries(token: string, keySet: KeySet): Record<string, string> {
  const { header, claims, signed, signature } = readJwt(token);
  const [headerPart, claimsPart] = signed.split(".");
  const jwk = keySet.keys.find(({ kid }) => kid === header.kid);
  if (!jwk) throw new Error(`No key ${header.kid}`);
  const key = createPublicKey({ key: jwk, format: "jwk" });
  const own = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const ownJwk = { ...own.publicKey.export({ format: "jwk" }), kid: "own", alg: "ES256" };
  const big = generateKeyPairSync("ec", { namedCurve: "P-384" });
  const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 });

  const ownSigned = (more: Members) => signWith(own.privateKey, { ...header, ...more }, claims);
  const changed = (more: Members) =>
    `${headerPart}.${write({ ...claims, ...more })}.${signature.toString("base64url")}`;
  const hashed = (secret: string | Buffer) => {
    const text = `${write({ ...header, alg: "HS256" })}.${claimsPart}`;
    return `${text}.${createHmac("sha256", secret).update(text).digest("base64url")}`;
  };
  const signatureOf = (bytes: Buffer) => `${signed}.${bytes.toString("base64url")}`;
  const later = Math.floor(Date.now() / 1000) + 1_000_000;

  return {
    "without a signature": `${write({ ...header, alg: "none" })}.${claimsPart}.`,
    "without a signature, spelt None": `${write({ ...header, alg: "None" })}.${claimsPart}.`,
    "without a signature or key": `${write({ alg: "none", typ: "at+jwt" })}.${claimsPart}.`,
    "with another's signature and no algorithm": `${write({ ...header, alg: "none" })}.${claimsPart}.${signature.toString("base64url")}`,
    "without its algorithm": `${write({ ...header, alg: undefined })}.${claimsPart}.`,
    "with its signature left out": `${signed}.`,
    "with two parts": signed,
    "with five parts": `${token}.${claimsPart}.${claimsPart}`,
    "with the public key as a password": hashed(key.export({ type: "spki", format: "pem" })),
    "with the public key in bytes as a password": hashed(
      key.export({ type: "spki", format: "der" }),
    ),
    "with the published key as a password": hashed(JSON.stringify(jwk)),
    "with an empty password": hashed(""),
    "signed by another key": ownSigned({}),
    "signed by another key of its own name": ownSigned({ kid: "own" }),
    "signed by another key without a name": ownSigned({ kid: undefined }),
    "that brings its key along": ownSigned({ jwk: ownJwk }),
    "that brings its key along by the name of ours": ownSigned({
      jwk: { ...ownJwk, kid: header.kid },
    }),
    "that says where its key is": ownSigned({ jku: "https://evil.example/jwks.json", kid: "own" }),
    "that says where its certificate is": ownSigned({ x5u: "https://evil.example/own.pem" }),
    "whose key is a path": ownSigned({ kid: "../../../../dev/null" }),
    "whose key is a query": ownSigned({ kid: "' OR 1=1 --" }),
    "whose key is an object": ownSigned({ kid: { contains: "" } }),
    "whose key is everything's prototype": ownSigned({ kid: "__proto__" }),
    "signed with ES384": signWith(big.privateKey, { ...header, alg: "ES384" }, claims, "sha384"),
    "signed with RS256": signWith(rsa.privateKey, { ...header, alg: "RS256" }, claims),
    "with a signature of zeros": signatureOf(Buffer.alloc(64)),
    "with a signature of ones": signatureOf(Buffer.alloc(64, 0xff)),
    "with half a signature": signatureOf(signature.subarray(0, 32)),
    "with a longer signature": signatureOf(Buffer.concat([signature, Buffer.alloc(1)])),
    "with one bit of the signature turned": signatureOf(turnLastBit(signature)),
    "of somebody else": changed({ sub: "00000000-0000-7000-8000-000000000000" }),
    "that lives longer": changed({ exp: later }),
    "with more scopes": changed({ scope: "authenticated admin super" }),
    "with another session": changed({ sid: "00000000-0000-7000-8000-000000000000" }),
    "with another type": `${write({ ...header, typ: "JWT" })}.${claimsPart}.${signature.toString("base64url")}`,
    "with an order nobody knows": `${write({ ...header, crit: ["x"], x: 1 })}.${claimsPart}.${signature.toString("base64url")}`,
    "with claims that are none": `${headerPart}.${Buffer.from("null").toString("base64url")}.${signature.toString("base64url")}`,
    "with a header that is none": `${Buffer.from("[]").toString("base64url")}.${claimsPart}.${signature.toString("base64url")}`,
    "that is no text": `${Buffer.alloc(40, 0xff).toString("base64url")}.${claimsPart}.x`,
    "that is very long": `${headerPart}.${"A".repeat(6000)}.${signature.toString("base64url")}`,
  };
}

/** Gets an access token for whom a program's cookie signs in. Throws if there is none for them. */
export async function tokenFor(program: HttpClient): Promise<string> {
  const answer = await program.post("/token");
  if (answer.status !== 200) throw new Error(`POST /token: ${answer.status} ${answer.body}`);
  return (answer.json() as { access_token: string }).access_token;
}

/** The keys that a site publishes. */
export async function keysOf(program: HttpClient): Promise<KeySet> {
  const answer = await program.get("/.well-known/jwks.json");
  if (answer.status !== 200) throw new Error(`The keys: ${answer.status} ${answer.body}`);
  return answer.json() as KeySet;
}

/** What a request says that comes with an access token. */
export function bearing(token: string): SentHeaders {
  return { authorization: `Bearer ${token}` };
}

function signWith(key: KeyObject, header: Members, claims: Members, hash = "sha256"): string {
  const text = `${write(header)}.${write(claims)}`;
  const signature = sign(hash, Buffer.from(text), { key, dsaEncoding: "ieee-p1363" });
  return `${text}.${signature.toString("base64url")}`;
}

function turnLastBit(bytes: Buffer): Buffer {
  const turned = Buffer.from(bytes);
  turned.writeUInt8(turned.readUInt8(turned.length - 1) ^ 1, turned.length - 1);
  return turned;
}

function read(part: string): Members {
  const value: unknown = JSON.parse(Buffer.from(part, "base64url").toString("utf8"));
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new Error(`Not a JSON object: ${part}`);
  return value as Members;
}

function write(value: Members): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}
