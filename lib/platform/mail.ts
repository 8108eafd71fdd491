import { createTransport, type Transporter } from "nodemailer";
import type SMTPTransport from "nodemailer/lib/smtp-transport";
import { seconds } from "./duration";
import { environment } from "./environment";

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

let transport: Transporter<SMTPTransport.SentMessageInfo, SMTPTransport.Options> | undefined;

/** Hands a mail to the mail server. Never throws: a fault is an outcome. */
export async function deliverMail(mail: OutgoingMail): Promise<Delivery> {
  const { smtpUrl, mailFrom } = environment();
  if (!smtpUrl) return { outcome: "captured", answer: "kept in the local mailbox" };
  transport ??= createTransport({
    url: smtpUrl,
    connectionTimeout: seconds(8),
    greetingTimeout: seconds(8),
    socketTimeout: seconds(8),
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  try {
    const { response } = await transport.sendMail({
      messageId: mail.messageId,
      from: mailFrom,
      // An object is not parsed: one address stays one recipient.
      to: { name: "", address: mail.recipient },
      subject: mail.subject,
      text: mail.text,
      html: mail.html,
      headers: { "Auto-Submitted": "auto-generated", "X-Auto-Response-Suppress": "All" },
    });
    return { outcome: "accepted", answer: response };
  } catch (error) {
    return failure(error);
  }
}

/** RFC 5321 4.2.1: 5yz answers are final, all else is worth another try. */
function failure(error: unknown): Delivery {
  const { responseCode, response, message } = error as {
    responseCode?: number;
    response?: string;
    message: string;
  };
  const isFinal =
    responseCode !== undefined &&
    responseCode >= 500 &&
    responseCode !== 530 &&
    responseCode !== 535;
  return { outcome: isFinal ? "refused" : "deferred", answer: response ?? message };
}
