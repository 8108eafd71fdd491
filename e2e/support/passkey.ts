import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from "node:crypto";
import type { HttpAnswer, HttpClient } from "./http";
import type { Site } from "./site";

const asJson = { accept: "application/json" };

/** What a page can ask the site a passkey for. */
type PasskeyPurpose = "sign-in" | "second-factor" | "enrolment" | "step-up" | "new-passkey";

/** A passkey on a device that does what a test says, also what no honest device would do. */
export interface Passkey {
  readonly id: string;
  /** Answers a challenge that the site has given for a purpose; a form sends it as `passkey`. */
  answer(program: HttpClient, purpose: PasskeyPurpose, wishes?: AnswerWishes): Promise<string>;
}

interface AnswerWishes {
  /** Whether the device has asked for a finger, a face or a PIN; it has unless told. */
  isVerified?: boolean;
  /** What the browser says that it is at; the site unless told. */
  origin?: string;
  /** The site that the device takes it for; `localhost` unless told. */
  rpId?: string;
  /** Who signs; the passkey's own key unless told. */
  key?: KeyObject;
  /** How often the device says that it has been used; 0, as by those that do not count. */
  counter?: number;
}

/** A passkey as it comes into being, and what a form sends to have it stored. */
export interface NewPasskey {
  passkey: Passkey;
  answer: string;
}

/** Has a device make a passkey for whoever the site takes the program for (WebAuthn, 7.1). */
export async function makePasskey(
  program: HttpClient,
  site: Pick<Site, "url">,
  purpose: "new-passkey" | "enrolment" = "new-passkey",
  { isVerified = true, origin = site.url, rpId = "localhost" }: AnswerWishes = {},
): Promise<NewPasskey> {
  const options = await askOptions(program, purpose);
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const credential = randomBytes(32);
  const id = credential.toString("base64url");
  const data = Buffer.concat([
    authenticatorData({ rpId, isVerified, isNew: true }),
    Buffer.alloc(16),
    Buffer.from([0, credential.length]),
    credential,
    coseKey(publicKey),
  ]);
  const clientData = { type: "webauthn.create", challenge: options.challenge, origin };
  const answer = JSON.stringify({
    id,
    rawId: id,
    type: "public-key",
    clientExtensionResults: {},
    response: {
      clientDataJSON: Buffer.from(JSON.stringify(clientData)).toString("base64url"),
      attestationObject: attestation(data).toString("base64url"),
      transports: ["internal"],
    },
  });
  return { passkey: passkeyOf(site, id, privateKey, options.user?.id ?? ""), answer };
}

/** Adds a passkey to the account of who is signed in. */
export async function addPasskey(
  program: HttpClient,
  site: Pick<Site, "url">,
  name = "My phone",
): Promise<Passkey> {
  const { passkey, answer } = await makePasskey(program, site);
  const added = await program.post(
    "/account/two-factor/passkeys/add",
    { json: { passkey: answer, name } },
    asJson,
  );
  if (added.status >= 300) throw new Error(`passkeys/add: ${added.status} ${added.body}`);
  return passkey;
}

/** Signs in with a passkey alone. */
export async function signInByPasskey(
  program: HttpClient,
  passkey: Passkey,
  fields: Record<string, string> = {},
): Promise<HttpAnswer> {
  const answer = await passkey.answer(program, "sign-in");
  return program.post("/auth/passkey", { json: { passkey: answer, ...fields } }, asJson);
}

function passkeyOf(
  site: Pick<Site, "url">,
  id: string,
  privateKey: KeyObject,
  userHandle: string,
): Passkey {
  return {
    id,
    async answer(program, purpose, wishes = {}) {
      const {
        isVerified = true,
        origin = site.url,
        rpId = "localhost",
        key = privateKey,
        counter = 0,
      } = wishes;
      const { challenge } = await askOptions(program, purpose);
      const clientData = Buffer.from(JSON.stringify({ type: "webauthn.get", challenge, origin }));
      const data = authenticatorData({ rpId, isVerified, isNew: false, counter });
      const signed = Buffer.concat([data, createHash("sha256").update(clientData).digest()]);
      return JSON.stringify({
        id,
        rawId: id,
        type: "public-key",
        clientExtensionResults: {},
        response: {
          clientDataJSON: clientData.toString("base64url"),
          authenticatorData: data.toString("base64url"),
          signature: sign("sha256", signed, key).toString("base64url"),
          userHandle,
        },
      });
    },
  };
}

async function askOptions(
  program: HttpClient,
  purpose: PasskeyPurpose,
): Promise<{ challenge: string; user?: { id: string } }> {
  const answer = await program.post("/auth/passkey/options", { json: { for: purpose } }, asJson);
  if (answer.status !== 200) throw new Error(`options: ${answer.status} ${answer.body}`);
  return answer.json() as { challenge: string; user?: { id: string } };
}

/** WebAuthn, 6.1: whose it is, what the person did, and how often it has been used. */
function authenticatorData({
  rpId,
  isVerified,
  isNew,
  counter = 0,
}: {
  rpId: string;
  isVerified: boolean;
  isNew: boolean;
  counter?: number;
}): Buffer {
  const [isPresent, verified, holdsKey] = [0x01, 0x04, 0x40];
  const data = Buffer.alloc(37);
  createHash("sha256").update(rpId).digest().copy(data);
  data.writeUInt8(isPresent | (isVerified ? verified : 0) | (isNew ? holdsKey : 0), 32);
  data.writeUInt32BE(counter, 33);
  return data;
}

/** RFC 9053: a public key for ECDSA with SHA-256 on P-256, in CBOR. */
function coseKey(publicKey: KeyObject): Buffer {
  const { x = "", y = "" } = publicKey.export({ format: "jwk" });
  return Buffer.concat([
    Buffer.from([0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20]),
    Buffer.from(x, "base64url"),
    Buffer.from([0x22, 0x58, 0x20]),
    Buffer.from(y, "base64url"),
  ]);
}

/** An attestation of the format `none` (WebAuthn, 8.7), in CBOR. */
function attestation(data: Buffer): Buffer {
  const text = (words: string) => Buffer.from([0x60 | words.length, ...Buffer.from(words)]);
  return Buffer.concat([
    Buffer.from([0xa3]),
    text("fmt"),
    text("none"),
    text("attStmt"),
    Buffer.from([0xa0]),
    text("authData"),
    Buffer.from([0x58, data.length]),
    data,
  ]);
}
