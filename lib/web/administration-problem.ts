import { getTranslations } from "next-intl/server";
import type { AdministrationRefused } from "@/lib/domain/administration";
import { wantsPage } from "./accept";
import { seeOther } from "./answer";
import { Problem } from "./problem";

type Reason = AdministrationRefused["reason"];

/** What hinders it: the account is not there, who asks may not, its state, or what was typed. */
const statuses: Record<Reason, number> = {
  "unknown-user": 404,
  "not-allowed": 403,
  oneself: 403,
  above: 403,
  "last-super": 409,
  already: 409,
  scope: 422,
  name: 422,
  reason: 422,
  "unknown-mail": 404,
  "not-resendable": 409,
  nobody: 422,
  pace: 422,
  search: 422,
};

/**
 * An act of administration that is refused: a person sees the page again, which says why; a program gets the problem.
 * @param kept what the page shows again of what was typed
 * @throws {Problem} for a program
 */
export async function refuseAdministration(
  request: Request,
  page: string,
  { reason }: AdministrationRefused,
  kept: Record<string, string> = {},
): Promise<Response> {
  const query = new URLSearchParams({ refused: reason, ...kept });
  if (wantsPage(request.headers))
    return seeOther(`${page}${page.includes("?") ? "&" : "?"}${query}`);
  const detail = (await getTranslations("admin.refused"))(reason);
  const status = statuses[reason];
  const errors = status === 422 ? [{ field: reason, code: reason, detail }] : [];
  throw new Problem(status, detail, errors.length > 0 ? { errors } : {});
}

/** The words for what the address of a page says about a refusal; undefined when it says none that is known. */
export async function describeRefusal(code: string | undefined): Promise<string | undefined> {
  const t = await getTranslations("admin.refused");
  return isReason(code) ? t(code) : undefined;
}

function isReason(code: string | undefined): code is Reason {
  return code !== undefined && Object.hasOwn(statuses, code);
}
