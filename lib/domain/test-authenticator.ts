import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from "node:crypto";

/** For tests: a security key of the P-256 kind, made of nothing but WebAuthn's text and node:crypto. */
export type Authenticator = {
  credentialId: Buffer;
  privateKey: KeyObject;
  /** The public key as COSE has it (RFC 9053 7.1.1). */
  coseKey: Buffer;
  counter: number;
  /** Whom it was made for: it says so with each answer. */
  userHandle: string | null;
};

/** What somebody who cheats says differently. */
type Said = {
  challenge: string;
  origin?: string;
  rpId?: string;
  type?: string;
  counter?: number;
  isPresent?: boolean;
  isVerified?: boolean;
  userHandle?: string | null;
  fmt?: string;
};

const site = "https://example.org";
const present = 0x01;
const verified = 0x04;
const attested = 0x40;

export function newAuthenticator(userHandle: string | null = null): Authenticator {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const { x = "", y = "" } = publicKey.export({ format: "jwk" });
  const [kty, alg, crv] = [
    [1, 2],
    [3, -7],
    [-1, 1],
  ] as const;
  const point = [
    [-2, Buffer.from(x, "base64url")],
    [-3, Buffer.from(y, "base64url")],
  ] as const;
  const coseKey = cbor(new Map<number, Cbor>([kty, alg, crv, ...point]));
  return { credentialId: randomBytes(16), privateKey, coseKey, counter: 0, userHandle };
}

/** What it answers when it is asked to make a passkey (WebAuthn 6.5), as the browser writes it down. */
export function makePasskey(authenticator: Authenticator, said: Said): string {
  const { credentialId, coseKey } = authenticator;
  const idLength = Buffer.alloc(2);
  idLength.writeUInt16BE(credentialId.length);
  const aaguid = Buffer.alloc(16);
  const made = Buffer.concat([aaguid, idLength, credentialId, coseKey]);
  const authData = Buffer.concat([authenticatorData(authenticator, said, attested), made]);
  const attestationObject = cbor(
    new Map<string, Cbor>([
      ["fmt", said.fmt ?? "none"],
      ["attStmt", new Map()],
      ["authData", authData],
    ]),
  );
  return publicKeyCredential(authenticator, {
    clientDataJSON: clientData("webauthn.create", said).toString("base64url"),
    attestationObject: attestationObject.toString("base64url"),
    transports: ["internal", "hybrid"],
  });
}

/** What it answers when it is asked to prove that it is there (WebAuthn 6.3.3). */
export function answerWith(authenticator: Authenticator, said: Said): string {
  const authData = authenticatorData(authenticator, said, 0);
  const data = clientData("webauthn.get", said);
  const signed = Buffer.concat([authData, sha256(data)]);
  const { userHandle = authenticator.userHandle } = said;
  return publicKeyCredential(authenticator, {
    clientDataJSON: data.toString("base64url"),
    authenticatorData: authData.toString("base64url"),
    signature: sign("sha256", signed, authenticator.privateKey).toString("base64url"),
    ...(userHandle !== null && { userHandle: Buffer.from(userHandle).toString("base64url") }),
  });
}

/** The columns that a stored passkey of it has. */
export function storedPasskey({ credentialId, coseKey, counter }: Authenticator) {
  return {
    credentialId: credentialId.toString("base64url"),
    publicKey: coseKey.toString("base64url"),
    counter: BigInt(counter),
    transports: "internal,hybrid",
    name: "Ann's key",
  };
}

function publicKeyCredential({ credentialId }: Authenticator, response: object): string {
  const id = credentialId.toString("base64url");
  return JSON.stringify({
    id,
    rawId: id,
    type: "public-key",
    clientExtensionResults: {},
    response,
  });
}

/** WebAuthn 6.1. */
function authenticatorData({ counter }: Authenticator, said: Said, extra: number): Buffer {
  const { rpId = "example.org", isPresent = true, isVerified = true } = said;
  const flags = (isPresent ? present : 0) | (isVerified ? verified : 0) | extra;
  const count = Buffer.alloc(4);
  count.writeUInt32BE(said.counter ?? counter);
  return Buffer.concat([sha256(Buffer.from(rpId)), Buffer.from([flags]), count]);
}

/** WebAuthn 5.8.1. */
function clientData(type: string, said: Said): Buffer {
  const { challenge, origin = site } = said;
  return Buffer.from(
    JSON.stringify({ type: said.type ?? type, challenge, origin, crossOrigin: false }),
  );
}

function sha256(data: Buffer): Buffer {
  return createHash("sha256").update(data).digest();
}

type Cbor = number | string | Buffer | Map<number | string, Cbor>;

/** As much of RFC 8949 as is needed here. */
function cbor(value: Cbor): Buffer {
  if (typeof value === "number") return value >= 0 ? head(0, value) : head(1, -1 - value);
  if (typeof value === "string") {
    const text = Buffer.from(value);
    return Buffer.concat([head(3, text.length), text]);
  }
  if (Buffer.isBuffer(value)) return Buffer.concat([head(2, value.length), value]);
  const entries = [...value].flatMap(([key, item]) => [cbor(key), cbor(item)]);
  return Buffer.concat([head(5, value.size), ...entries]);
}

function head(major: number, length: number): Buffer {
  if (length < 24) return Buffer.from([(major << 5) | length]);
  if (length < 256) return Buffer.from([(major << 5) | 24, length]);
  return Buffer.from([(major << 5) | 25, length >> 8, length & 255]);
}
