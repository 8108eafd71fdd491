import { redirect } from "next/navigation";
import { isDatabaseFault } from "@/lib/platform/database/fault";
import { requestContext } from "@/lib/platform/request-context";
import { requestedPath } from "./requested-path";

/**
 * What a page does when the database is away: where no server of ours can make a 503 of it, it leaves for `/unavailable`, which
 * can, since Next lets no page choose such a status. A handler finds the fault itself in what is thrown.
 * @throws the fault, or Next's redirect with the fault as its cause
 */
export async function leaveWhenAway(fault: unknown): Promise<never> {
  if (requestContext() || !isDatabaseFault(fault)) throw fault;
  try {
    redirect(`/unavailable?next=${encodeURIComponent(await requestedPath())}`);
  } catch (leaving) {
    throw Object.assign(leaving as Error, { cause: fault });
  }
}

/** The fault for which a page would leave, or what was thrown instead. */
export function faultBehind(thrown: unknown): unknown {
  return thrown instanceof Error && isDatabaseFault(thrown.cause) ? thrown.cause : thrown;
}
