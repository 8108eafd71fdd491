import type { Transaction } from "@/lib/platform/database/database";
import { days } from "@/lib/platform/duration";
import { hashToken } from "@/lib/platform/secrets";

/** Much longer than anything spent here works: a clock that is set back by less brings nothing to life again. */
const keptFor = days(2);

/**
 * Spends what works once and is stored nowhere else. Of any number of calls at once one wins (ASVS 6.5.1): the primary
 * key decides.
 * @param value what it is, whose, and its value
 * @returns false when it was spent before
 */
export async function spendOnce(transaction: Transaction, value: string): Promise<boolean> {
  const expiresAt = new Date(Date.now() + keptFor);
  const inserted = await transaction.$executeRaw`
    INSERT INTO "SpentValue" ("hash", "expiresAt") VALUES (${hashToken(value)}, ${expiresAt})
    ON CONFLICT ("hash") DO NOTHING`;
  return inserted === 1;
}
