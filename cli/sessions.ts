import type { Command } from "commander";
import { endEverySession, endSessionsOf } from "@/lib/domain/administration";
import { listSessions } from "@/lib/domain/sessions";
import { printDone, printRows } from "./output";
import { operator, Refusal, requireAccount } from "./refusal";

type RevokeOptions = { session?: string; all?: true; everyone?: true };

export function addSessionCommands(latchkey: Command): void {
  const sessions = latchkey.command("sessions").description("where people are signed in");
  sessions
    .command("list <who>")
    .description("lists the sessions of an account, the latest seen first")
    .action(async (who: string, _, command: Command) => {
      const user = await requireAccount(who);
      const rows = await listSessions(user.id);
      printRows(
        command,
        rows.map(({ id, userAgent, networkAddress, createdAt, lastSeenAt, expiresAt }) => ({
          id,
          from: networkAddress,
          first_seen: createdAt,
          last_seen: lastSeenAt,
          ends: expiresAt,
          browser: userAgent,
        })),
      );
    });
  sessions
    .command("revoke [who]")
    .description("ends one session of an account, or all; or those of everyone")
    .option("--session <id>", "which one")
    .option("--all", "all of them, and the sign-ins that wait for a second factor")
    .option("--everyone", "those of every account, instead of WHO")
    .action(async (who: string | undefined, options: RevokeOptions, command: Command) => {
      const { session, all, everyone } = options;
      if ([who && session, who && all, !who && everyone].filter(Boolean).length !== 1)
        command.error("error: give WHO with --session <id> or --all, or --everyone alone");
      if (!who) {
        const count = await endEverySession(operator);
        return printDone(command, `${count} ended.`, { count });
      }
      const user = await requireAccount(who);
      const count = await endSessionsOf(operator, user.id, session ? { id: session } : "all");
      if (session && count === 0) throw new Refusal(`${user.email} has no session ${session}.`);
      printDone(command, `${count} ended.`, { count });
    });
}
