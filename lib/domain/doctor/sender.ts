import { domainToASCII } from "node:url";
import { type Environment, isLoopback } from "@/lib/platform/environment";
import { type MailRecords, mailRecords } from "@/lib/platform/mail-records";
import { type Finding, fault, notChecked, ok, warning } from "./finding";

/** What mail programs and services call their keys: nobody can list those of a domain. */
const commonSelectors = [
  ...["default", "dkim", "mail", "smtp", "google", "selector1", "selector2", "k1", "k2", "k3"],
  ...["s1", "s2", "sig1", "fm1", "zoho", "protonmail", "mandrill", "mx", "pm", "resend"],
];
/** RFC 7208 4.6.4: over it, the record counts as broken. */
const mostLookups = 10;

type Sender = {
  /** Other name servers than the system's, as `address:port`. */
  dnsServers?: string[] | undefined;
  /** The name of the DKIM key with which the mail server signs. */
  dkimSelector?: string | undefined;
};

/** What DNS tells those who get mail about the domain that sends it. */
export async function examineSender(site: Environment, sender: Sender): Promise<Finding[]> {
  if (isLoopback(site.siteUrl.hostname)) return [notChecked("sender.local")];
  const domain = domainToASCII(site.mailFrom.address.split("@").at(-1) ?? "");
  const records = mailRecords(sender.dnsServers);
  const parts = [
    examineRoute(records, domain),
    examineSpf(records, domain),
    examineDkim(records, domain, sender.dkimSelector),
    examineDmarc(records, domain),
  ];
  const away = (error: NodeJS.ErrnoException) =>
    notChecked("sender.dns-away", { domain, code: error.code ?? error.message });
  const found = await Promise.all(parts.map((part) => part.catch(away)));
  // One line is enough for name servers that say nothing.
  const isRepeated = (one: Finding | null, at: number) =>
    one?.name === "sender.dns-away" && found.findIndex((each) => each?.name === one.name) < at;
  return found.filter((one, at) => one !== null && !isRepeated(one, at)) as Finding[];
}

/** Many servers take no mail from a domain to which none can be sent back. */
async function examineRoute(records: MailRecords, domain: string): Promise<Finding | null> {
  return (await records.takesMail(domain)) ? null : warning("sender.no-route", { domain });
}

async function examineSpf(records: MailRecords, domain: string): Promise<Finding> {
  const [record, ...others] = await listSpf(records, domain);
  if (record === undefined) return warning("sender.no-spf", { domain });
  if (others.length > 0) return fault("sender.several-spf", { domain, count: others.length + 1 });
  const values = { domain, record };
  const all = /(?:^|\s)([-+~?]?)all(?:\s|$)/i.exec(record);
  if (all && (all[1] === "" || all[1] === "+")) return fault("sender.spf-lets-all", values);
  const count = await countLookups(records, record);
  if (count > mostLookups) return fault("sender.spf-lookups", { ...values, count });
  const isOpen = all ? all[1] === "?" : !/\sredirect=/i.test(record);
  return isOpen ? warning("sender.spf-open", values) : ok("sender.spf", values);
}

async function listSpf(records: MailRecords, domain: string): Promise<string[]> {
  return (await records.listTexts(domain)).filter((text) => /^v=spf1(\s|$)/i.test(text));
}

/** So many questions a server asks for one mail, and no more than it takes to be too many. */
async function countLookups(records: MailRecords, record: string): Promise<number> {
  const waiting = [record];
  let count = 0;
  for (let next = waiting.pop(); next && count <= mostLookups; next = waiting.pop())
    for (const term of next.split(/\s+/).slice(1)) {
      const [, name = "", target] =
        /^[-+~?]?(include|a|mx|ptr|exists|redirect)(?:[:=/](.+))?$/i.exec(term) ?? [];
      if (name) count++;
      // A macro stands for something of the single mail.
      if (/^(include|redirect)$/i.test(name) && target && !target.includes("%"))
        waiting.push(...(await listSpf(records, target)));
    }
  return count;
}

async function examineDkim(
  records: MailRecords,
  domain: string,
  selector: string | undefined,
): Promise<Finding> {
  const asked = selector ? [selector] : commonSelectors;
  const found = await Promise.all(asked.map((each) => findDkim(records, domain, each)));
  const at = found.findIndex((key) => key !== null);
  if (at < 0 && !selector) return notChecked("sender.dkim-untold", { domain });
  const values = { domain, selector: asked[Math.max(at, 0)] ?? "" };
  if (at < 0) return fault("sender.no-dkim", values);
  const isAnyAlive = found.some((key) => key !== null && key !== "");
  if (!isAnyAlive)
    return selector
      ? fault("sender.dkim-revoked", values)
      : notChecked("sender.dkim-untold", values);
  return ok(selector ? "sender.dkim" : "sender.dkim-perhaps", {
    domain,
    selector: asked[found.findIndex((key) => key)] ?? "",
  });
}

/** The key of a selector; empty when it has been revoked (RFC 6376 3.6.1), null when there is none. */
async function findDkim(
  records: MailRecords,
  domain: string,
  selector: string,
): Promise<string | null> {
  const texts = await records.listTexts(`${selector}._domainkey.${domain}`);
  const keys = texts.map((text) => /(?:^|;)\s*p\s*=([^;]*)/.exec(text)?.[1]);
  return keys.find((key) => key !== undefined)?.trim() ?? null;
}

async function examineDmarc(records: MailRecords, domain: string): Promise<Finding> {
  const [record, ...others] = await listDmarc(records, domain);
  if (record === undefined) return warning("sender.no-dmarc", { domain });
  if (others.length > 0) return fault("sender.several-dmarc", { domain });
  const policy = /(?:^|;)\s*p\s*=\s*(\w+)/i.exec(record)?.[1]?.toLowerCase();
  if (policy === "quarantine" || policy === "reject") return ok("sender.dmarc", { domain, policy });
  return warning("sender.dmarc-none", { domain, record });
}

/** The records of the domain, or else of the nearest one above it that has any (RFC 9989). */
async function listDmarc(records: MailRecords, domain: string): Promise<string[]> {
  const texts = await records.listTexts(`_dmarc.${domain}`);
  const found = texts.filter((text) => /^v\s*=\s*DMARC1\s*(;|$)/i.test(text));
  const above = domain.slice(domain.indexOf(".") + 1);
  return found.length > 0 || !above.includes(".") ? found : await listDmarc(records, above);
}
