import { headers } from "next/headers";
import { auth } from "./auth";

export type User = { id: string; email: string };

export async function currentUser(): Promise<User | null> {
  const session = await auth.api.getSession({ headers: await headers() });
  return session && { id: session.user.id, email: session.user.email };
}
