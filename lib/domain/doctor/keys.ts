import { database } from "@/lib/platform/database/database";
import type { Environment } from "@/lib/platform/environment";
import { unseal } from "@/lib/platform/secrets";
import { requireReadableDatabase } from "./database";
import { type Finding, fault, hindered, ok, warning } from "./finding";

/** So many of each kind are looked at, the newest first: whatever the size of the site, its pages do not wait for it. */
const most = 1000;

/** Whether what is kept encrypted can still be read with the secrets of `AUTH_SECRET`. */
export async function examineKeys(site: Environment): Promise<Finding[]> {
  try {
    await requireReadableDatabase(site);
  } catch {
    return [hindered("keys", "any.no-database")];
  }
  const findings = await Promise.all([examineSigningKeys(), examineApps(), examineMails()]);
  return findings.flat();
}

async function examineSigningKeys(): Promise<Finding[]> {
  const keys = await database().signingKey.findMany({
    orderBy: [{ signsFrom: "desc" }, { id: "desc" }],
    take: most,
  });
  const lost = keys.filter(({ sealedPrivate }) => !opens("signing key", sealedPrivate));
  const signing = keys.find(({ signsFrom }) => signsFrom <= new Date());
  if (signing && lost.includes(signing)) return [fault("keys.signing-lost", { kid: signing.id })];
  // Those that have signed only verify from now on, with their public half.
  const next = lost.find(({ signsFrom }) => signsFrom > new Date());
  if (next) return [fault("keys.next-lost", { kid: next.id, signsFrom: next.signsFrom })];
  return [signing ? ok("keys.signing", { count: keys.length }) : ok("keys.none-yet")];
}

async function examineApps(): Promise<Finding[]> {
  const apps = await database().totp.findMany({ orderBy: { userId: "desc" }, take: most });
  const count = apps.filter(({ sealedSecret }) => !opens("totp secret", sealedSecret)).length;
  if (count > 0) return [fault("keys.apps-lost", { count, of: apps.length })];
  return apps.length > 0 ? [ok("keys.apps", { count: apps.length })] : [];
}

async function examineMails(): Promise<Finding[]> {
  const mails = await database().mail.findMany({
    where: { state: "queued", sealedContent: { not: null } },
    orderBy: { id: "desc" },
    take: most,
    select: { sealedContent: true },
  });
  const lost = mails.filter(({ sealedContent }) => !opens("mail content", sealedContent ?? ""));
  return lost.length > 0 ? [warning("keys.mails-lost", { count: lost.length })] : [];
}

function opens(purpose: Parameters<typeof unseal>[0], sealed: string): boolean {
  try {
    unseal(purpose, sealed);
    return true;
  } catch {
    return false;
  }
}
