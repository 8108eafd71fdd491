import { setTimeout as sleep } from "node:timers/promises";
import { isDriverAdapterError } from "@prisma/driver-adapter-utils";
import { seconds } from "../duration";
import { Prisma } from "./client/client";
import { database, type Transaction } from "./database";

/** How long a transaction is tried anew before the database counts as too busy. */
const patience = seconds(5);

/**
 * Does `work` in one transaction, all of it or nothing. On PostgreSQL others go on beside it: what is looked at in it stays so
 * only where a write holds it (`holdAccount`). Where it met another, it is undone and tried anew from its start, so `work` may
 * run several times, and must change nothing but the database.
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
      if (isCollision(error)) {
        // What another has made or removed just now is seen the second time. When it is not, the fault is our own.
        if (hasCollided) throw error;
        hasCollided = true;
      } else if (!isDeadlock(error)) throw error;
    }
    // At random, so that those who met do not meet again.
    await sleep(Math.random() * Math.min(2 ** attempt, 100));
  }
}

/** Of two who wait for each other PostgreSQL undoes one (40P01), in a query of Prisma's, one of ours, or the commit. */
function isDeadlock(error: unknown): boolean {
  if (isDriverAdapterError(error)) return error.cause.kind === "TransactionWriteConflict";
  if (!(error instanceof Prisma.PrismaClientKnownRequestError)) return false;
  return error.code === "P2034" || /\b(40001|40P01)\b/.test(error.message);
}

/** A value that must be unique is taken, a row that is pointed at is gone, or the row itself. */
function isCollision(error: unknown): boolean {
  return (
    error instanceof Prisma.PrismaClientKnownRequestError &&
    ["P2002", "P2003", "P2025"].includes(error.code)
  );
}
