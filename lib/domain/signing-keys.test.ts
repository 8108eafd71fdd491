import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { database } from "@/lib/platform/database/database";
import { prepareTestDatabase } from "@/lib/platform/database/test-database";
import { hours, minutes, seconds } from "@/lib/platform/duration";
import { processWide } from "@/lib/platform/process-wide";
import { unseal } from "@/lib/platform/secrets";
import {
  currentSigner,
  findPublicKey,
  listPublicKeys,
  removeDeadKeys,
  rotateSigningKeys,
} from "./signing-keys";
import { sweep } from "./sweep";

await prepareTestDatabase();
const authSecret = process.env.AUTH_SECRET ?? "";
const now = new Date("2030-01-01T10:42:00Z");
const tokenLifetime = minutes(5);

beforeEach(async () => {
  // A process reads the keys anew after a time that it measures by its own clock.
  vi.useFakeTimers({ toFake: ["Date", "performance"] });
  vi.setSystemTime(now);
  await database().signingKey.deleteMany();
  goToAnotherProcess();
});
afterEach(() => vi.useRealTimers());

describe("the first use", () => {
  test("makes a key, which signs at once and is published", async () => {
    expect(await listPublicKeys()).toEqual([]);
    const { kid } = await currentSigner();
    expect(await kids()).toEqual([kid]);
    expect((await currentSigner()).kid).toBe(kid);
    expect(await database().signingKey.findMany()).toMatchObject([{ id: kid, signsFrom: now }]);
  });

  test("makes none that another process has made", async () => {
    const { kid } = await currentSigner();
    goToAnotherProcess();
    expect((await currentSigner()).kid).toBe(kid);
    expect(await database().signingKey.count()).toBe(1);
  });

  test("twenty times at once signs with keys that are all known", async () => {
    const signers = await Promise.all(Array.from({ length: 20 }, currentSigner));
    for (const { kid } of signers) expect((await findPublicKey(kid))?.kid).toBe(kid);
  });

  test("twenty times at once makes one key", async () => {
    await Promise.all(Array.from({ length: 20 }, currentSigner));
    expect(await database().signingKey.count()).toBe(1);
  });
});

describe("a key", () => {
  test("is one of the curve P-256", async () => {
    await currentSigner();
    expect(await listPublicKeys()).toMatchObject([{ jwk: { kty: "EC", crv: "P-256" } }]);
  });

  test("shows no private member to the public", async () => {
    await currentSigner();
    const [published] = await listPublicKeys();
    expect(Object.keys(published?.jwk ?? {}).toSorted()).toEqual(["crv", "kty", "x", "y"]);
    const { publicJwk } = await database().signingKey.findFirstOrThrow();
    expect(JSON.parse(publicJwk)).toEqual(published?.jwk);
  });

  test("is encrypted at rest", async () => {
    await currentSigner();
    const row = await database().signingKey.findFirstOrThrow();
    const { d, ...jwk } = JSON.parse(unseal("signing key", row.sealedPrivate));
    expect(Buffer.from(d, "base64url")).toHaveLength(32);
    expect(jwk).toEqual(JSON.parse(row.publicJwk));
    expect(JSON.stringify(row)).not.toContain(d);
    expect(row.sealedPrivate).not.toContain(Buffer.from('"d":').toString("base64url"));
    expect(() => unseal("totp secret", row.sealedPrivate)).toThrow("AUTH_SECRET");
  });

  test("is read with a former AUTH_SECRET, and not without it", async () => {
    const { kid } = await currentSigner();
    const another = "another secret of 32 characters or more";
    const both = await siteWith(`${another},${authSecret}`);
    expect((await both.currentSigner()).kid).toBe(kid);
    const one = await siteWith(another);
    await expect(one.currentSigner()).rejects.toThrow("fits no AUTH_SECRET");
    expect(await database().signingKey.count()).toBe(1);
    vi.unstubAllEnvs();
    vi.resetModules();
  });

  test("that nobody made is not found", async () => {
    await currentSigner();
    later(minutes(1));
    for (const kid of ["", "made-up", "' OR 1=1 --", "x".repeat(10_000)])
      expect(await findPublicKey(kid), kid.slice(0, 20)).toBeNull();
  });

  test("that another process has made is found within a second, and listed within a minute", async () => {
    await currentSigner();
    expect(await kids()).toHaveLength(1);
    const kid = await addKeyElsewhere();
    later(seconds(1) + 1);
    expect((await findPublicKey(kid))?.kid).toBe(kid);
    const next = await addKeyElsewhere();
    later(minutes(1) + 1);
    expect(await kids()).toContain(next);
  });

  test("that is made up does not make the database read each time", async () => {
    await currentSigner();
    await kids();
    const asked = vi.spyOn(database().signingKey, "findMany");
    for (let count = 0; count < 20; count++) await findPublicKey("made-up");
    expect(asked).not.toHaveBeenCalled();
    asked.mockRestore();
  });

  test("is not held for missing when the database is away", async () => {
    await currentSigner();
    goToAnotherProcess();
    await database().$executeRaw`ALTER TABLE "SigningKey" RENAME TO "Away"`;
    await expect(findPublicKey("any")).rejects.toThrow();
    await expect(currentSigner()).rejects.toThrow();
    await database().$executeRaw`ALTER TABLE "Away" RENAME TO "SigningKey"`;
    expect(await kids()).toHaveLength(1);
  });
});

