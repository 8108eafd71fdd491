import {
  type AuthenticationResponseJSON,
  generateAuthenticationOptions,
  generateRegistrationOptions,
  type RegistrationResponseJSON,
  verifyAuthenticationResponse,
  verifyRegistrationResponse,
} from "@simplewebauthn/server";
import { z } from "zod";
import type { Passkey, User } from "@/lib/platform/database/client/client";
import { database, type Transaction } from "@/lib/platform/database/database";
import { inTransaction } from "@/lib/platform/database/transaction";
import { environment } from "@/lib/platform/environment";
import { log } from "@/lib/platform/log";
import { recordEvent } from "./audit";
import { newChallenge, readChallenge } from "./challenge";
import type { Client } from "./client";
import { isName, tidyName } from "./name";

/** How long a person may take to find their key, in milliseconds: what the browser is asked to allow. */
const timeout = 300_000;
/** More passkeys than anybody has devices. */
export const mostPasskeys = 20;
/** How long a passkey's name may be, in UTF-16 units as forms count them. */
export const longestPasskeyName = 60;

/** A passkey that has answered rightly. Its challenge and its counter have not been spent yet. */
export type PasskeyProof = {
  kind: "passkey";
  id: string;
  challenge: string;
  formerCounter: bigint;
  counter: bigint;
};

/** A passkey that an authenticator has made, and that is not stored yet. */
export type NewPasskey = Pick<Passkey, "credentialId" | "publicKey" | "counter" | "transports"> & {
  challenge: string;
};

const base64url = z
  .string()
  .regex(/^[\w-]+$/)
  .max(16_384);
const credential = {
  id: base64url,
  rawId: base64url,
  type: z.literal("public-key"),
  clientExtensionResults: z.looseObject({}).default({}),
};
const assertion = z.object({
  ...credential,
  response: z.object({
    clientDataJSON: base64url,
    authenticatorData: base64url,
    signature: base64url,
    // Empty from an authenticator that keeps none.
    userHandle: base64url.or(z.literal("")).optional(),
  }),
});
const attestation = z.object({
  ...credential,
  response: z.object({
    clientDataJSON: base64url,
    attestationObject: base64url,
    transports: z
      .array(z.string().regex(/^[a-z-]{1,30}$/))
      .max(10)
      .default([]),
  }),
});

