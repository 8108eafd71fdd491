import type { Command } from "commander";
import { disableSecondFactor } from "@/lib/domain/administration";
import { listPasskeys } from "@/lib/domain/passkeys";
import { listFactors } from "@/lib/domain/second-factor";
import { printDone, printThing } from "./output";
import { operator, requireAccount } from "./refusal";

export function addTwoFactorCommands(latchkey: Command): void {
  const twoFactor = latchkey.command("two-factor").description("the second factor of an account");
  twoFactor
    .command("status <who>")
    .description("shows what an account has")
    .action(async (who: string, _, command: Command) => {
      const user = await requireAccount(who);
      const { appSince, recoveryCodes } = await listFactors(user.id);
      printThing(command, {
        authenticator_app: appSince,
        passkeys: (await listPasskeys(user.id)).map(({ name }) => name),
        recovery_codes: recoveryCodes,
        wrong_tries: user.factorTries,
        paused_until: user.factorPausedUntil,
      });
    });
  twoFactor
    .command("disable <who>")
    .description("takes a lost second factor away, with its recovery codes; the person is told")
    .action(async (who: string, _, command: Command) => {
      const user = await requireAccount(who);
      await disableSecondFactor(operator, user.id);
      printDone(command, `The second factor of ${user.email} is off.`);
    });
}
