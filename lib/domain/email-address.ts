import { domainToASCII, domainToUnicode } from "node:url";

export type EmailAddress = {
  /** What is compared, stored as the identity, and written to. */
  canonical: string;
  /** What the person typed, trimmed: what is shown to them. Browsers put a domain into its ASCII form; this undoes it. */
  typed: string;
};

export const emailAddressProblems = [
  "missing",
  "malformed",
  "several",
  "too-long",
  "look-alike",
  "local-part",
] as const;
export type EmailAddressProblem = (typeof emailAddressProblems)[number];

/**
 * One address, one mailbox, one canonical form: NFKC, trimmed, lower-cased, the domain in its ASCII form.
 * Anything that a mail program further down could read as another address, or as two, is refused
 * (ASVS 1.3.11: nothing may be injected into mail headers or envelopes).
 */
export function parseEmailAddress(text: string): EmailAddress | { problem: EmailAddressProblem } {
  if (text.length > 1000) return { problem: "too-long" };
  const typed = text.replace(/^\p{Zs}+|\p{Zs}+$/gu, "");
  if (typed === "") return { problem: "missing" };
  if (/[\u{FF20}\u{FE6B}]/u.test(typed)) return { problem: "look-alike" };
  // Controls, invisible characters and halves of characters: a person cannot have typed them knowingly.
  if (/\p{C}|\p{Default_Ignorable_Code_Point}/u.test(typed)) return { problem: "malformed" };

  const normalized = typed.normalize("NFKC").toLowerCase();
  const [local = "", domain = "", ...rest] = normalized.split("@");
  if (rest.length > 0 || /[,;]/.test(normalized)) return { problem: "several" };
  const ascii = asciiDomain(domain);
  if (!ascii || !local) return { problem: "malformed" };
  // % and ! are routes to other hosts, and =? begins an encoded word, to mail servers of old.
  if (/[^\0-\x7F]|[%!]|=\?/.test(local)) return { problem: "local-part" };
  // RFC 5322 dot-atom: without quotes, comments, groups and route addresses.
  if (!/^[a-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*$/.test(local))
    return { problem: "malformed" };
  const canonical = `${local}@${ascii}`;
  // RFC 5321 4.5.3.1.1 and RFC 3696 erratum 1690.
  if (local.length > 64 || canonical.length > 254) return { problem: "too-long" };
  return {
    canonical,
    typed: typed.replace(/@xn--.*$|@.*\.xn--.*$/i, `@${domainToUnicode(ascii)}`),
  };
}

/** The domain as mail servers know it (RFC 5891), or null when it is none: a name with a top-level domain, no address literal. */
function asciiDomain(domain: string): string | null {
  if (/[\0-\x2C/:-@[-`{-\x7F]/.test(domain)) return null;
  const ascii = domainToASCII(domain);
  const labels = ascii.split(".");
  const wellFormed = labels.every((label) => /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(label));
  const topLevel = labels.at(-1) ?? "";
  return labels.length > 1 && wellFormed && /^([a-z]{2,}|xn--[a-z0-9-]+)$/.test(topLevel)
    ? ascii
    : null;
}
