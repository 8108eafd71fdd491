import { z } from "zod";
import { days, hours, minutes } from "./duration";

/**
 * The one place where the environment is read. Everything else asks `environment()`.
 * Every variable is documented in `.env.example`.
 */
const variables = z.object({
  PORT: number({ min: 1, max: 65_535, whole: true }).default(3000),
  SITE_URL: z.string().optional(),
  SITE_NAME: z
    .string()
    .trim()
    .min(1, "is empty; give the name that visitors read, or remove the line")
    .max(60, "is longer than 60 characters; shorten it")
    .regex(/^[^\p{Cc}<>"]*$/u, 'holds a control character, <, > or "; leave them out')
    .default("Latchkey"),
  DATABASE_URL: z
    .string()
    .regex(/^file:./, "must start with file: (PostgreSQL is not supported yet)")
    .default("file:./data/latchkey.db"),
  AUTH_SECRET: list(
    z.string().min(32, "holds a secret shorter than 32 characters; run: openssl rand -base64 32"),
  ).pipe(z.array(z.string()).min(1)),
  SMTP_URL: z
    .string()
    .regex(/^smtps?:\/\/[^/]/, "must look like smtp://user:password@host:587")
    .optional(),
  SMTP_HOST: z
    .string()
    .min(1, "is empty; give the mail server's name, or remove the line")
    .optional(),
  SMTP_PORT: number({ min: 1, max: 65_535, whole: true }).optional(),
  SMTP_USERNAME: z.string().optional(),
  SMTP_PASSWORD: z.string().optional(),
  MAIL_FROM: z
    .string()
    .regex(
      /^(?:[^<>\p{Cc}]*<[^<>@\s]+@[^<>@\s]+>|[^<>@\s]+@[^<>@\s]+)$/u,
      'must look like "Name <name@example.org>"',
    )
    .optional(),
  AFTER_SIGN_IN_URL: z
    .string()
    .regex(/^\/(?![/\\])[^\\\p{Cc}]*$/u, "must be a path of this site, such as /private")
    .default("/private"),
  ALLOWED_ORIGINS: list(
    z.string().refine(isOrigin, "must hold origins only, such as https://app.example.org"),
  ).default([]),
  TRUSTED_PROXIES: number({ min: 0, max: 10, whole: true }).default(0),
  SESSION_COOKIE: z
    .string()
    .regex(
      /^(?!__)[A-Za-z0-9_-]{1,50}$/,
      "may hold letters, digits, - and _, and must not start with __",
    )
    .default("session_id"),
  SESSION_SHORT_HOURS: number({ above: 0 }).default(24),
  SESSION_LONG_DAYS: number({ above: 0 }).default(30),
  LINK_MINUTES: number({ above: 0, max: 10 }).default(10),
  CODE_ATTEMPTS: number({ min: 1, max: 10, whole: true }).default(5),
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
  const all = [...issues.map(faultOfIssue), ...faults];
  if (all.length > 0) throw new EnvironmentError(all);
  return environment;
}

/** What no single variable tells: defaults that follow from others, and combinations that are refused. */
function interpret(given: z.infer<typeof variables>) {
  const faults: string[] = [];
  const siteUrl = parseSiteUrl(given.SITE_URL ?? `http://localhost:${given.PORT}`);
  if (!siteUrl)
    faults.push("SITE_URL must be an origin without a path, such as https://example.org");
  const smtpUrl = given.SMTP_URL ?? smtpUrlOfParts(given);
  const local = siteUrl !== null && isLoopback(siteUrl.hostname);
  if (siteUrl && !local && !smtpUrl)
    faults.push(
      `SMTP_URL is missing: ${siteUrl.origin} cannot mail its visitors. Set it, or remove SITE_URL to try the site on this machine`,
    );
  const environment = {
    port: given.PORT,
    siteUrl: siteUrl ?? new URL("http://localhost"),
    siteName: given.SITE_NAME,
    https: siteUrl?.protocol === "https:",
    databaseUrl: given.DATABASE_URL,
    authSecrets: given.AUTH_SECRET as [string, ...string[]],
    smtpUrl,
    mailFrom:
      given.MAIL_FROM ?? `${given.SITE_NAME} <no-reply@${siteUrl?.hostname ?? "localhost"}>`,
    /** Mails are captured and shown at /mailbox. Never true where strangers could read it. */
    localMailbox: local && !smtpUrl,
    afterSignInUrl: given.AFTER_SIGN_IN_URL,
    allowedOrigins: given.ALLOWED_ORIGINS,
    trustedProxies: given.TRUSTED_PROXIES,
    sessionCookie: given.SESSION_COOKIE,
    sessionShort: hours(given.SESSION_SHORT_HOURS),
    sessionLong: days(given.SESSION_LONG_DAYS),
    linkLifetime: minutes(given.LINK_MINUTES),
    codeAttempts: given.CODE_ATTEMPTS,
    logLevel: given.LOG_LEVEL,
  };
  return { environment, faults };
}

/** True for the names and addresses of this very machine. */
export function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname === "[::1]" || /^127(\.\d{1,3}){3}$/.test(hostname);
}

function faultOfIssue(issue: z.core.$ZodIssue): string {
  const variable = String(issue.path[0]);
  if (variable === "AUTH_SECRET" && issue.code === "invalid_type")
    return "AUTH_SECRET is missing; run: openssl rand -base64 32";
  if (issue.code === "invalid_value")
    return `${variable} must be one of: ${issue.values.join(", ")}`;
  return `${variable} ${issue.message}`;
}

function number({
  min,
  above,
  max,
  whole,
}: {
  min?: number;
  above?: number;
  max?: number;
  whole?: boolean;
}) {
  const bounds = [
    above !== undefined && `more than ${above}`,
    min !== undefined && `at least ${min}`,
    max !== undefined && `at most ${max}`,
  ].filter(Boolean);
  const wanted = `must be a ${whole ? "whole " : ""}number, ${bounds.join(" and ")}`;
  return z
    .string()
    .regex(/^\s*\d+(\.\d+)?\s*$/, wanted)
    .transform(Number)
    .refine((value) => !whole || Number.isInteger(value), wanted)
    .refine((value) => above === undefined || value > above, wanted)
    .refine((value) => min === undefined || value >= min, wanted)
    .refine((value) => max === undefined || value <= max, wanted);
}

function list<Item extends z.ZodType<string, string>>(item: Item) {
  return z
    .string()
    .transform((text) =>
      text
        .split(",")
        .map((part) => part.trim())
        .filter(Boolean),
    )
    .pipe(z.array(item));
}

function parseSiteUrl(text: string): URL | null {
  const origin = text.trim().replace(/\/$/, "");
  return isOrigin(origin) ? new URL(origin) : null;
}

function isOrigin(text: string): boolean {
  const url = URL.canParse(text) ? new URL(text) : null;
  return url !== null && /^https?:$/.test(url.protocol) && url.origin === text.toLowerCase();
}

function smtpUrlOfParts(given: z.infer<typeof variables>): string | undefined {
  if (!given.SMTP_HOST) return undefined;
  const url = new URL(`smtp://${given.SMTP_HOST}:${given.SMTP_PORT ?? 587}`);
  url.username = encodeURIComponent(given.SMTP_USERNAME ?? "");
  url.password = encodeURIComponent(given.SMTP_PASSWORD ?? "");
  return url.href;
}
