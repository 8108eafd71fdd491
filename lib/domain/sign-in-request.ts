import type { SignInRequest } from "@/lib/platform/database/client/client";
import { database } from "@/lib/platform/database/database";
import { environment } from "@/lib/platform/environment";
import { hashToken, keyedHash, matchesKeyedHash, randomCode } from "@/lib/platform/secrets";
import type { EmailAddress } from "./email-address";
import { countMail } from "./limits";
import { queueMail } from "./outbox";

/** The browser that asks, as far as it shows itself. */
export type Visitor = {
  /** The value of the cookie that binds a sign-in to the browser that asked. */
  browserToken: string;
  userAgent: string;
  networkAddress: string;
};

export type SignInAsk = {
  address: EmailAddress;
  keepSignedIn: boolean;
  /** Where to go once signed in: a path of this site or an allowed origin, already checked. */
  next: string;
  visitor: Visitor;
};

/**
 * Stores what one mail can sign in with, and the mail, or neither. Only hashes of the secrets are kept,
 * and whether an account exists is not even looked at: the answer cannot tell.
 * @param linkToken the secret of the mail's link
 * @throws {LimitReached} when too many mails were asked for
 */
export async function storeSignInRequest(ask: SignInAsk, linkToken: string): Promise<void> {
  const code = randomCode();
  const linkHash = hashToken(linkToken);
  const askedAt = new Date();
  const expiresAt = new Date(askedAt.getTime() + environment().linkLifetime);
  const { browserToken, userAgent, networkAddress } = ask.visitor;
  await database().$transaction(async (transaction) => {
    await countMail(transaction, ask.address.canonical, networkAddress);
    const request = await transaction.signInRequest.create({
      data: {
        email: ask.address.canonical,
        emailTyped: ask.address.typed,
        linkHash,
        codeHash: keyedHash("sign-in code", textOfCode(code, linkHash)),
        browserHash: hashToken(browserToken),
        keepSignedIn: ask.keepSignedIn,
        next: ask.next,
        userAgent,
        networkAddress,
        createdAt: askedAt,
        expiresAt,
      },
    });
    await queueMail(transaction, {
      signInRequestId: request.id,
      recipient: ask.address.canonical,
      expiresAt,
      content: {
        template: "sign-in",
        linkToken,
        code,
        userAgent,
        networkAddress,
        askedAt: askedAt.toISOString(),
      },
    });
  });
}

/** The newest request of this browser, with the state of its mail: what `/check-email` shows. Never writes. */
export async function peekLatestRequest(browserToken: string) {
  return await database().signInRequest.findFirst({
    where: { browserHash: hashToken(browserToken) },
    orderBy: { createdAt: "desc" },
    include: { mail: { select: { state: true, serverAnswer: true } } },
  });
}

/** Whether these six digits came in the same mail as the link. */
export function isCodeOf(request: SignInRequest, code: string): boolean {
  return matchesKeyedHash("sign-in code", textOfCode(code, request.linkHash), request.codeHash);
}

/** Bound to its link, so that equal codes of two mails do not look equal in the database. */
function textOfCode(code: string, linkHash: string): string {
  return `${linkHash}.${code}`;
}
