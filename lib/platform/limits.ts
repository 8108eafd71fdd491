import { RateLimiterPrisma, RateLimiterRes } from "rate-limiter-flexible";
import type { Transaction } from "./database/database";
import { hashToken } from "./secrets";

/** How often something may be done. */
export type Limit = {
  name: string;
  times: number;
  /** The window that opens with the first time, in milliseconds. */
  within: number;
  /** How long to wait once the limit is passed, in milliseconds; without it, until the window ends. */
  pause?: number;
};

/** It has been done too often. */
export class LimitReached extends Error {
  override name = "LimitReached";
  constructor(
    readonly limit: Limit,
    readonly retryAt: Date,
  ) {
    super(`Limit reached: ${limit.name}, until ${retryAt.toISOString()}`);
  }
}

/**
 * Counts once more, in the database: the limit holds across processes and restarts, and of any number at once no more
 * get through than it allows. In a transaction that is undone, nothing has been counted.
 * @param key whose times are counted; kept as a hash, since it often names a person
 * @throws {LimitReached}
 */
export async function countAgainst(store: Transaction, limit: Limit, key: string): Promise<void> {
  try {
    await limiterOf(store, limit).consume(hashToken(key));
  } catch (reason) {
    if (!(reason instanceof RateLimiterRes)) throw reason;
    throw new LimitReached(limit, new Date(Date.now() + reason.msBeforeNext));
  }
}

/** Counts once more and refuses nothing: for what is allowed in any case, and counts against others all the same. */
export async function countRegardless(store: Transaction, limit: Limit, key: string) {
  await limiterOf(store, limit).penalty(hashToken(key));
}

/** Those of these limits that are reached by now, in one read. */
export async function peekLimits(
  store: Transaction,
  counted: [limit: Limit, key: string][],
): Promise<LimitReached[]> {
  const byKey = new Map(
    counted.map(([limit, key]) => [limiterOf(store, limit).getKey(hashToken(key)), limit]),
  );
  const found = await store.limitCount.findMany({
    where: { key: { in: [...byKey.keys()] }, expire: { gt: new Date() } },
  });
  return found.flatMap(({ key, points, expire }) => {
    const limit = byKey.get(key);
    return limit && expire && points >= limit.times ? [new LimitReached(limit, expire)] : [];
  });
}

/** Takes one time back. */
export async function countBack(store: Transaction, limit: Limit, key: string): Promise<void> {
  await limiterOf(store, limit).reward(hashToken(key));
}

/** Holds no state: all of it is in the database. Made anew because it must count inside the caller's transaction. */
function limiterOf(store: Transaction, { name, times, within, pause }: Limit): RateLimiterPrisma {
  return new RateLimiterPrisma({
    storeClient: store,
    tableName: "limitCount",
    keyPrefix: name,
    points: times,
    duration: within / 1000,
    blockDuration: (pause ?? 0) / 1000,
    clearExpiredByTimeout: false,
  });
}
