import { z } from "zod";
import { AdministrationRefused, type Operator } from "@/lib/domain/administration";
import { recordRefusedAct } from "@/lib/domain/audit";
import { wakeMailWorker } from "@/lib/domain/mail-worker";
import { hasScope, listScopes } from "@/lib/domain/scopes";
import type { SignedIn } from "@/lib/domain/sessions";
import { type Act, afterRecentSignIn, signedInAct } from "./account-handler";
import { refuseAdministration } from "./administration-problem";
import { answerDone } from "./answer";
import { Problem } from "./problem";
import { describeClient } from "./visitor";

type AdminScope = "admin" | "super";

type AdminAct = (request: Request, operator: Operator, input: Input) => Promise<Response>;

/**
 * A handler for who has this scope, at this moment, and has proved lately who they are (ASVS 7.5.1, 8.3.2). Who lacks the
 * scope is refused before anything else is said, and that goes on record.
 * @param page where its form is, which says why an act is refused, and where a visitor comes back to
 */
export function adminAct(page: Page, scope: AdminScope, act: AdminAct) {
  const afterwards = afterRecentSignIn(pageOf(page), async (request, { user }, input) => {
    const operator = { id: user.id, client: describeClient(request.headers) };
    try {
      return await act(request, operator, input);
    } catch (error) {
      if (!(error instanceof AdministrationRefused)) throw error;
      // An account that is not there has no page that could say so.
      const from = error.reason === "unknown-user" ? usersPage : pageOf(page, input);
      return await refuseAdministration(request, from, error);
    }
  });
  const inScope: Act = async (request, signedIn, input) => {
    await requireScopeOf(signedIn, scope, request);
    return await afterwards(request, signedIn, input);
  };
  return signedInAct(pageOf(page), inScope, { isRecent: true, scope });
}

type Input = Record<string, unknown>;
/** Some forms stand on more than one page: which one it was, their fields say. */
type Page = string | ((input: Input) => string);

function pageOf(page: Page, input: Input = {}): string {
  return typeof page === "string" ? page : page(input);
}

/** @throws {Problem} 403 */
async function requireScopeOf({ user }: SignedIn, scope: string, request: Request): Promise<void> {
  if (hasScope(await listScopes(user.id), scope)) return;
  await recordRefusedAct(user.id, scope, describeClient(request.headers));
  throw new Problem(403, `This needs the scope “${scope}”, which your account does not have.`);
}

const usersPage = "/admin/users";

/** What an act is about, by its id. What is no id is none that is there, and would not stand well in an address. */
export const idField = z
  .string()
  .regex(/^[\w-]{1,100}$/)
  .catch("");

/** Whose account an act is about. */
export const userFields = z.object({ user: idField });

/** An act on the account that the field `user` names. A person sees its page again, which says that it is done, or why not. */
export function userAct<Fields extends z.ZodObject>(
  scope: AdminScope,
  fields: Fields,
  act: (operator: Operator, userId: string, input: z.infer<Fields>) => Promise<unknown>,
) {
  return adminAct(formPage, scope, async (request, operator, input) => {
    await act(operator, userFields.parse(input).user, fields.parse(input));
    wakeMailWorker();
    return answerDone(request, `${formPage(input)}?done`);
  });
}

/** The page of the account that the field `user` names; the list of all, when it names none. */
export function formPage(input: Input): string {
  const { user } = userFields.parse(input);
  return user ? userPage(user) : usersPage;
}

export function userPage(id: string): string {
  return `${usersPage}/${id}`;
}
