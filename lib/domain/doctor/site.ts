import { askSite, type SiteAnswer } from "@/lib/platform/ask-site";
import { isCertificateFault } from "@/lib/platform/certificate-fault";
import { days } from "@/lib/platform/duration";
import type { Environment } from "@/lib/platform/environment";
import { securityHeaders } from "@/lib/platform/security-headers";
import { sessionCookieName } from "@/lib/platform/session-cookie";
import { listPublicKeys } from "../signing-keys";
import { requireReadableDatabase } from "./database";
import { type Finding, fault, notChecked, ok, type Values, warning } from "./finding";

/** Those who renew certificates by themselves do it a month before. */
const certificateAhead = days(14);

/** What answers at `SITE_URL`, asked as a visitor of it would. Nothing that is asked changes anything. */
export async function examineSite(site: Environment): Promise<Finding[]> {
  const { siteUrl, https } = site;
  try {
    const alive = await askSite(new URL("/healthz", siteUrl));
    const refusal = refusalOf(siteUrl, alive);
    if (refusal) return [refusal];
    return [
      await compareKeys(site),
      await examineReadiness(siteUrl),
      ...examineCertificate(siteUrl, alive),
      ...examineHeaders(site, alive),
      ...(https && !siteUrl.port ? await examinePlainWay(siteUrl.hostname) : []),
    ].filter((found) => found !== null);
  } catch (error) {
    return [describeFailure(siteUrl, error as NodeJS.ErrnoException)];
  }
}

/** Why what answers is not a site of this kind. */
function refusalOf({ origin }: URL, { status, headers, body }: SiteAnswer): Finding | null {
  const location = headers.get("location");
  if (location && status >= 300 && status < 400)
    return fault("site.redirected", { siteUrl: origin, location });
  const isOurs = status === 200 && /^\{"status":"alive"\}$/.test(body.trim());
  return isOurs ? null : fault("site.other", { siteUrl: origin, status });
}

/** The keys of access tokens are public, and no two sites have the same. */
async function compareKeys(site: Environment): Promise<Finding> {
  const { siteUrl } = site;
  const values = { siteUrl: siteUrl.origin };
  const [own, { body }] = await Promise.all([
    requireReadableDatabase(site)
      .then(listPublicKeys)
      .catch(() => []),
    askSite(new URL("/.well-known/jwks.json", siteUrl)),
  ]);
  const shown = readKeyIds(body);
  if (own.length === 0 || shown.length === 0) return ok("site.answers", values);
  // One that was made a moment ago is not shown everywhere yet.
  return own.some(({ kid }) => shown.includes(kid))
    ? ok("site.answers-itself", values)
    : fault("site.another", values);
}

function readKeyIds(body: string): string[] {
  try {
    const { keys } = JSON.parse(body) as { keys: { kid: string }[] };
    return keys.map(({ kid }) => kid);
  } catch {
    return [];
  }
}

async function examineReadiness(siteUrl: URL): Promise<Finding | null> {
  const { status } = await askSite(new URL("/readyz", siteUrl));
  return status === 200 ? null : fault("site.not-ready", { siteUrl: siteUrl.origin, status });
}

function examineCertificate({ host }: URL, { certificateEndsAt }: SiteAnswer): Finding[] {
  const isEnding =
    certificateEndsAt !== null && certificateEndsAt.getTime() < Date.now() + certificateAhead;
  return isEnding ? [warning("site.certificate-ends", { host, endsAt: certificateEndsAt })] : [];
}

/** A proxy may take headers out, or put others in their place. */
function examineHeaders(site: Environment, { headers }: SiteAnswer): Finding[] {
  // The nonce is another in each answer.
  const alike = (value: string | null) => value?.replace(/'nonce-[^']*'/, "") ?? null;
  const changed = Object.entries(securityHeaders({ ...site, nonce: "" }))
    .filter(([name, value]) => alike(headers.get(name)) !== alike(value))
    .map(([name]) => name);
  return changed.length > 0 ? [warning("site.headers", { names: changed.join(", ") })] : [];
}

/** What a visitor gets who types the name alone: the way to https, or nothing. */
export async function examinePlainWay(host: string): Promise<Finding[]> {
  const plain = new URL("/healthz", `http://${host}`);
  const isOpen = await askSite(plain).then(
    ({ status }) => status < 300,
    () => false,
  );
  return isOpen ? [warning("site.plain-way", { plainUrl: plain.origin })] : [];
}

function describeFailure(siteUrl: URL, { name, code, message }: NodeJS.ErrnoException): Finding {
  const values = { siteUrl: siteUrl.origin, host: siteUrl.hostname };
  if (code === "ENOTFOUND" || code === "EAI_AGAIN") return fault("site.unresolved", values);
  const reason = name === "AbortError" || name === "TimeoutError" ? "no answer" : (code ?? message);
  return fault(isCertificateFault(code) ? "site.certificate" : "site.unreachable", {
    ...values,
    reason,
  });
}

/**
 * How the session cookie comes to browsers. Signing out sets it, and changes nothing for somebody who sends no cookie.
 */
export async function examineCookies(site: Environment): Promise<Finding[]> {
  const { siteUrl } = site;
  const answer = await askSite(new URL("/sign_out", siteUrl), {
    method: "POST",
    headers: { origin: siteUrl.origin },
  }).catch(() => null);
  if (answer?.status !== 204) return [notChecked("cookies.unasked", { siteUrl: siteUrl.origin })];
  const name = sessionCookieName(site);
  const wanted = wantedFlags(site);
  const values: Values = { name, wanted: wanted.join("; ") };
  const line = answer.headers.getSetCookie().find((each) => each.startsWith(`${name}=`));
  if (line === undefined) return [fault("cookies.missing", values)];
  const flags = flagsOf(line);
  const isAsSet = flags.toSorted().join() === wanted.toSorted().join();
  return [
    isAsSet
      ? ok("cookies.as-set", values)
      : fault("cookies.changed", { ...values, flags: flags.join("; ") }),
  ];
}

function wantedFlags({ https, cookieDomain }: Environment): string[] {
  const domain = cookieDomain ? [`domain=${cookieDomain}`] : [];
  return ["path=/", ...domain, ...(https ? ["secure"] : []), "httponly", "samesite=lax"];
}

/** All but until when it is kept. */
function flagsOf(line: string): string[] {
  const [, ...flags] = line.split(";").map((flag) => flag.trim().toLowerCase());
  return flags.filter((flag) => !/^(max-age|expires)=/.test(flag));
}