describe("rotation", () => {
  test("publishes a new key at once, which signs ten minutes later", async () => {
    const { kid: old } = await currentSigner();
    const signsFrom = await rotateSigningKeys();
    expect(signsFrom).toEqual(new Date(now.getTime() + minutes(10)));
    const [fresh, ...others] = await kids();
    expect(others).toEqual([old]);
    expect(fresh).not.toBe(old);
    later(minutes(10) - 1);
    expect((await currentSigner()).kid).toBe(old);
    later(1);
    expect((await currentSigner()).kid).toBe(fresh);
  });

  test("is seen by the other processes by the time at which it counts", async () => {
    const { kid: old } = await currentSigner();
    expect(await kids()).toEqual([old]);
    const fresh = await addKeyElsewhere(minutes(10));
    expect(await kids()).toEqual([old]);
    later(minutes(10));
    expect((await currentSigner()).kid).toBe(fresh);
    expect(await kids()).toEqual([fresh, old]);
  });

  test("leaves the old key until the last token of it has run out", async () => {
    const { kid: old } = await currentSigner();
    await rotateSigningKeys();
    later(minutes(10) + tokenLifetime);
    await sweep();
    goToAnotherProcess();
    expect((await findPublicKey(old))?.kid).toBe(old);
  });

  test("lets the old key go when the last token of it has run out, and the hour for clocks that are off", async () => {
    const { kid: old } = await currentSigner();
    await rotateSigningKeys();
    const [fresh] = await kids();
    later(minutes(10) + tokenLifetime + hours(1) + minutes(1));
    // What a site does every minute: nobody has to rotate once more for it.
    await sweep();
    goToAnotherProcess();
    expect(await findPublicKey(old)).toBeNull();
    expect(await kids()).toEqual([fresh]);
  });

  test("removes those whose last token has run out, and no others", async () => {
    const { kid: first } = await currentSigner();
    await rotateSigningKeys();
    const [second] = await kids();
    later(minutes(10) + tokenLifetime + hours(1) - 1);
    await rotateSigningKeys();
    expect(await kids()).toHaveLength(3);
    await removeDeadKeys();
    expect(await kids()).toHaveLength(3);
    later(1);
    await removeDeadKeys();
    const left = await kids();
    expect(left).toHaveLength(2);
    expect(left).not.toContain(first);
    expect((await currentSigner()).kid).toBe(second);
  });

  test("again and again leaves every key of which a token may live, and one that signs", async () => {
    const { kid: first } = await currentSigner();
    for (let count = 0; count < 3; count++) await rotateSigningKeys();
    expect(await kids()).toHaveLength(4);
    expect((await currentSigner()).kid).toBe(first);
    later(minutes(10));
    const [newest] = await kids();
    expect((await currentSigner()).kid).toBe(newest);
  });

  test("before the first token makes the key that signs it: nobody has another one yet", async () => {
    await rotateSigningKeys();
    expect([(await currentSigner()).kid]).toEqual(await kids());
  });
});

async function kids(): Promise<string[]> {
  return (await listPublicKeys()).map(({ kid }) => kid);
}

/** A key of another process: this one hears of it when it reads the keys again. */
async function addKeyElsewhere(signsIn = 0): Promise<string> {
  const { id: _, ...key } = await database().signingKey.findFirstOrThrow();
  const signsFrom = new Date(Date.now() + signsIn);
  return (await database().signingKey.create({ data: { ...key, signsFrom } })).id;
}

/** What this process has read is forgotten. */
function goToAnotherProcess() {
  processWide<{ current: unknown }>("signing-keys", () => ({ current: null })).current = null;
}

async function siteWith(secrets: string) {
  vi.resetModules();
  vi.stubEnv("AUTH_SECRET", secrets);
  return await import("./signing-keys");
}

function later(milliseconds: number) {
  vi.advanceTimersByTime(milliseconds);
}
