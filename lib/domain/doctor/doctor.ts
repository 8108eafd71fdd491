import { seconds } from "@/lib/platform/duration";
import { type Environment, EnvironmentError, environment } from "@/lib/platform/environment";
import { examineClock } from "./clock";
import { examineDatabase } from "./database";
import { describeFaults, examineEnvironment } from "./environment";
import { type Check, checks, type Finding, hindered, statuses, type Values } from "./finding";
import { examineKeys } from "./keys";
import { type Arrival, examineProxy } from "./proxy";
import { examineSender } from "./sender";
import { examineCookies, examineSite } from "./site";
import { examineSmtp } from "./smtp";

/** However slow others are, whoever asked gets an answer. */
const patience = seconds(12);

export type Examination = {
  /** The variables that the environment was made of. */
  source: Record<string, string | undefined>;
  /** The request by which somebody asks, where it is one. */
  arrival?: Arrival | undefined;
  dkimSelector?: string | undefined;
  dnsServers?: string[] | undefined;
};

/**
 * Looks at everything that the site stands on, side by side. Writes nothing, sends no mail, and never throws: what could not
 * be looked at is a finding, too. No value holds a secret of `source`.
 * @returns by check, and of each check the worst first
 */
export async function examine(examination: Examination): Promise<Finding[]> {
  const site = readSite();
  if (Array.isArray(site)) {
    const others = checks.filter((check) => check !== "environment");
    return [...site, ...others.map((check) => hindered(check, "any.environment-first"))];
  }
  const examined = await Promise.all(
    checks.map((check) => withinPatience(check, () => examiners[check](site, examination))),
  );
  const hide = hiderOf(examination.source);
  return examined
    .flatMap((findings) => findings.toSorted(byStatus))
    .map((found) => ({ ...found, values: withoutSecrets(found.values, hide) }));
}

/** @returns the environment, or what is wrong with it */
function readSite(): Environment | Finding[] {
  try {
    return environment();
  } catch (error) {
    if (error instanceof EnvironmentError) return describeFaults(error.faults);
    throw error;
  }
}

type Examiner = (site: Environment, examination: Examination) => Finding[] | Promise<Finding[]>;

const examiners: Record<Check, Examiner> = {
  environment: (site, { source }) => examineEnvironment(site, source),
  site: examineSite,
  proxy: (site, { arrival }) => examineProxy(site, arrival),
  cookies: examineCookies,
  smtp: examineSmtp,
  sender: examineSender,
  clock: examineClock,
  database: examineDatabase,
  keys: examineKeys,
};

async function withinPatience(
  check: Check,
  look: () => Finding[] | Promise<Finding[]>,
): Promise<Finding[]> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<Finding[]>((resolve) => {
    const slow = hindered(check, "any.slow", { seconds: patience / 1000 });
    timer = setTimeout(() => resolve([slow]), patience);
  });
  try {
    return await Promise.race([look(), tooLate]);
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error);
    return [hindered(check, "any.broken", { said })];
  } finally {
    clearTimeout(timer);
  }
}

function byStatus(one: Finding, other: Finding): number {
  return statuses.indexOf(one.status) - statuses.indexOf(other.status);
}

/** What others say, such as a mail server, may repeat what they were told. */
function withoutSecrets(values: Values, hide: (text: string) => string): Values {
  const entries = Object.entries(values);
  return Object.fromEntries(
    entries.map(([name, value]) => [name, typeof value === "string" ? hide(value) : value]),
  );
}

function hiderOf(source: Examination["source"]): (text: string) => string {
  const secrets = [
    ...(source.AUTH_SECRET ?? "").split(","),
    source.SMTP_PASSWORD ?? "",
    source.METRICS_TOKEN ?? "",
    ...[source.SMTP_URL, source.SMTP_URL_FALLBACK, source.DATABASE_URL].flatMap(passwordsOf),
  ].map((secret) => secret.trim());
  const known = secrets.filter((secret) => secret.length > 2).toSorted(byLength);
  return (text) => known.reduce((rest, secret) => rest.replaceAll(secret, "•••"), text);
}

/** Of a URL as it is written, which need not be a right one, and decoded. */
function passwordsOf(url = ""): string[] {
  const [, password = ""] = /^[^/]*\/\/[^:/]*:(.*)@/.exec(url) ?? [];
  try {
    return [password, decodeURIComponent(password)];
  } catch {
    return [password];
  }
}

/** A secret that another one begins with would leave the rest of that one. */
function byLength(one: string, other: string): number {
  return other.length - one.length;
}