/** Passkeys belong to a name; browsers make none for a bare network address (WebAuthn 5.1.2). */
export function canHavePasskeys(): boolean {
  const { hostname } = environment().siteUrl;
  return !/^(\d+\.){3}\d+$|^\[/.test(hostname);
}

/** What a browser asks any authenticator for, where nobody has said yet who they are. */
export async function offerSignIn(subject: string) {
  return await generateAuthenticationOptions({
    ...offer(subject),
    rpID: environment().siteUrl.hostname,
    // Alone, it has to be two factors: the key, and the finger or PIN that unlocks it.
    userVerification: "required",
  });
}

/** What a browser asks the authenticators of one person for. */
export async function offerFactor(subject: string, userId: string) {
  const passkeys = await listUsable(userId);
  return await generateAuthenticationOptions({
    ...offer(subject),
    rpID: environment().siteUrl.hostname,
    allowCredentials: passkeys.map(descriptor),
    userVerification: "preferred",
  });
}

/** What a browser asks an authenticator to make. */
export async function offerRegistration(
  subject: string,
  user: Pick<User, "id" | "emailTyped" | "name">,
) {
  const { siteName, siteUrl } = environment();
  const passkeys = await database().passkey.findMany({ where: { userId: user.id } });
  return await generateRegistrationOptions({
    ...offer(subject),
    rpName: siteName,
    rpID: siteUrl.hostname,
    userID: new Uint8Array(Buffer.from(user.id)),
    userName: user.emailTyped,
    userDisplayName: user.name ?? user.emailTyped,
    attestationType: "none",
    excludeCredentials: passkeys.map(descriptor),
    // Preferred, so that a security key without room or PIN can still be a second factor.
    authenticatorSelection: { residentKey: "preferred", userVerification: "preferred" },
  });
}

function offer(subject: string) {
  return { challenge: new Uint8Array(Buffer.from(newChallenge(subject))), timeout };
}

function descriptor({ credentialId, transports }: Passkey) {
  return { id: credentialId, transports: transports.split(",").filter(Boolean) };
}

async function listUsable(userId: string): Promise<Passkey[]> {
  return await database().passkey.findMany({ where: { userId, deniedAt: null } });
}

/**
 * Checks what a passkey has answered: origin, site, challenge, signature, counter (WebAuthn 7.2).
 * @param text the browser's `PublicKeyCredential` as JSON
 * @param subject what the challenge was made for
 * @param isAlone whether it is the only proof: then its person must have been verified
 * @returns null for anything that is not right, without saying what: it is written to the log
 */
export async function provePasskey(
  text: string,
  subject: string,
  isAlone: boolean,
): Promise<{ user: User; proof: PasskeyProof } | null> {
  const response = parse(assertion, text);
  if (!response) return null;
  const passkey = await database().passkey.findUnique({
    where: { credentialId: response.id, deniedAt: null },
    include: { user: true },
  });
  // Where nobody has said who they are, the passkey has to (WebAuthn 7.2, step 6).
  const { userHandle = "" } = response.response;
  const isTheirs = userHandle ? readUserHandle(userHandle) === passkey?.userId : !isAlone;
  if (!passkey || !isTheirs) return null;
  try {
    const { siteUrl } = environment();
    const { verified, authenticationInfo } = await verifyAuthenticationResponse({
      // What is absent is undefined after parsing, which the type of the package does not allow for.
      response: response as AuthenticationResponseJSON,
      expectedChallenge: (challenge) => readChallenge(subject, challenge) !== null,
      expectedOrigin: siteUrl.origin,
      expectedRPID: siteUrl.hostname,
      requireUserVerification: isAlone,
      credential: {
        id: passkey.credentialId,
        publicKey: new Uint8Array(Buffer.from(passkey.publicKey, "base64url")),
        counter: Number(passkey.counter),
      },
    });
    if (!verified) return null;
    const proof: PasskeyProof = {
      kind: "passkey",
      id: passkey.id,
      challenge: challengeOf(response),
      formerCounter: passkey.counter,
      counter: BigInt(authenticationInfo.newCounter),
    };
    return { user: passkey.user, proof };
  } catch (error) {
    noteRefusal(error);
    return null;
  }
}

/**
 * Checks what an authenticator has made (WebAuthn 7.1).
 * @returns null for anything that is not right
 */
export async function readNewPasskey(text: string, subject: string): Promise<NewPasskey | null> {
  const response = parse(attestation, text);
  if (!response) return null;
  try {
    const { siteUrl } = environment();
    const { verified, registrationInfo } = await verifyRegistrationResponse({
      response: response as RegistrationResponseJSON,
      expectedChallenge: (challenge) => readChallenge(subject, challenge) !== null,
      expectedOrigin: siteUrl.origin,
      expectedRPID: siteUrl.hostname,
      requireUserVerification: false,
    });
    if (!verified) return null;
    const { credential: made } = registrationInfo;
    return {
      credentialId: made.id,
      publicKey: Buffer.from(made.publicKey).toString("base64url"),
      counter: BigInt(made.counter),
      transports: (response.response.transports ?? []).join(","),
      challenge: challengeOf(response),
    };
  } catch (error) {
    noteRefusal(error);
    return null;
  }
}

function parse<Shape>(shape: z.ZodType<Shape>, text: string): Shape | null {
  try {
    return shape.parse(JSON.parse(text));
  } catch (error) {
    noteRefusal(error);
    return null;
  }
}

function readUserHandle(userHandle: string): string {
  return Buffer.from(userHandle, "base64url").toString();
}

function challengeOf({ response }: { response: { clientDataJSON: string } }): string {
  const data: unknown = JSON.parse(Buffer.from(response.clientDataJSON, "base64url").toString());
  return z.object({ challenge: base64url }).parse(data).challenge;
}

function noteRefusal(error: unknown): void {
  log().warn({ reason: error instanceof Error ? error.message : "" }, "passkey refused");
}

/** The passkeys of an account, those first that were made first; also those that have been put out of use. */
export async function listPasskeys(userId: string): Promise<Passkey[]> {
  return await database().passkey.findMany({ where: { userId }, orderBy: { id: "asc" } });
}

/** A name as it can be kept, or null when it is empty, too long, or holds what cannot be seen. */
export function readPasskeyName(typed: string): string | null {
  const name = tidyName(typed);
  return isName(name, longestPasskeyName) ? name : null;
}

/** @returns false when this person has no such passkey */
export async function renamePasskey(
  userId: string,
  id: string,
  name: string,
  client: Client,
): Promise<boolean> {
  return await inTransaction(async (transaction) => {
    const { count } = await transaction.passkey.updateMany({
      where: { id, userId },
      data: { name },
    });
    if (count !== 1) return false;
    await recordEvent(transaction, {
      type: "user_updated",
      userId,
      actor: userId,
      client,
      details: { field: "second-factor", act: "passkey-renamed" },
    });
    return true;
  });
}

/** "This wasn't me": it opens nothing any more. The account goes on asking for a second factor. */
export async function denyPasskey(
  transaction: Transaction,
  userId: string,
  id: string,
): Promise<void> {
  await transaction.passkey.updateMany({
    where: { id, userId, deniedAt: null },
    data: { deniedAt: new Date() },
  });
}
