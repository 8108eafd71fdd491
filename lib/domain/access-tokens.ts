import { randomUUID } from "node:crypto";
import { errors, importJWK, jwtVerify, SignJWT } from "jose";
import { environment } from "@/lib/platform/environment";
import { listScopes } from "./scopes";
import { hasSecondFactor } from "./second-factor";
import { findSessionById, type SignedIn } from "./sessions";
import { algorithm, currentSigner, findPublicKey } from "./signing-keys";

/** RFC 9068 2.1: no other kind of token can be taken for it. */
const type = "at+jwt";

export type AccessToken = {
  token: string;
  /** In seconds. */
  expiresIn: number;
};

/**
 * A short-lived token that tells other services who somebody is (RFC 9068).
 * @returns null for a session that has not passed the second factor of its account
 */
export async function issueAccessToken({ session, user }: SignedIn): Promise<AccessToken | null> {
  if (!session.secondFactorAt && (await hasSecondFactor(user.id))) return null;
  const { siteUrl, accessTokenLifetime } = environment();
  const { kid, key } = await currentSigner();
  const issuedAt = Math.floor(Date.now() / 1000);
  const expiresIn = Math.max(1, Math.round(accessTokenLifetime / 1000));
  const scopes = await listScopes(user.id);
  const token = await new SignJWT({
    client_id: siteUrl.origin,
    sid: session.id,
    email: user.email,
    scope: scopes.join(" "),
  })
    .setProtectedHeader({ alg: algorithm, typ: type, kid })
    .setIssuer(siteUrl.origin)
    .setAudience(siteUrl.origin)
    .setSubject(user.id)
    .setJti(randomUUID())
    .setIssuedAt(issuedAt)
    .setNotBefore(issuedAt)
    .setExpirationTime(issuedAt + expiresIn)
    .sign(key);
  return { token, expiresIn };
}

/**
 * The session that an access token speaks for, while it lives: a token of an ended one opens nothing here (ASVS 7.4.1). Keys
 * come from the database alone, whatever the token's header points to, and no other algorithm is taken (ASVS 9.1.1 to 9.1.3).
 * @returns null for anything else
 * @throws when the database does not answer
 */
export async function findSessionOfToken(token: string): Promise<SignedIn | null> {
  const { origin } = environment().siteUrl;
  try {
    const { payload } = await jwtVerify(token, findKey, {
      algorithms: [algorithm],
      typ: type,
      issuer: origin,
      audience: origin,
      requiredClaims: ["sub", "sid", "exp", "nbf", "iat", "jti"],
      currentDate: new Date(),
    });
    const signedIn = await findSessionById(String(payload.sid));
    return signedIn?.user.id === payload.sub ? signedIn : null;
  } catch (error) {
    if (error instanceof errors.JOSEError) return null;
    throw error;
  }
}

async function findKey({ kid }: { kid?: string }) {
  const known = await findPublicKey(kid ?? "");
  if (!known) throw new errors.JWKSNoMatchingKey();
  return await importJWK(known.jwk, algorithm);
}
