import type { User } from "@/lib/platform/database/client/client";
import { database } from "@/lib/platform/database/database";
import { minutes } from "@/lib/platform/duration";
import { hashToken, randomToken } from "@/lib/platform/secrets";
import { type Authenticator, newAuthenticator, storedPasskey } from "./test-authenticator";
import { newTotpSecret } from "./totp";

/** For tests: an account without anything else. */
export async function addUser(email = "ann@example.org"): Promise<User> {
  const data = { email, emailTyped: email, emailVerified: new Date(), timeZone: "Europe/Berlin" };
  return await database().user.create({ data });
}

/** For tests: an authenticator app of theirs. @returns its sealed secret */
export async function addTotp({ id: userId }: { id: string }): Promise<string> {
  const sealedSecret = newTotpSecret();
  await database().totp.create({ data: { userId, sealedSecret } });
  return sealedSecret;
}

/** For tests: a passkey of theirs. */
export async function addPasskey({ id: userId }: { id: string }) {
  const authenticator: Authenticator = newAuthenticator(userId);
  const data = { ...storedPasskey(authenticator), userId };
  return { authenticator, passkey: await database().passkey.create({ data }) };
}

/** For tests: a sign-in of theirs that waits for its second factor. */
export async function addAttempt({ id: userId }: { id: string }, given: Partial<Given> = {}) {
  return await database().twoFactorAttempt.create({
    data: {
      userId,
      tokenHash: hashToken(randomToken()),
      way: "link",
      isNewAccount: false,
      keepSignedIn: true,
      next: "/",
      expiresAt: new Date(Date.now() + minutes(10)),
      ...given,
    },
    include: { user: true },
  });
}

type Given = {
  tokenHash: string;
  keepSignedIn: boolean;
  stepUpSessionId: string | null;
  sealedTotp: string | null;
  expiresAt: Date;
};
