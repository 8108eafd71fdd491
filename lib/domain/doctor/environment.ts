import type { Environment } from "@/lib/platform/environment";
import { isLoopback } from "@/lib/platform/environment";
import { type Finding, fault, ok, warning } from "./finding";

/** A secret of 32 random hexadecimal digits, the poorest that anybody would make, has more than a hundred. */
const fewestBits = 96;

/** What can be used, and still should not be. */
export function examineEnvironment(
  site: Environment,
  source: Record<string, string | undefined>,
): Finding[] {
  const { siteUrl, https, mailFrom, logLevel, authSecrets } = site;
  const isPublic = !isLoopback(siteUrl.hostname);
  const findings = [
    isPublic &&
      !https &&
      fault("environment.plain-http", { siteUrl: siteUrl.origin, host: siteUrl.hostname }),
    isPublic &&
      !source.MAIL_FROM?.trim() &&
      warning("environment.default-sender", { address: mailFrom.address }),
    isGuessable(authSecrets[0]) && warning("environment.weak-secret"),
    (logLevel === "silent" || logLevel === "fatal") &&
      warning("environment.quiet-log", { logLevel }),
  ].filter((found) => found !== false);
  return findings.length > 0 ? findings : [ok("environment.sound")];
}

/** The faults for which the site does not start. */
export function describeFaults(faults: string[]): Finding[] {
  return faults.map((said) => {
    const [variable = ""] = said.split(" ");
    return fault("environment.invalid", { said, variable });
  });
}

/** By how often its signs occur: what was typed or repeated is found, and no secret that a machine has drawn. */
function isGuessable(secret: string): boolean {
  const isRepeated = secret.repeat(2).indexOf(secret, 1) < secret.length;
  return isRepeated || bitsOf(secret) < fewestBits;
}

/** Shannon's entropy of the whole text. */
function bitsOf(text: string): number {
  const counts = new Map<string, number>();
  for (const sign of text) counts.set(sign, (counts.get(sign) ?? 0) + 1);
  const bits = [...counts.values()].map((count) => count * Math.log2(text.length / count));
  return bits.reduce((sum, each) => sum + each, 0);
}
