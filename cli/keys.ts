import type { Command } from "commander";
import { rotateSigningKeys } from "@/lib/domain/signing-keys";
import { printDone } from "./output";

export function addKeyCommands(latchkey: Command): void {
  latchkey
    .command("keys")
    .description("the keys that sign access tokens")
    .command("rotate")
    .description(
      "publishes a new key, which signs ten minutes later; tokens of the old ones stay good",
    )
    .action(async (_, command: Command) => {
      const signsFrom = await rotateSigningKeys();
      printDone(command, `A new key signs from ${signsFrom.toISOString()} on.`, {
        signs_from: signsFrom,
      });
    });
}
