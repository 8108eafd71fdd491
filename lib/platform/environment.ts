import { z } from "zod";
import { days, hours, minutes } from "./duration";
import {
  cookieDomain,
  databaseUrl,
  hostName,
  httpUrl,
  list,
  number,
  origin,
  sender,
  signUp,
  smtpUrl,
} from "./variable";

const smtpUrlForm =
  "must look like smtp://user:password@smtp.example.org:587, with special characters of the password as %23 and the like";
const collectorForm = "must be the http address of a collector, such as http://localhost:4318";
const newSecret = "run: openssl rand -base64 32";

/**
 * The one place where the environment is read. Everything else asks `environment()`.
 * Every variable is documented in `.env.example`.
 */
const variables = z.object({
  PORT: number({ min: 1, max: 65_535, whole: true }).default(3000),
  WEB_CONCURRENCY: number({ min: 1, max: 64, whole: true }).default(1),
  SITE_URL: origin("must be an origin without a path, such as https://example.org").optional(),
  SITE_NAME: z
    .string()
    .trim()
    .max(60, "is longer than 60 characters; shorten it")
    .regex(/^[^\p{Cc}<>"]*$/u, 'holds a control character, <, > or "; leave them out')
    .default("Latchkey"),
  DATABASE_URL: databaseUrl(
    "must be file: and a path, or look like postgres://user:password@db.example.org:5432/name, with special characters of the password as %23 and the like",
  ).default("file:./data/latchkey.db"),
  AUTH_SECRET: list(
    z.string().min(32, `holds a secret shorter than 32 characters; ${newSecret}`),
  ).refine((secrets) => secrets.length > 0, `is missing; ${newSecret}`),
  SMTP_URL: smtpUrl(smtpUrlForm).optional(),
  SMTP_URL_FALLBACK: smtpUrl(smtpUrlForm).optional(),
  SMTP_HOST: hostName("must be the name of a mail server, such as smtp.example.org").optional(),
  SMTP_PORT: number({ min: 1, max: 65_535, whole: true }).optional(),
  SMTP_USERNAME: z.string().optional(),
  SMTP_PASSWORD: z.string().optional(),
  MAIL_FROM: sender('must look like "Name <name@example.org>"').optional(),
  SIGN_UP: signUp(
    "must be open, invited, or the domains whose addresses may sign up, such as example.org,example.com",
  ).default("open"),
  AFTER_SIGN_IN_URL: z
    .string()
    .regex(/^\/(?![/\\])[^\\\p{Cc}]*$/u, "must be a path of this site, such as /private")
    .default("/private"),
  ALLOWED_ORIGINS: list(origin("must hold origins only, such as https://app.example.org")).default(
    [],
  ),
  TRUSTED_PROXIES: number({ min: 0, max: 10, whole: true }).default(0),
  SESSION_COOKIE: z
    .string()
    .regex(
      /^(?!__)[A-Za-z0-9_-]{1,50}$/,
      "may hold letters, digits, - and _, and must not start with __",
    )
    .default("session_id"),
  COOKIE_DOMAIN: cookieDomain(
    "must be a domain of yours with a dot in it, such as example.org: browsers keep no cookie for com, localhost or an IP address",
  ).optional(),
  SESSION_SHORT_HOURS: number({ above: 0, max: 24 * 365 }).default(24),
  SESSION_LONG_DAYS: number({ above: 0, max: 400 }).default(30),
  SESSION_IDLE_DAYS: number({ above: 0, max: 400 }).default(7),
  TWO_FACTOR: z.enum(["optional", "admins", "everyone"]).default("optional"),
  TWO_FACTOR_ATTEMPTS: number({ min: 1, max: 10, whole: true }).default(3),
  TOTP_ISSUER: z
    .string()
    .trim()
    .max(60, "is longer than 60 characters; shorten it")
    .regex(/^[^\p{Cc}:]*$/u, "holds a colon or a control character; leave them out")
    .optional(),
  ADMIN_EMAILS: list(
    z.string().regex(/^[^\s@]+@[^\s@]+$/, "must hold addresses only, such as ann@example.org"),
  ).default([]),
  RECENT_MINUTES: number({ above: 0, max: 24 * 60 }).default(10),
  ACCESS_TOKEN_MINUTES: number({ above: 0, max: 60 }).default(5),
  LINK_MINUTES: number({ above: 0, max: 10 }).default(10),
  CODE_ATTEMPTS: number({ min: 1, max: 10, whole: true }).default(5),
  MAILS_PER_MINUTE: number({ min: 1, max: 1000, whole: true }).default(1),
  MAILS_PER_HOUR: number({ min: 1, max: 10_000, whole: true }).default(5),
  MAILS_PER_HOUR_PER_NETWORK: number({ min: 1, max: 1_000_000, whole: true }).default(20),
  METRICS_TOKEN: z
    .string()
    .min(16, "is shorter than 16 characters; run: openssl rand -base64 32")
    .regex(/^[A-Za-z0-9._~+/-]+=*$/, "may hold letters, digits and ._~+/- only, with = at its end")
    .optional(),
  OTEL_EXPORTER_OTLP_ENDPOINT: httpUrl(collectorForm).optional(),
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: httpUrl(collectorForm).optional(),
  LOG_LEVEL: z.enum(["fatal", "error", "warn", "info", "debug", "trace", "silent"]).default("info"),
});

/** What the site runs with. Durations are milliseconds. */
export type Environment = ReturnType<typeof interpret>["environment"];

/** The environment cannot be used. `faults` says, a line each, which variable, what is wrong, and the fix. */
export class EnvironmentError extends Error {
  override name = "EnvironmentError";
  constructor(readonly faults: string[]) {
    super(faults.join("\n"));
  }
}

let current: Environment | undefined;

/**
 * The environment of this process, read once.
 * @throws {EnvironmentError} with every fault at once
 */
export function environment(): Environment {
  current ??= readEnvironment(process.env);
  return current;
}

/**
 * @param source the variables; an empty value counts as unset
 * @throws {EnvironmentError} with every fault at once
 */
export function readEnvironment(source: Record<string, string | undefined>): Environment {
  const given = Object.fromEntries(Object.entries(source).filter(([, value]) => value?.trim()));
  const checked = variables.safeParse(given);
  const issues = checked.error?.issues ?? [];
  // What is wrong with the others is said as well, so that nobody has to start five times to hear of five faults.
  const faulty = new Set(issues.map((issue) => String(issue.path[0])));
  const sound = Object.entries(given).filter(([name]) => !faulty.has(name));
  const { environment, faults } = interpret(
    checked.data ?? variables.parse({ AUTH_SECRET: "-".repeat(32), ...Object.fromEntries(sound) }),
  );
  const combined = faults.filter(({ of }) => !of.some((name) => faulty.has(name)));
  const all = [...issues.map(faultOfIssue), ...combined.map(({ fault }) => fault)];
  if (all.length > 0) throw new EnvironmentError(all);
  return environment;
}

/** What no single variable tells: defaults that follow from others, and combinations that are refused. */
function interpret(given: z.infer<typeof variables>) {
  const siteUrl = new URL(given.SITE_URL ?? `http://localhost:${given.PORT}`);
  const smtpUrl = given.SMTP_URL ?? smtpUrlOfParts(given);
  const isLocal = isLoopback(siteUrl.hostname);
  /** What is wrong, unless one of these variables is at fault by itself. */
  const faults: { of: (keyof typeof given)[]; fault: string }[] = [];
  if (!isLocal && !smtpUrl)
    faults.push({
      of: ["SMTP_URL", "SMTP_HOST"],
      fault: `SMTP_URL is missing: ${siteUrl.origin} cannot mail its visitors. Set it, or remove SITE_URL to try the site on this machine`,
    });
  if (given.SMTP_URL_FALLBACK && !smtpUrl)
    faults.push({
      of: ["SMTP_URL", "SMTP_HOST"],
      fault: "SMTP_URL_FALLBACK is set without SMTP_URL; name the first mail server in SMTP_URL",
    });
  if (given.COOKIE_DOMAIN && !isWithin(siteUrl.hostname, given.COOKIE_DOMAIN))
    faults.push({
      of: ["SITE_URL"],
      fault: `COOKIE_DOMAIN is ${given.COOKIE_DOMAIN}, to which ${siteUrl.hostname} of SITE_URL does not belong; set it to that host or a domain above it, or remove it`,
    });
  const environment = {
    port: given.PORT,
    /** How many processes serve. */
    processes: given.WEB_CONCURRENCY,
    siteUrl,
    siteName: given.SITE_NAME,
    https: siteUrl.protocol === "https:",
    databaseUrl: given.DATABASE_URL,
    authSecrets: given.AUTH_SECRET as [string, ...string[]],
    /** Where mails go: to the second when the first fails. Empty: they stay in the local mailbox. */
    smtpUrls: [smtpUrl, given.SMTP_URL_FALLBACK].filter((url) => url !== undefined),
    mailFrom: given.MAIL_FROM ?? {
      name: given.SITE_NAME,
      address: `no-reply@${siteUrl.hostname}`,
    },
    /** Mails are captured and shown at /mailbox. Never true where strangers could read it. */
    localMailbox: isLocal && !smtpUrl,
    /** Who may make an account: everybody, nobody who is not invited, or the addresses of some domains. */
    signUp: given.SIGN_UP,
    afterSignInUrl: given.AFTER_SIGN_IN_URL,
    allowedOrigins: given.ALLOWED_ORIGINS,
    trustedProxies: given.TRUSTED_PROXIES,
    sessionCookie: given.SESSION_COOKIE,
    /** Whose hosts get the session cookie; without it the site's own alone. */
    cookieDomain: given.COOKIE_DOMAIN,
    sessionShort: hours(given.SESSION_SHORT_HOURS),
    sessionLong: days(given.SESSION_LONG_DAYS),
    /** Not coming back for so long ends a session. */
    sessionIdle: days(given.SESSION_IDLE_DAYS),
    /** Sensitive acts need a sign-in that is no older. */
    recent: minutes(given.RECENT_MINUTES),
    linkLifetime: minutes(given.LINK_MINUTES),
    accessTokenLifetime: minutes(given.ACCESS_TOKEN_MINUTES),
    /** Who must have a second factor. */
    twoFactor: given.TWO_FACTOR,
    /** So many wrong second factors end a sign-in, and bring a pause. */
    twoFactorAttempts: given.TWO_FACTOR_ATTEMPTS,
    /** What authenticator apps call the site. */
    totpIssuer: given.TOTP_ISSUER ?? given.SITE_NAME.replaceAll(":", " "),
    /** The first administrators, as typed. */
    adminEmails: given.ADMIN_EMAILS,
    codeAttempts: given.CODE_ATTEMPTS,
    mailsPerMinute: given.MAILS_PER_MINUTE,
    mailsPerHour: given.MAILS_PER_HOUR,
    mailsPerHourPerNetwork: given.MAILS_PER_HOUR_PER_NETWORK,
    /** What /metrics asks for; without it there is none. */
    metricsToken: given.METRICS_TOKEN,
    /** Whether traces go out; where to is read by the exporter itself. */
    tracing: Boolean(given.OTEL_EXPORTER_OTLP_ENDPOINT ?? given.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT),
    logLevel: given.LOG_LEVEL,
  };
  return { environment, faults };
}

/** True for the names and addresses of this very machine. */
export function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname === "[::1]" || /^127(\.\d{1,3}){3}$/.test(hostname);
}

/** Whether a host is that of a domain, or below it. */
export function isWithin(hostname: string, domain: string): boolean {
  return hostname === domain || hostname.endsWith(`.${domain}`);
}

function faultOfIssue(issue: z.core.$ZodIssue): string {
  const variable = String(issue.path[0]);
  if (issue.code === "invalid_type") return `${variable} is missing; ${newSecret}`;
  if (issue.code === "invalid_value")
    return `${variable} must be one of: ${issue.values.join(", ")}`;
  return `${variable} ${issue.message}`;
}

/** 465 is the port on which TLS comes first (RFC 8314). */
function smtpUrlOfParts(given: z.infer<typeof variables>): string | undefined {
  if (!given.SMTP_HOST) return undefined;
  const port = given.SMTP_PORT ?? 587;
  const url = new URL(`${port === 465 ? "smtps" : "smtp"}://${given.SMTP_HOST}:${port}`);
  url.username = encodeURIComponent(given.SMTP_USERNAME ?? "");
  url.password = encodeURIComponent(given.SMTP_PASSWORD ?? "");
  return url.href;
}
