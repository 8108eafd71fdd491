import type { SignInRequest } from "@/lib/platform/database/client/client";
import type { Transaction } from "@/lib/platform/database/database";
import { environment } from "@/lib/platform/environment";
import {
  hashToken,
  keyedHash,
  matchesKeyedHash,
  randomCode,
  randomNumber,
} from "@/lib/platform/secrets";
import { isReservedAddress } from "./address-change";
import type { Client } from "./client";
import type { EmailAddress } from "./email-address";
import { storeWithinLimits } from "./limits";
import { type MailContent, queueMail, type SensitiveAct } from "./outbox";
import { stillUsable } from "./sign-in-state";
import { maySignUp } from "./sign-up";

/** The browser that asks, as far as it shows itself. */
export type Visitor = Client & {
  /** The value of the cookie that binds a sign-in to the browser that asked. */
  browserToken: string;
  /** An IANA name, or null when it has not said. */
  timeZone: string | null;
};

export type SignInAsk = {
  address: EmailAddress;
  keepSignedIn: boolean;
  /** Where to go once signed in: a path of this site or an allowed origin, already checked. */
  next: string;
  visitor: Visitor & {
    /** The value of the cookie that belongs to this sign-in alone, and not to a browser that others may have used. */
    screenToken: string;
  };
  /** For somebody who is signed in, and is asked once more who they are: in which session, and before what. */
  stepUp?: { sessionId: string; act: SensitiveAct } | undefined;
};

/**
 * Stores what one mail can sign in with, and the mail, or neither. Only hashes of the secrets are kept,
 * and the answer is the same whether there is an account or not.
 * @param linkToken the secret of the mail's link
 * @throws {LimitReached} when too many mails were asked for
 */
export async function storeSignInRequest(ask: SignInAsk, linkToken: string): Promise<void> {
  const code = randomCode();
  const linkHash = hashToken(linkToken);
  const askedAt = new Date();
  const expiresAt = new Date(askedAt.getTime() + environment().linkLifetime);
  const { browserToken, screenToken, userAgent, networkAddress, timeZone } = ask.visitor;
  const email = ask.address.canonical;
  const browserHash = hashToken(browserToken);
  const screenHash = hashToken(screenToken);
  const mail = { email, browserHash, networkAddress };
  await storeWithinLimits(mail, async (transaction) => {
    const request = await transaction.signInRequest.create({
      data: {
        email,
        emailTyped: ask.address.typed,
        linkHash,
        codeHash: keyedHash("sign-in code", textOfCode(code, linkHash)),
        ...(await shownNumber(transaction, { browserHash, screenHash, email })),
        browserHash,
        screenHash,
        keepSignedIn: ask.keepSignedIn,
        next: ask.next,
        stepUpSessionId: ask.stepUp?.sessionId ?? null,
        timeZone,
        userAgent,
        networkAddress,
        createdAt: askedAt,
        expiresAt,
      },
    });
    await queueMail(transaction, {
      signInRequestId: request.id,
      recipient: email,
      expiresAt,
      content: {
        ...(await whatToSend(transaction, ask, { linkToken, code })),
        userAgent,
        networkAddress,
        timeZone,
        askedAt: askedAt.toISOString(),
      } satisfies MailContent,
    });
  });
}

/**
 * The screen shows one number, whichever of this browser's mails to the address is opened. Another mail does not bring
 * back its tries (NIST SP 800-63B-4 3.1.3.2).
 */
async function shownNumber(
  transaction: Transaction,
  screen: { browserHash: string; screenHash: string; email: string },
) {
  const earlier = await transaction.signInRequest.findFirst({
    where: { ...screen, number: { not: null }, ...stillUsable() },
    orderBy: { createdAt: "desc" },
    select: { number: true, numberTries: true },
  });
  return earlier ?? { number: randomNumber() };
}

/**
 * Where not everybody may sign up, whoever may not gets a mail that says so, and the page the same answer as always:
 * it tells nobody who has an account.
 */
async function whatToSend(
  transaction: Transaction,
  { address: { canonical: email }, stepUp }: SignInAsk,
  secrets: { linkToken: string; code: string },
) {
  if (stepUp) return { template: "step-up", act: stepUp.act, ...secrets } as const;
  const isReserved = await isReservedAddress(transaction, email);
  const hasAccount = (await transaction.user.count({ where: { email } })) > 0;
  if (hasAccount || (maySignUp(email) && !isReserved))
    return { template: "sign-in", ...secrets } as const;
  return { template: "no-account", isReserved } as const;
}

/** Whether these six digits came in the same mail as the link. */
export function isCodeOf(request: SignInRequest, code: string): boolean {
  return matchesKeyedHash("sign-in code", textOfCode(code, request.linkHash), request.codeHash);
}

/** Bound to its link, so that equal codes of two mails do not look equal in the database. */
function textOfCode(code: string, linkHash: string): string {
  return `${linkHash}.${code}`;
}
