/** What a mail server can be told to do wrong. */
export type MailFault = (
  | /** Says no, for now (4xx) or for good (5xx). DATA is answered once the whole mail was sent. */
  { answer: number; at: "MAIL" | "RCPT" | "DATA"; words?: string }
  /** Says nothing for so many milliseconds, then goes on as usual. At DATA: after the whole mail. */
  | { stall: number; at: "greeting" | "DATA" }
  /** Says one byte at a time, so many milliseconds apart, to whoever connects meanwhile. */
  | { drip: number }
  /** Hangs up while the mail comes in, having kept nothing of it; or having kept it, unsaid. */
  | { drop: "inside DATA" | "before the answer" }
  /** Takes the mail, which arrives so many milliseconds later. */
  | { late: number }
  /** Takes the mail, which arrives so many times. */
  | { copies: number }
) & {
  /** Only mails to this address. Greeting and MAIL come before it is known, and spare nobody. */
  to?: string;
  /** Only so often; then everything is accepted again. */
  times?: number;
};

/** The moments of an SMTP conversation at which something can go wrong. */
export type MailStage = "greeting" | "MAIL" | "RCPT" | "DATA";

/** Whether this is the moment, and this one of the people, that a fault is meant for. */
export function strikes(fault: MailFault, stage: MailStage, recipients: string[]): boolean {
  const at = "at" in fault ? fault.at : "drip" in fault ? "greeting" : "DATA";
  const isKnown = stage === "RCPT" || stage === "DATA";
  return at === stage && (!fault.to || !isKnown || recipients.some(isAddress(fault.to)));
}

/** Compares addresses as their owner would: without regard to case. */
export function isAddress(address: string): (other: string) => boolean {
  return (other) => other.toLowerCase() === address.toLowerCase();
}
