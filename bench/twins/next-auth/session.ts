import { auth } from "./auth";

export type User = { id: string; email: string };

export async function currentUser(): Promise<User | null> {
  const session = await auth();
  return session?.user?.id && session.user.email
    ? { id: session.user.id, email: session.user.email }
    : null;
}
