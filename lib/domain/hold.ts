import type { Transaction } from "@/lib/platform/database/database";

/**
 * Whoever else changes this account waits until this transaction is over, so that what is looked at in it stays so. The first
 * write of such a transaction, which changes nothing: the database then waits for other writers instead of failing.
 * @returns false when the account is gone
 */
export async function holdAccount(transaction: Transaction, id: string): Promise<boolean> {
  const { count } = await transaction.user.updateMany({ where: { id }, data: { id } });
  return count === 1;
}
