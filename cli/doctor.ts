import type { Command } from "commander";
import { createTranslator } from "use-intl/core";
import { examine } from "@/lib/domain/doctor/doctor";
import type { Finding } from "@/lib/domain/doctor/finding";
import messages from "@/messages/en.json";
import { isForPrograms, printJson, printRows } from "./output";
import { Refusal } from "./refusal";

type DoctorOptions = { dkimSelector?: string; dnsServer?: string[] };

/** In the words of the page. */
const t = createTranslator({ locale: "en", messages, namespace: "doctor", timeZone: "UTC" });

/** So that a row fits into the window of a shell. */
const widths = [13, 17, 66];

export function addDoctorCommand(latchkey: Command): void {
  latchkey
    .command("doctor")
    .description("looks whether the site is set up right; changes nothing, and sends no mail")
    .option("--dkim-selector <name>", "what your mail server signs with: s= in DKIM-Signature")
    .option("--dns-server <address...>", "asks these name servers and not the system's")
    .addHelpText(
      "after",
      "\nExit codes: 0 no fault, 1 a fault, 2 wrong use. Warnings are no faults.",
    )
    .action(async ({ dkimSelector, dnsServer }: DoctorOptions, command: Command) => {
      const findings = await examine({ source: process.env, dkimSelector, dnsServers: dnsServer });
      const faults = findings.filter(({ status }) => status === "fault").length;
      const told = findings.map(tell);
      if (isForPrograms(command)) printJson({ faults, findings: told });
      else printRows(command, told.flatMap(rowsOf), widths);
      if (faults > 0)
        throw new Refusal(faults === 1 ? "There is 1 fault." : `There are ${faults} faults.`);
    });
}

type Told = ReturnType<typeof tell>;

function tell({ check, status, name, values }: Finding) {
  const part = (which: "why" | "fix") => {
    const key = `finding.${name}.${which}` as Parameters<typeof t>[0];
    return t.has(key) ? t(key, values) : null;
  };
  const what = t(`finding.${name}.what`, values);
  return { check, status, name, what, why: part("why"), fix: part("fix") };
}

/** What it is, and below it why it matters and the fix. */
function rowsOf({ check, status, what, why, fix }: Told) {
  const row = (state: string, about: string, finding: string) => ({ state, about, finding });
  return [
    row(t(`status.${status}`), t(`check.${check}`), what),
    ...(why ? [row("", "why it matters", why)] : []),
    ...(fix ? [row("", "what to do", fix)] : []),
  ];
}
