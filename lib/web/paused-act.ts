import type { SensitiveAct } from "@/lib/domain/outbox";
import { type PausedAct, peekPausedAct } from "@/lib/domain/paused-act";
import type { SignedIn } from "@/lib/domain/sessions";

const kinds: Partial<Record<string, SensitiveAct>> = {
  "/account/email/change": "change-address",
  "/account/export/download": "export",
  "/account/delete/now": "delete",
  "/account/two-factor/app/begin": "add-factor",
  "/account/two-factor/app/confirm": "add-factor",
  "/account/two-factor/app/remove": "remove-factor",
  "/account/two-factor/passkeys/add": "add-factor",
  "/account/two-factor/passkeys/remove": "remove-factor",
  "/account/two-factor/recovery-codes/new": "recovery-codes",
};

/** What an interrupted act is, for words. */
export function kindOf(act: PausedAct | null): SensitiveAct {
  const path = act?.path ?? "";
  return path.startsWith("/admin/") ? "administer" : (kinds[path] ?? "other");
}

/** The act that goes on at this address of `/resume`, or null. */
export async function findPausedAct(
  signedIn: SignedIn,
  next: string | undefined,
): Promise<PausedAct | null> {
  const id = /^\/resume\?act=([\w-]+)$/.exec(next ?? "")?.[1];
  return id ? await peekPausedAct(signedIn, id) : null;
}
