import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  hkdfSync,
  randomBytes,
  randomInt,
  timingSafeEqual,
} from "node:crypto";
import { environment } from "./environment";

/** What a derived key is for. Keys of two purposes tell nothing about each other. */
type Purpose =
  | "mail content"
  | "sign-in code"
  | "mail stop"
  | "paused act"
  | "message draft"
  | "security notice"
  | "address code"
  | "address undo"
  | "totp secret"
  | "signing key"
  | "passkey challenge"
  | "recovery codes"
  | "inner request"
  | "server action";

/** 256 random bits, safe in URLs and cookies (ASVS 7.2.3 asks for 128). */
export function randomToken(): string {
  return randomBytes(32).toString("base64url");
}

/** Six random digits, each of the million equally likely (ASVS 6.5.4 asks for 20 bits: this is 19.9, with five tries). */
export function randomCode(): string {
  return randomInt(1_000_000).toString().padStart(6, "0");
}

/**
 * Two random digits that nothing but a person who sees them can know. 10, 11, 12 and 99 are left out: they are what
 * machines type first that fill in every field they find; a number below would be typed without its zero.
 */
export function randomNumber(): number {
  return randomInt(13, 99);
}

/** What is kept of a random token: too long to be found by trying, so a plain hash is enough (ASVS 6.5.2). */
export function hashToken(token: string): string {
  return createHash("sha256").update(token).digest("base64url");
}

/** Compares in constant time, whatever their lengths (ASVS 11.2.4). */
export function isSameSecret(one: string, other: string): boolean {
  const [first, second] = [one, other].map((text) => createHash("sha256").update(text).digest());
  return first !== undefined && second !== undefined && timingSafeEqual(first, second);
}

/** What is kept of a short secret: without the key, the few possible values cannot be tried. */
export function keyedHash(purpose: Purpose, text: string): string {
  return hmac(environment().authSecrets[0], purpose, text).toString("base64url");
}

/** Compares in constant time (ASVS 11.2.4), with every secret that is still accepted. */
export function matchesKeyedHash(purpose: Purpose, text: string, hash: string): boolean {
  const expected = Buffer.from(hash, "base64url");
  return environment()
    .authSecrets.map((secret) => hmac(secret, purpose, text))
    .some((actual) => actual.length === expected.length && timingSafeEqual(actual, expected));
}

/** The secret of a link about a row of the database: only a mail carries it, and nothing of it is stored. */
export function signedId(purpose: Purpose, id: string): string {
  return `${id}.${keyedHash(purpose, id)}`;
}

/** The id in such a secret, or null when it is not one of ours. */
export function readSignedId(purpose: Purpose, token: string): string | null {
  const [id = "", hash = ""] = token.split(".");
  return matchesKeyedHash(purpose, id, hash) ? id : null;
}

/** Encrypts with AES-256-GCM and the first secret. */
export function seal(purpose: Purpose, text: string): string {
  const nonce = randomBytes(12);
  const cipher = createCipheriv(
    "aes-256-gcm",
    deriveKey(environment().authSecrets[0], purpose),
    nonce,
  );
  const encrypted = Buffer.concat([cipher.update(text, "utf8"), cipher.final()]);
  return Buffer.concat([nonce, cipher.getAuthTag(), encrypted]).toString("base64url");
}

/**
 * Decrypts what `seal` made, with any secret that is still accepted.
 * @throws when no secret fits: it was made with another `AUTH_SECRET`, or changed
 */
export function unseal(purpose: Purpose, sealed: string): string {
  for (const secret of environment().authSecrets) {
    const text = open(secret, purpose, sealed);
    if (text !== null) return text;
  }
  throw new Error(
    `A stored ${purpose} fits no AUTH_SECRET; put the one that made it back, after the new one`,
  );
}

/** Null when another secret made it, or somebody changed it. */
function open(secret: string, purpose: Purpose, sealed: string): string | null {
  const bytes = Buffer.from(sealed, "base64url");
  try {
    const key = deriveKey(secret, purpose);
    const options = { authTagLength: 16 };
    const decipher = createDecipheriv("aes-256-gcm", key, bytes.subarray(0, 12), options);
    decipher.setAuthTag(bytes.subarray(12, 28));
    return decipher.update(bytes.subarray(28), undefined, "utf8") + decipher.final("utf8");
  } catch {
    return null;
  }
}

/**
 * The same content encrypted with the first secret, for what is kept longer than a secret may be; null when it is already.
 * @throws as `unseal`
 */
export function resealed(purpose: Purpose, sealed: string): string | null {
  const text = unseal(purpose, sealed);
  const isCurrent = open(environment().authSecrets[0], purpose, sealed) !== null;
  return isCurrent ? null : seal(purpose, text);
}

/** What Next encrypts the closures of server actions with: the same in every process, build and machine of the site. */
export function serverActionKey(): string {
  return deriveKey(environment().authSecrets[0], "server action").toString("base64");
}

function hmac(secret: string, purpose: Purpose, text: string): Buffer {
  return createHmac("sha256", deriveKey(secret, purpose)).update(text).digest();
}

const derivedKeys = new Map<string, Buffer>();

function deriveKey(secret: string, purpose: Purpose): Buffer {
  const name = `${purpose}:${secret}`;
  const key =
    derivedKeys.get(name) ?? Buffer.from(hkdfSync("sha256", secret, "", `latchkey ${purpose}`, 32));
  derivedKeys.set(name, key);
  return key;
}
