import { once } from "node:events";
import { promisify } from "node:util";
import SMTPConnection from "nodemailer/lib/smtp-connection";
import { isCertificateFault } from "./certificate-fault";
import { seconds } from "./duration";
import { transportTo } from "./mail";

type Reached = {
  outcome: "reached";
  isEncrypted: boolean;
  isSignedIn: boolean;
  /** Whether the set-up takes any certificate for a good one. */
  trustsAnybody: boolean;
};
type NotReached = {
  outcome: "unresolved" | "unreachable" | "certificate" | "no-tls" | "password" | "unusual";
  /** The beginning of what the server said, or else what became of the connection. */
  answer: string;
};

/** Nothing is sent that a server would have to look through. */
const silenceLimit = seconds(8);

/**
 * Goes as far with a mail server as sending does before the first mail: connects, speaks TLS, signs in. Nodemailer's `verify`
 * does the same, and does not tell whether there was TLS. Never throws.
 */
export async function contactMailServer(url: string): Promise<Reached | NotReached> {
  const { options } = transportTo(url);
  const connection = new SMTPConnection({ ...options, socketTimeout: silenceLimit });
  // One that nobody listens to would end the process, however late it comes.
  connection.on("error", () => undefined);
  // A fault of the connection is an event, and whoever waits for an answer is not told.
  const failed = once(connection, "error").then(([error]) => Promise.reject(error));
  try {
    const isSignedIn = await Promise.race([greet(connection, options.auth), failed]);
    connection.quit();
    const trustsAnybody = options.tls?.rejectUnauthorized === false;
    return { outcome: "reached", isEncrypted: connection.secure, isSignedIn, trustsAnybody };
  } catch (error) {
    connection.close();
    return failureOf(error);
  }
}

/** @returns whether it has signed in: it does only where the server offers it, as sending does */
async function greet(
  connection: SMTPConnection,
  account: { user?: string | undefined; pass?: string | undefined } | undefined,
): Promise<boolean> {
  await promisify(connection.connect.bind(connection))();
  if (!account || !connection.allowsAuth) return false;
  await promisify(connection.login.bind(connection))({ credentials: account });
  return true;
}

function failureOf(error: unknown): NotReached {
  const { code, originalCode, response, message } = error as {
    code?: string;
    originalCode?: string;
    response?: string;
    message: string;
  };
  return { outcome: outcomeOf(code, originalCode), answer: (response ?? message).slice(0, 300) };
}

function outcomeOf(code?: string, originalCode?: string): NotReached["outcome"] {
  if (isCertificateFault(originalCode)) return "certificate";
  switch (code) {
    case "EDNS":
      return "unresolved";
    case "EAUTH":
      return "password";
    case "ETLS":
      return "no-tls";
    case "ECONNECTION":
    case "ESOCKET":
    case "ETIMEDOUT":
      return "unreachable";
    default:
      return "unusual";
  }
}
