import { type Environment, environment } from "@/lib/platform/environment";
import { isSameSecret } from "@/lib/platform/secrets";

/** Whether whoever asks has this token of the site. Nobody has, where none is set. */
export function bearsToken(
  name: "metricsToken" | "cronSecret",
  authorization: string | null | undefined,
  { [name]: expected }: Pick<Environment, typeof name> = environment(),
): boolean {
  const [, token] = /^Bearer +(\S+) *$/i.exec(authorization ?? "") ?? [];
  return expected !== undefined && token !== undefined && isSameSecret(token, expected);
}
