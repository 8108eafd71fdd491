import { findUser, type Operator } from "@/lib/domain/administration";
import type { User } from "@/lib/platform/database/client/client";

/** What cannot be done, in words for whoever asked. */
export class Refusal extends Error {
  override name = "Refusal";
}

/** Whoever has the shell of the machine. */
export const operator: Operator = {
  id: "operator",
  client: { userAgent: "latchkey", networkAddress: "" },
};

/** @throws {Refusal} when there is no such account */
export async function requireAccount(who: string): Promise<User> {
  const user = await findUser(who);
  if (!user) throw new Refusal(`There is no account with the address or id ${who}.`);
  return user;
}
