import { getTranslations } from "next-intl/server";
import {
  type AddressChangeRefusal,
  askForAddressChange,
  changeProblems,
} from "@/lib/domain/address-change";
import { parseEmailAddress } from "@/lib/domain/email-address";
import { wakeMailWorker } from "@/lib/domain/mail-worker";
import type { SignedIn } from "@/lib/domain/sessions";
import { maySignUp } from "@/lib/domain/sign-up";
import { environment } from "@/lib/platform/environment";
import { LimitReached } from "@/lib/platform/limits";
import { type AskProblem, limitProblem } from "./ask-problem";
import { ownBrowserToken } from "./cookies";
import { readDigit, readQuery, readTime, type SearchParams } from "./query";
import { describeVisitor } from "./visitor";

/** Writes to a new address. @returns why not, or null when the mail is on its way */
export async function startAddressChange(
  headers: Headers,
  signedIn: SignedIn,
  typed: string,
): Promise<AskProblem | null> {
  const address = parseEmailAddress(typed);
  if ("problem" in address) return address;
  const { signUp } = environment();
  if (Array.isArray(signUp) && !maySignUp(address.canonical)) return { problem: "other-domain" };
  const client = { browserToken: await ownBrowserToken(), ...(await describeVisitor(headers)) };
  try {
    const isAsked = await askForAddressChange(signedIn, address, client);
    if (!isAsked) return { problem: "same" };
  } catch (error) {
    if (error instanceof LimitReached) return limitProblem(error.limit.name, error.retryAt);
    throw error;
  }
  wakeMailWorker();
  return null;
}

/** Why a change was not confirmed, as the handler wrote it into the address of the page. */
export async function readChangeProblem(searchParams: SearchParams): Promise<string | undefined> {
  const query = await readQuery(searchParams);
  const problem = changeProblems.find((known) => known === query.problem);
  if (!problem) return undefined;
  const retryAt = readTime(query.until);
  return await describeChangeProblem({ problem, triesLeft: readDigit(query.left), retryAt });
}

/** Why a change was not confirmed, and what to do. */
export async function describeChangeProblem(refusal: AddressChangeRefusal): Promise<string> {
  const t = await getTranslations("account.email.problem");
  return t(refusal.problem, {
    triesLeft: refusal.triesLeft ?? 0,
    retryAt: refusal.retryAt ?? new Date(),
  });
}
