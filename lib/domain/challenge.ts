import { minutes } from "@/lib/platform/duration";
import { keyedHash, matchesKeyedHash, randomToken } from "@/lib/platform/secrets";

/** Longer than anybody looks for a key; the page asks for a new one before that. */
const lifetime = minutes(10);

/**
 * What a passkey is asked to sign: random, dated, and bound to what it is asked for, so that nothing has to be stored
 * until it comes back. It is spent then.
 * @param subject for what, in which browser, session or sign-in
 */
export function newChallenge(subject: string): string {
  const content = `${randomToken()}.${Date.now() + lifetime}`;
  return `${content}.${keyedHash("passkey challenge", `${subject} ${content}`)}`;
}

/**
 * A challenge as a browser sends it back; null when it is not one of ours for this, or too old.
 * @param encoded in base64url
 */
export function readChallenge(subject: string, encoded: string): string | null {
  const challenge = Buffer.from(encoded, "base64url").toString();
  const [token, end, hash = ""] = challenge.split(".");
  const isOwn = matchesKeyedHash("passkey challenge", `${subject} ${token}.${end}`, hash);
  const left = Number(end) - Date.now();
  // A clock that was set back brings none to life again that was made after.
  return isOwn && left > 0 && left <= lifetime ? challenge : null;
}
