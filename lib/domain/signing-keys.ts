import { randomUUID } from "node:crypto";
import { exportJWK, generateKeyPair, importJWK, type JWK } from "jose";
import type { SigningKey } from "@/lib/platform/database/client/client";
import { database } from "@/lib/platform/database/database";
import { inTransaction } from "@/lib/platform/database/transaction";
import { hours, minutes, seconds } from "@/lib/platform/duration";
import { environment } from "@/lib/platform/environment";
import { processWide } from "@/lib/platform/process-wide";
import { resealed, seal, unseal } from "@/lib/platform/secrets";

/** Elliptic curve P-256: what every language's libraries can verify (ASVS 11.2.3). */
export const algorithm = "ES256";
/** A new key is published for so long before it signs: whoever verifies keeps a copy of the keys for a while. */
const publishedAhead = minutes(10);
/** A process reads the keys anew after so long, or when a token names one that it does not know. */
const keptFor = minutes(1);
/** And at most so often for the sake of one, made up or new. */
const lookedFor = seconds(1);
/** A clock that is a little off, here or there. */
const tolerance = hours(1);

type Key = Awaited<ReturnType<typeof importJWK>>;
export type Signer = { kid: string; key: Key };
export type PublicKey = { kid: string; jwk: JWK };

type Ring = { readAt: number; keys: SigningKey[] };
const ring = processWide<{ current: Ring | null }>("signing-keys", () => ({ current: null }));

/** The key that signs now. The first token makes the first key. */
export async function currentSigner(): Promise<Signer> {
  const now = new Date();
  const isSigning = ({ signsFrom }: SigningKey) => signsFrom <= now;
  const key = (await readKeys()).find(isSigning) ?? (await makeFirstKey());
  const jwk: JWK = JSON.parse(unseal("signing key", key.sealedPrivate));
  return { kid: key.id, key: await importJWK(jwk, algorithm) };
}

/** The keys that verify, the newest first: those of tokens that may still live, and of tokens to come. */
export async function listPublicKeys(): Promise<PublicKey[]> {
  return (await readKeys()).map(({ id, publicJwk }) => ({ kid: id, jwk: JSON.parse(publicJwk) }));
}

/** The key with this `kid`, or null. One that was made a moment ago by another process is found, too. */
export async function findPublicKey(kid: string): Promise<PublicKey | null> {
  const find = (keys: PublicKey[]) => keys.find((key) => key.kid === kid) ?? null;
  const known = find(await listPublicKeys());
  if (known || !isStale(lookedFor)) return known;
  ring.current = null;
  return find(await listPublicKeys());
}

/**
 * Makes a new key, which signs once everybody can know it (the first one at once); the former ones go on verifying
 * until their last token has run out; then the sweep removes them.
 * @returns from when on it signs
 */
export async function rotateSigningKeys(): Promise<Date> {
  const isFirst = (await database().signingKey.count()) === 0;
  const signsFrom = new Date(Date.now() + (isFirst ? 0 : publishedAhead));
  await makeKey(signsFrom);
  return signsFrom;
}

/** Of those that several processes make at once, one stays: its id is always the same. */
async function makeFirstKey(): Promise<SigningKey> {
  return await makeKey(new Date(), "first");
}

async function makeKey(signsFrom: Date, id: string = randomUUID()): Promise<SigningKey> {
  const { publicKey, privateKey } = await generateKeyPair(algorithm, { extractable: true });
  const create = {
    id,
    sealedPrivate: seal("signing key", JSON.stringify(await exportJWK(privateKey))),
    publicJwk: JSON.stringify(await exportJWK(publicKey)),
    signsFrom,
  };
  const key = await inTransaction((transaction) =>
    transaction.signingKey.upsert({ where: { id }, create, update: {} }),
  );
  ring.current = null;
  return key;
}

/** Encrypts with the first secret what an older one has encrypted, before that one is given up. */
export async function resealKeys(): Promise<void> {
  for (const { id, sealedPrivate } of await database().signingKey.findMany()) {
    const resealedPrivate = resealed("signing key", sealedPrivate);
    if (resealedPrivate)
      await database().signingKey.updateMany({
        where: { id, sealedPrivate },
        data: { sealedPrivate: resealedPrivate },
      });
  }
}

/** One that a newer one has followed for as long as a token lives verifies nothing any more. */
export async function removeDeadKeys(): Promise<void> {
  const end = new Date(Date.now() - environment().accessTokenLifetime - tolerance);
  const [follower] = await database().signingKey.findMany({
    where: { signsFrom: { lte: end } },
    orderBy: [{ signsFrom: "desc" }, { id: "desc" }],
    take: 1,
  });
  if (!follower) return;
  const where = { signsFrom: { lt: follower.signsFrom } };
  const { count } = await database().signingKey.deleteMany({ where });
  if (count > 0) ring.current = null;
}

async function readKeys(): Promise<SigningKey[]> {
  if (ring.current && !isStale(keptFor)) return ring.current.keys;
  const keys = await database().signingKey.findMany({
    orderBy: [{ signsFrom: "desc" }, { id: "desc" }],
  });
  // That there is none yet is not remembered: another process may make the first at any moment.
  ring.current = keys.length > 0 ? { readAt: performance.now(), keys } : null;
  return keys;
}

function isStale(after: number): boolean {
  return !ring.current || performance.now() - ring.current.readAt > after;
}
