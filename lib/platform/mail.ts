import { createTransport, type Transporter } from "nodemailer";
import type SMTPTransport from "nodemailer/lib/smtp-transport";
import { seconds } from "./duration";
import { environment, isLoopback } from "./environment";
import { log } from "./log";

export type OutgoingMail = {
  /** Stays the same when a mail is tried again, so that a server can tell that it has it already. */
  messageId: string;
  recipient: string;
  subject: string;
  text: string;
  html: string;
};

/** What came of an attempt, with the words of the mail server. */
export type Delivery = {
  outcome: "accepted" | "captured" | "deferred" | "refused" | "expired";
  answer: string;
};

/** Long enough for a server that looks through a mail before it takes it, and no longer than people wait. */
const silenceLimit = seconds(25);
/** For the whole of a conversation: a server that sends a letter now and then is never silent. */
const conversationLimit = seconds(90);
/** How long a server that failed is left alone, while there is another. */
const rest = seconds(30);

type Server = {
  transport: Transporter<SMTPTransport.SentMessageInfo, SMTPTransport.Options>;
  restsUntil: number;
};
let servers: Server[] | undefined;

/** What becomes of a mail where there is no mail server. */
export const captured: Delivery = { outcome: "captured", answer: "kept in the local mailbox" };

/** Hands a mail to the mail server, and to the fallback when that one fails. Never throws: a fault is an outcome. */
export async function deliverMail(mail: OutgoingMail): Promise<Delivery> {
  servers ??= environment().smtpUrls.map(toServer);
  if (servers.length === 0) return captured;
  const rested = servers.filter(({ restsUntil }) => restsUntil <= Date.now());
  let delivery: Delivery = { outcome: "deferred", answer: "" };
  for (const server of rested.length > 0 ? rested : servers) {
    const { outcome, answer } = await handTo(server, mail);
    // Of several servers that cannot be reached, nobody says anything.
    delivery = { outcome, answer: answer || delivery.answer };
    // What the fallback will not take, the first may yet: it only put it off.
    if (outcome === "refused" && server !== servers[0]) delivery.outcome = "deferred";
    if (outcome !== "deferred") break;
    if (answer === "") server.restsUntil = Date.now() + rest;
  }
  return delivery;
}

function toServer(url: string): Server {
  return { transport: transportTo(url), restsUntil: 0 };
}

/** How a mail server is spoken to. */
export function transportTo(url: string): Server["transport"] {
  return createTransport({
    url,
    connectionTimeout: seconds(8),
    greetingTimeout: seconds(8),
    socketTimeout: silenceLimit,
    ...(isSecretAtRisk(url) && { requireTLS: true }),
    disableFileAccess: true,
    disableUrlAccess: true,
  });
}

async function handTo({ transport }: Server, mail: OutgoingMail): Promise<Delivery> {
  const { mailFrom } = environment();
  try {
    const { response } = await transport.sendMail({
      messageId: mail.messageId,
      from: mailFrom,
      // One recipient, whatever anybody reads into the headers.
      envelope: { from: mailFrom.address, to: [mail.recipient] },
      // An object is not parsed: one address stays one recipient.
      to: { name: "", address: mail.recipient },
      subject: mail.subject,
      text: mail.text,
      html: mail.html,
      headers: { "Auto-Submitted": "auto-generated", "X-Auto-Response-Suppress": "All" },
      signal: AbortSignal.timeout(conversationLimit),
    });
    return { outcome: "accepted", answer: response };
  } catch (error) {
    log().warn({ err: error }, "the mail server did not take a mail");
    return failure(error);
  }
}

/** A password that would travel in the clear if somebody on the way took the server's offer of TLS out. */
function isSecretAtRisk(smtpUrl: string): boolean {
  const { username, hostname, searchParams } = new URL(smtpUrl);
  return username !== "" && !isLoopback(hostname) && !searchParams.has("requireTLS");
}

/**
 * RFC 5321 4.2.1: an answer of 5yz to the sender, the recipient or the message is final. To anything else, such as
 * the greeting or the password, it is a fault of the set-up, which the owner can mend while the mail waits.
 * What a connection says of itself may name hosts, and is for the log: visitors are told what the server said.
 */
function failure(error: unknown): Delivery {
  const { code, responseCode, response } = error as {
    code?: string;
    responseCode?: number;
    response?: string;
  };
  const isFinal =
    (code === "EENVELOPE" || code === "EMESSAGE") &&
    responseCode !== undefined &&
    responseCode >= 500;
  return { outcome: isFinal ? "refused" : "deferred", answer: response ?? "" };
}
