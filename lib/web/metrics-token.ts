import { type Environment, environment } from "@/lib/platform/environment";
import { isSameSecret } from "@/lib/platform/secrets";

/** Whether this is the token of `/metrics`. Nobody's is, where none is set. */
export function mayReadMetrics(
  authorization: string | null | undefined,
  { metricsToken }: Pick<Environment, "metricsToken"> = environment(),
): boolean {
  const [, token] = /^Bearer +(\S+) *$/i.exec(authorization ?? "") ?? [];
  return metricsToken !== undefined && token !== undefined && isSameSecret(token, metricsToken);
}
