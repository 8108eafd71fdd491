import { type Headers, simpleParser } from "mailparser";

/** A mail as the mail server took it: envelope, source, and what a mail program shows of it. */
export interface Mail {
  /** The envelope's sender (MAIL FROM), which bounces go to. */
  from: string;
  /** The envelope's recipients (RCPT TO): who gets it, whatever the headers say. */
  recipients: string[];
  /** The bytes that came over the wire, dot-unstuffed, as UTF-8. */
  source: string;
  headers: Headers;
  subject: string;
  /** The text part alone; empty if the mail has none. */
  text: string;
  /** The HTML part alone; empty if the mail has none. */
  html: string;
  receivedAt: Date;
}

/** Reads a mail from its source. Never makes a text part up from the HTML part. */
export async function parseMail(from: string, recipients: string[], source: Buffer): Promise<Mail> {
  const parsed = await simpleParser(source, { skipHtmlToText: true, keepCidLinks: true });
  return {
    from,
    recipients,
    source: source.toString("utf8"),
    headers: parsed.headers,
    subject: parsed.subject ?? "",
    text: parsed.text ?? "",
    html: parsed.html || "",
    receivedAt: new Date(),
  };
}
