import { Problem } from "./problem";

/** The methods that any page or handler may have. */
export const methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] as const;
export type Method = (typeof methods)[number];

export function methodNotAllowed(method: string, allowed: readonly string[]): Problem {
  return new Problem(405, `${method} is not possible here.`, {
    headers: { allow: allowed.join(", ") },
  });
}
