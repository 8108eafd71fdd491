import type { Operator } from "@/lib/domain/administration";
import { recordRefusedAct } from "@/lib/domain/audit";
import { hasScope, listScopes } from "@/lib/domain/scopes";
import type { SignedIn } from "@/lib/domain/sessions";
import { afterRecentSignIn, signedInAct } from "./account-handler";
import { Problem } from "./problem";
import { describeClient } from "./visitor";

type AdminAct = (
  request: Request,
  operator: Operator,
  input: Record<string, unknown>,
) => Promise<Response>;

/**
 * A handler for who has this scope, at this moment, and has proved lately who they are (ASVS 7.5.1, 8.3.2). Who lacks the
 * scope is refused before anything else is said, and that goes on record.
 * @param page where its form is, and where a visitor comes back to
 */
export function adminAct(page: string, scope: "admin" | "super", act: AdminAct) {
  const afterwards = afterRecentSignIn(page, (request, { user }, input) =>
    act(request, { id: user.id, client: describeClient(request.headers) }, input),
  );
  return signedInAct(page, async (request, signedIn, input) => {
    await requireScopeOf(signedIn, scope, request);
    return await afterwards(request, signedIn, input);
  });
}

/** @throws {Problem} 403 */
async function requireScopeOf({ user }: SignedIn, scope: string, request: Request): Promise<void> {
  if (hasScope(await listScopes(user.id), scope)) return;
  await recordRefusedAct(user.id, scope, describeClient(request.headers));
  throw new Problem(403, `This needs the scope “${scope}”, which your account does not have.`);
}
