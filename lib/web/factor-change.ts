import type { NewFactor } from "@/lib/domain/enrolment";
import { wakeMailWorker } from "@/lib/domain/mail-worker";
import type { RemovalRefusal } from "@/lib/domain/second-factor-changes";
import type { SignedIn } from "@/lib/domain/sessions";
import { answerDone } from "./answer";
import { refuseFactor } from "./factor-problem";
import { done } from "./operation";
import { answerWithRecoveryCodes, withRecoveryCodes } from "./recovery-codes";
import { enter } from "./sign-in";

const page = "/account/two-factor";

/** What `answerNewFactor` gives. */
export const factorAdded = { ...withRecoveryCodes(), ...done };

/**
 * Adds a second factor in a session, which goes on under a new value: it has passed that factor. With the first one come
 * recovery codes.
 * @param form the page that asked for it, which says what went wrong
 * @param newFactor null when it was not right
 */
export async function answerNewFactor(
  request: Request,
  signedIn: SignedIn,
  form: string,
  newFactor: NewFactor | null,
): Promise<Response> {
  const isApp = form.endsWith("/app");
  const outcome =
    newFactor &&
    (await enter(request.headers, { by: "new-factor", signedIn, newFactor }, signedIn.user.email));
  if (!newFactor || !outcome || !("session" in outcome))
    return await refuseFactor(request, form, {
      problem: isApp ? "wrong-new-code" : "wrong-new-passkey",
    });
  const next = `${page}?done=${isApp ? "app-added" : "passkey-added"}`;
  const { recoveryCodes } = newFactor;
  return recoveryCodes
    ? await answerWithRecoveryCodes(request, recoveryCodes.codes, { next }, outcome.session.token)
    : answerDone(request, next);
}

/** A second factor has been removed, or stays. */
export async function answerFactorRemoved(
  request: Request,
  refusal: RemovalRefusal | null,
  done: "app-removed" | "passkey-removed",
): Promise<Response> {
  if (refusal) return await refuseFactor(request, page, { problem: refusal });
  wakeMailWorker();
  return answerDone(request, `${page}?done=${done}`);
}
