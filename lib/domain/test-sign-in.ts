import type { Session, User } from "@/lib/platform/database/client/client";
import { type MailWay, redeem } from "./redemption";
import type { Visitor } from "./sign-in-request";

/**
 * For tests: redeems what a mail has proved, of somebody without a second factor.
 * @throws when it gives no session
 */
export async function redeemMail(
  requestId: string,
  sessionToken: string,
  visitor: Visitor,
  formerSessionToken: string | undefined,
  way: MailWay,
): Promise<{ session: Session; user: User }> {
  const proved = { by: "mail", requestId, way } as const;
  const redeemed = await redeem(proved, { sessionToken, formerSessionToken, visitor });
  if ("attempt" in redeemed) throw new Error("A second factor is asked for");
  return redeemed;
}
