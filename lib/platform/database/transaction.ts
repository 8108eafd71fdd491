import { setTimeout as sleep } from "node:timers/promises";
import { isDriverAdapterError } from "@prisma/driver-adapter-utils";
import { seconds } from "../duration";
import { Prisma } from "./client/client";
import { database, type Transaction } from "./database";

/** How long a transaction is tried anew before the database counts as too busy. */
const patience = seconds(5);

/**
 * Does `work` in one transaction, all of it or nothing. Transactions are serialisable: one that looked at what another has
 * changed meanwhile is undone by PostgreSQL, and tried anew from its start. So `work` may run several times, and must
 * change nothing but the database.
 * @throws what `work` throws, and when the database does not answer
 */
export async function inTransaction<Result>(
  work: (transaction: Transaction) => Promise<Result>,
): Promise<Result> {
  const deadline = performance.now() + patience;
  let hasCollided = false;
  for (let attempt = 1; ; attempt++) {
    try {
      return await database().$transaction(work);
    } catch (error) {
      if (performance.now() > deadline) throw error;
      if (isUniqueViolation(error)) {
        // Of two who made the same thing at once, the second now finds it. When it does not, the fault is its own.
        if (hasCollided) throw error;
        hasCollided = true;
      } else if (!isConflict(error)) throw error;
    }
    // At random, so that those who met do not meet again.
    await sleep(Math.random() * Math.min(2 ** attempt, 100));
  }
}

/** PostgreSQL's 40001 and 40P01, from a query of Prisma's, one of ours, or the commit, which Prisma passes on as it is. */
function isConflict(error: unknown): boolean {
  if (isDriverAdapterError(error)) return error.cause.kind === "TransactionWriteConflict";
  if (!(error instanceof Prisma.PrismaClientKnownRequestError)) return false;
  return error.code === "P2034" || /\b(40001|40P01)\b/.test(error.message);
}

function isUniqueViolation(error: unknown): boolean {
  return error instanceof Prisma.PrismaClientKnownRequestError && error.code === "P2002";
}
