import type { Command } from "commander";
import { grantScope, revokeScope } from "@/lib/domain/administration";
import { listScopes } from "@/lib/domain/scopes";
import { printDone } from "./output";
import { operator, requireAccount } from "./refusal";

export function addScopeCommands(latchkey: Command): void {
  const scopes = latchkey.command("scopes").description("what accounts may");
  scopes
    .command("grant <who> <scope>")
    .description(
      "grants a scope: admin, super, or one of the site's own; it holds on the next request",
    )
    .action(async (who: string, scope: string, _, command: Command) => {
      const user = await requireAccount(who);
      await grantScope(operator, user.id, scope);
      const now = await listScopes(user.id);
      printDone(command, `${user.email} has: ${now.join(", ")}`, { scopes: now });
    });
  scopes
    .command("revoke <who> <scope>")
    .description("takes a scope away, on the next request")
    .action(async (who: string, scope: string, _, command: Command) => {
      const user = await requireAccount(who);
      await revokeScope(operator, user.id, scope);
      const now = await listScopes(user.id);
      printDone(command, `${user.email} has: ${now.join(", ")}`, { scopes: now });
    });
}
