import { type Command, Option } from "commander";
import { blockUser, deleteUser, unblockUser } from "@/lib/domain/administration";
import { parseEmailAddress } from "@/lib/domain/email-address";
import { createUser, resendInvitation } from "@/lib/domain/invitation";
import { listScopes } from "@/lib/domain/scopes";
import { listFactors } from "@/lib/domain/second-factor";
import { listSessions } from "@/lib/domain/sessions";
import { type ListedUser, listUsers, type UserFilter, userFilters } from "@/lib/domain/user-search";
import { readLimit } from "./limit";
import { printDone, printRows, printThing, type Row } from "./output";
import { operator, Refusal, requireAccount } from "./refusal";

type CreateOptions = { name?: string; mail: boolean };
type ListOptions = { search: string; filter: UserFilter; limit: number; after?: string };

export function addUserCommands(latchkey: Command): void {
  const users = latchkey.command("users").description("accounts");
  users
    .command("list")
    .description("lists accounts, the newest first; with a search, in the order of what is found")
    .option("--search <words>", "words that addresses and names begin with", "")
    .addOption(new Option("--filter <which>", "which").choices(userFilters).default("all"))
    .option("--limit <number>", "how many at most", readLimit, 50)
    .option("--after <cursor>", "goes on where the page before ended")
    .action(async ({ search, filter, limit, after }: ListOptions, command: Command) => {
      const page = await listUsers(search, filter, after, limit);
      printRows(command, page.users.map(rowOf));
      if (page.next) console.error(`More: --after ${page.next}`);
    });
  users
    .command("show <who>")
    .description("shows one account")
    .action(async (who: string, _, command: Command) => {
      const user = await requireAccount(who);
      const { appSince, passkeys, recoveryCodes } = await listFactors(user.id);
      printThing(command, {
        ...rowOf(user),
        blocked_reason: user.blockedReason,
        scopes: await listScopes(user.id),
        sessions: (await listSessions(user.id)).length,
        authenticator_app: appSince,
        passkeys,
        recovery_codes: recoveryCodes,
      });
    });
  users
    .command("create <address>")
    .description("makes an account, also where nobody may sign up, and invites its person by mail")
    .option("--name <name>", "what the person is called")
    .option("--no-mail", "sends no invitation")
    .action(async (typed: string, { name, mail }: CreateOptions, command: Command) => {
      const address = parseEmailAddress(typed);
      if ("problem" in address) throw new Refusal(`${typed} is not an email address.`);
      const id = await createUser(operator, address, name ?? null, mail ? "by-mail" : "none");
      printDone(command, `${address.canonical} has an account now: ${id}`, { id });
    });
  users
    .command("invite <who>")
    .description("sends the invitation again to somebody who has not come yet")
    .action(async (who: string, _, command: Command) => {
      const user = await requireAccount(who);
      await resendInvitation(operator, user.id);
      printDone(command, `${user.email} is invited once more.`);
    });
  users
    .command("block <who>")
    .description("blocks an account: everything that opens it dies at once")
    .requiredOption("--reason <text>", "why, for the record")
    .action(async (who: string, { reason }: { reason: string }, command: Command) => {
      const user = await requireAccount(who);
      await blockUser(operator, user.id, reason);
      printDone(command, `${user.email} is blocked.`);
    });
  users
    .command("unblock <who>")
    .description("opens a blocked account again")
    .action(async (who: string, _, command: Command) => {
      const user = await requireAccount(who);
      await unblockUser(operator, user.id);
      printDone(command, `${user.email} can sign in again.`);
    });
  users
    .command("delete <who>")
    .description("removes an account and all that names its person; there is no way back")
    .requiredOption("--yes", "says that you mean it")
    .action(async (who: string, _, command: Command) => {
      const user = await requireAccount(who);
      await deleteUser(operator, user.id);
      printDone(command, `${user.email} is gone.`);
    });
}

function rowOf({ id, email, name, createdAt, blockedAt, invitedAt }: ListedUser): Row {
  return { id, email, name, created: createdAt, blocked: blockedAt, invited: invitedAt };
}
