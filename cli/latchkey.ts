#!/usr/bin/env node
/**
 * The operator's commands, over the same rules as the pages: what they do is recorded with the actor "operator". Works while
 * the site runs. Exit codes: 0 done, 1 refused, 2 wrong use.
 */
import nextEnv from "@next/env";
import { Command, CommanderError } from "commander";
import { createTranslator } from "use-intl/core";
import { AdministrationRefused } from "@/lib/domain/administration";
import { requireMigratedDatabase } from "@/lib/domain/readiness";
import { database } from "@/lib/platform/database/database";
import { EnvironmentError, environment } from "@/lib/platform/environment";
import { LimitReached } from "@/lib/platform/limits";
import messages from "@/messages/en.json";
import { addDatabaseCommands } from "./database";
import { addDoctorCommand } from "./doctor";
import { addKeyCommands } from "./keys";
import { addMailCommands } from "./mail";
import { Refusal } from "./refusal";
import { addScopeCommands } from "./scopes";
import { addSessionCommands } from "./sessions";
import { addTwoFactorCommands } from "./two-factor";
import { addUserCommands } from "./users";

/** In the words of the pages. */
const refusal = createTranslator({ locale: "en", messages, namespace: "admin.refused" });

process.exitCode = await run(process.argv);

async function run(argv: string[]): Promise<number> {
  try {
    nextEnv.loadEnvConfig(process.cwd(), false, { info: () => {}, error: console.error });
    await commands().parseAsync(argv);
    return 0;
  } catch (error) {
    return report(error);
  } finally {
    await disconnect();
  }
}

async function disconnect(): Promise<void> {
  try {
    await database().$disconnect();
  } catch {
    // Without an environment there is none.
  }
}

function commands(): Command {
  const latchkey = new Command("latchkey")
    .description("Runs a Latchkey site from the shell, while it serves or not.")
    .option("--json", "print JSON for programs instead of tables for people")
    .showHelpAfterError()
    .exitOverride()
    .addHelpText(
      "after",
      "\nWHO is an address or an account's id.\nExit codes: 0 done, 1 refused, 2 wrong use.",
    )
    .hook("preAction", async (_, action) => {
      // It tells itself what is wrong with either.
      if (action.name() === "doctor") return;
      environment();
      if (action.name() !== "migrate") await requireMigratedDatabase();
    });
  addUserCommands(latchkey);
  addScopeCommands(latchkey);
  addSessionCommands(latchkey);
  addTwoFactorCommands(latchkey);
  addMailCommands(latchkey);
  addKeyCommands(latchkey);
  addDatabaseCommands(latchkey);
  addDoctorCommand(latchkey);
  return latchkey;
}

function report(error: unknown): number {
  // Commander has printed what is wrong, or the help that was asked for.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  if (error instanceof EnvironmentError) for (const fault of error.faults) console.error(fault);
  else console.error(wordsOf(error));
  return 1;
}

function wordsOf(error: unknown): string {
  if (error instanceof AdministrationRefused) return refusal(error.reason);
  if (error instanceof LimitReached)
    return `This has been done too often. It can be done again at ${error.retryAt.toISOString()}.`;
  return error instanceof Refusal || error instanceof Error ? error.message : String(error);
}
