import type { Transaction } from "@/lib/platform/database/database";
import { days } from "@/lib/platform/duration";

/** A browser that has not signed in for so long may be somebody else's by now. */
const knownFor = days(180);

/** Whether this browser has signed in to the account of this address lately. Never writes. */
export async function isKnownBrowser(
  store: Transaction,
  browserHash: string,
  email: string,
): Promise<boolean> {
  const known = await store.knownBrowser.findFirst({
    where: {
      browserHash,
      user: { email },
      lastSignedInAt: { gt: new Date(Date.now() - knownFor) },
    },
    select: { id: true },
  });
  return known !== null;
}

/** From now on this browser is one that has signed in to the account. */
export async function rememberBrowser(
  transaction: Transaction,
  userId: string,
  browserHash: string,
): Promise<void> {
  const lastSignedInAt = new Date();
  await transaction.knownBrowser.upsert({
    where: { browserHash_userId: { browserHash, userId } },
    create: { browserHash, userId, lastSignedInAt },
    update: { lastSignedInAt },
  });
}
