import { type Environment, isLoopback } from "@/lib/platform/environment";
import { contactMailServer } from "@/lib/platform/mail-contact";
import { type Finding, fault, ok, warning } from "./finding";

/** Whether each mail server can be reached and lets the site in. Nothing is sent. */
export async function examineSmtp({ smtpUrls }: Environment): Promise<Finding[]> {
  if (smtpUrls.length === 0) return [ok("smtp.local-mailbox")];
  return await Promise.all(smtpUrls.map(examineServer));
}

async function examineServer(url: string, place: number): Promise<Finding> {
  const { hostname, host, username } = new URL(url);
  const values = { server: host, variable: place === 0 ? "SMTP_URL" : "SMTP_URL_FALLBACK" };
  const contact = await contactMailServer(url);
  if (contact.outcome !== "reached")
    return fault(`smtp.${contact.outcome}`, { ...values, answer: contact.answer });
  if (!contact.isEncrypted && !isLoopback(hostname)) return warning("smtp.unencrypted", values);
  if (contact.isEncrypted && contact.trustsAnybody) return warning("smtp.trusts-anybody", values);
  if (username && !contact.isSignedIn) return warning("smtp.no-sign-in", values);
  return ok(contact.isSignedIn ? "smtp.signed-in" : "smtp.open", values);
}
