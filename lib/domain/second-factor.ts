import type { User } from "@/lib/platform/database/client/client";
import { database, type Transaction } from "@/lib/platform/database/database";
import { environment } from "@/lib/platform/environment";
import { hasScope, isConfiguredAdmin, listScopes } from "./scopes";

/** What an account has for a second factor. */
export async function listFactors(userId: string) {
  const [totp, passkeys, recoveryCodes] = await Promise.all([
    database().totp.findUnique({ where: { userId }, select: { createdAt: true } }),
    database().passkey.count({ where: { userId, deniedAt: null } }),
    database().recoveryCode.count({ where: { userId } }),
  ]);
  return { appSince: totp?.createdAt ?? null, passkeys, recoveryCodes };
}

/** Whether an account asks for a second factor; also when the only one has been put out of use. */
export async function hasSecondFactor(
  userId: string,
  store: Transaction = database(),
): Promise<boolean> {
  const where = { userId };
  return (
    (await store.totp.count({ where })) > 0 || (await store.passkey.count({ where, take: 1 })) > 0
  );
}

/** Whether the site asks this person to have a second factor (`TWO_FACTOR`). */
export async function mustHaveSecondFactor(
  { id, email }: Pick<User, "id" | "email">,
  store: Transaction = database(),
): Promise<boolean> {
  const { twoFactor } = environment();
  if (twoFactor !== "admins") return twoFactor === "everyone";
  return isConfiguredAdmin(email) || hasScope(await listScopes(id, store), "admin");
}

/** With the last second factor goes all that hangs on it. @returns whether that was the last */
export async function tidyFactors(transaction: Transaction, userId: string): Promise<boolean> {
  if (await hasSecondFactor(userId, transaction)) return false;
  await transaction.recoveryCode.deleteMany({ where: { userId } });
  await transaction.twoFactorAttempt.deleteMany({ where: { userId } });
  // A factor that is gone has been passed by nobody, should the site ask for one later.
  await transaction.session.updateMany({ where: { userId }, data: { secondFactorAt: null } });
  return true;
}
