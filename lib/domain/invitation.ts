import type { User } from "@/lib/platform/database/client/client";
import type { Transaction } from "@/lib/platform/database/database";
import { inTransaction } from "@/lib/platform/database/transaction";
import { days, minutes } from "@/lib/platform/duration";
import { countAgainst, type Limit } from "@/lib/platform/limits";
import { longestName } from "./account";
import { isReservedAddress } from "./address-change";
import {
  AdministrationRefused,
  administer,
  type Operator,
  requireOperator,
} from "./administration";
import { recordEvent } from "./audit";
import type { EmailAddress } from "./email-address";
import { isName, tidyName } from "./name";
import { cancelMailsTo, queueMail } from "./outbox";
import { indexUser } from "./search-terms";

/** So often an invitation goes to one address: a button that is pressed twice mails nobody twice. */
const invitations: Limit = { name: "invitation", times: 1, within: minutes(1) };
/** How long an invitation is tried. What it leads to has no end. */
const invitationLifetime = days(7);

/**
 * Makes an account that nobody has signed in to yet: also where `SIGN_UP` lets nobody make one by themselves.
 * @param invitation whether its person is told by mail
 * @returns its id
 * @throws {AdministrationRefused} `already` when the address has one, `name` when it cannot be shown
 */
export async function createUser(
  operator: Operator,
  address: EmailAddress,
  typedName: string | null,
  invitation: "by-mail" | "none" = "by-mail",
): Promise<string> {
  const name = tidyName(typedName ?? "") || null;
  if (name && !isName(name, longestName)) throw new AdministrationRefused("name");
  return await inTransaction(async (transaction) => {
    const { canonical: email, typed: emailTyped } = address;
    const { id: actor, client } = operator;
    // Writes first: whoever signs up with the same address meanwhile waits.
    await transaction.user.updateMany({ where: { email }, data: { email } });
    await requireOperator(transaction, operator, "admin");
    const isTaken =
      (await transaction.user.count({ where: { email } })) > 0 ||
      (await isReservedAddress(transaction, email));
    if (isTaken) throw new AdministrationRefused("already");
    const now = new Date();
    const user = await transaction.user.create({
      // Nobody has proved the address before the first sign-in, which says so.
      data: { email, emailTyped, name, emailVerified: now, invitedAt: now },
    });
    await indexUser(transaction, user);
    await recordEvent(transaction, { type: "user_created", userId: user.id, actor, client });
    if (invitation === "by-mail") await invite(transaction, user);
    return user.id;
  });
}

/**
 * Sends the invitation again to somebody who has not come yet.
 * @throws {AdministrationRefused} `already` when they have come
 * @throws {LimitReached} when the last one is less than a minute old
 */
export async function resendInvitation(operator: Operator, userId: string): Promise<void> {
  await administer(operator, userId, async (transaction, user) => {
    if (!user.invitedAt) throw new AdministrationRefused("already");
    await invite(transaction, user);
    return { act: "invited" };
  });
}

/** The newest invitation takes the place of one that has not gone out. */
async function invite(transaction: Transaction, { id: userId, email }: User): Promise<void> {
  await countAgainst(transaction, invitations, email);
  await cancelMailsTo(transaction, [email], ["invitation"]);
  await queueMail(transaction, {
    userId,
    recipient: email,
    expiresAt: new Date(Date.now() + invitationLifetime),
    content: { template: "invitation" },
  });
}
