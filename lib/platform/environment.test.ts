import { readFileSync } from "node:fs";
import { simpleParser } from "mailparser";
import { createTransport } from "nodemailer";
import { expect, test } from "vitest";
import { EnvironmentError, isLoopback, readEnvironment } from "./environment";

const AUTH_SECRET = "a secret of at least 32 characters";
const SMTP_URL = "smtp://mail.example.org:587";
const second = 1000;
const day = 24 * 60 * 60 * second;
/** An expression that tries every way to split such a name would not come to an end. */
const longWithFault = `${"a".repeat(60)}_`;

test("a secret is all that has to be given", () => {
  expect(readEnvironment({ AUTH_SECRET })).toEqual({
    port: 3000,
    processes: 1,
    siteUrl: new URL("http://localhost:3000"),
    siteName: "Latchkey",
    https: false,
    databaseUrl: "file:./data/latchkey.db",
    authSecrets: [AUTH_SECRET],
    smtpUrls: [],
    mailFrom: { name: "Latchkey", address: "no-reply@localhost" },
    localMailbox: true,
    signUp: "open",
    afterSignInUrl: "/private",
    allowedOrigins: [],
    trustedProxies: 0,
    sessionCookie: "session_id",
    sessionShort: day,
    sessionLong: 30 * day,
    sessionIdle: 7 * day,
    recent: 600 * second,
    linkLifetime: 600 * second,
    accessTokenLifetime: 300 * second,
    twoFactor: "optional",
    twoFactorAttempts: 3,
    totpIssuer: "Latchkey",
    adminEmails: [],
    codeAttempts: 5,
    mailsPerMinute: 1,
    mailsPerHour: 5,
    mailsPerHourPerNetwork: 20,
    metricsToken: undefined,
    tracing: false,
    isOnVercel: false,
    migratesOnVercel: false,
    logLevel: "info",
  });
});

test(".env.example documents every variable", () => {
  const source = readFileSync("lib/platform/environment.ts", "utf8");
  const names = [...source.matchAll(/^ {2}([A-Z][A-Z_]+): /gm)].map(([, name]) => name);
  expect(names.length).toBeGreaterThan(30);
  const documented = readFileSync(".env.example", "utf8");
  expect(names.filter((name) => !new RegExp(`^#? ?${name}=`, "m").test(documented))).toEqual([]);
});

test("an empty value counts as unset", () => {
  const empty = { PORT: "", SITE_URL: " ", SITE_NAME: "", SMTP_URL: "", LINK_MINUTES: "\t" };
  expect(read(empty)).toEqual(read({}));
  expect(faultsOf({ AUTH_SECRET: "" })).toEqual(faultsOf({ AUTH_SECRET: undefined }));
});

test("the port is part of the address when that is not given", () => {
  expect(read({ PORT: "8080" }).siteUrl.href).toBe("http://localhost:8080/");
});

test("every fault is listed at once, each with its variable, the problem and the fix", () => {
  const faults = faultsOf({
    AUTH_SECRET: "short",
    PORT: "0",
    SITE_URL: "https://example.org/path",
    DATABASE_URL: "mysql://localhost",
    SMTP_URL: "http://mail.example.org",
    SMTP_URL_FALLBACK: "mail.example.net",
    SIGN_UP: "everybody",
    MAIL_FROM: "nobody",
    AFTER_SIGN_IN_URL: "//evil.example",
    ALLOWED_ORIGINS: "app.example.org",
    TRUSTED_PROXIES: "-1",
    SESSION_COOKIE: "__Host-session",
    COOKIE_DOMAIN: "org",
    SESSION_SHORT_HOURS: "none",
    SESSION_LONG_DAYS: "0",
    LINK_MINUTES: "11",
    ACCESS_TOKEN_MINUTES: "61",
    CODE_ATTEMPTS: "1.5",
    TWO_FACTOR: "required",
    TWO_FACTOR_ATTEMPTS: "0",
    TOTP_ISSUER: "Site: name",
    ADMIN_EMAILS: "ann",
    METRICS_TOKEN: "short",
    OTEL_EXPORTER_OTLP_ENDPOINT: "localhost:4317",
    CRON_SECRET: "short",
    MIGRATE_PREVIEWS: "1",
    LOG_LEVEL: "loud",
  });
  expect(faults.toSorted()).toEqual([
    "ACCESS_TOKEN_MINUTES must be a number, more than 0 and at most 60",
    "ADMIN_EMAILS must hold addresses only, such as ann@example.org",
    "AFTER_SIGN_IN_URL must be a path of this site, such as /private",
    "ALLOWED_ORIGINS must hold origins only, such as https://app.example.org",
    "AUTH_SECRET holds a secret shorter than 32 characters; run: openssl rand -base64 32",
    "CODE_ATTEMPTS must be a whole number, at least 1 and at most 10",
    expect.stringMatching(/^COOKIE_DOMAIN must be a domain of yours with a dot in it/),
    expect.stringMatching(/^CRON_SECRET must be at least 16 .*run: openssl/),
    expect.stringMatching(/^DATABASE_URL must be file: and a path/),
    "LINK_MINUTES must be a number, more than 0 and at most 10",
    "LOG_LEVEL must be one of: fatal, error, warn, info, debug, trace, silent",
    'MAIL_FROM must look like "Name <name@example.org>"',
    "METRICS_TOKEN is shorter than 16 characters; run: openssl rand -base64 32",
    "MIGRATE_PREVIEWS must be one of: no, yes",
    expect.stringMatching(/^OTEL_EXPORTER_OTLP_ENDPOINT must be the http address of a collector/),
    "PORT must be a whole number, at least 1 and at most 65535",
    "SESSION_COOKIE may hold letters, digits, - and _, and must not start with __",
    expect.stringMatching(/^SESSION_LONG_DAYS must be a number, more than 0/),
    expect.stringMatching(/^SESSION_SHORT_HOURS must be a number, more than 0/),
    "SIGN_UP must be open, invited, or the domains whose addresses may sign up, such as example.org,example.com",
    expect.stringMatching(/^SITE_URL must be an origin without a path/),
    expect.stringMatching(/^SMTP_URL must look like smtp:/),
    expect.stringMatching(/^SMTP_URL_FALLBACK must look like smtp:/),
    "TOTP_ISSUER holds a colon or a control character; leave them out",
    "TRUSTED_PROXIES must be a whole number, at least 0 and at most 10",
    "TWO_FACTOR must be one of: optional, admins, everyone",
    "TWO_FACTOR_ATTEMPTS must be a whole number, at least 1 and at most 10",
  ]);
});

test.each([
  [{ CODE_ATTEMPTS: "0.5" }, "CODE_ATTEMPTS"],
  [{ SITE_URL: "https://example.org", SMTP_URL: "mail.example.org" }, "SMTP_URL"],
])("one fault is one line: %j", (given, variable) => {
  expect(faultsOf(given)).toEqual([expect.stringMatching(`^${variable} must`)]);
});

test.each([undefined, "", " , "])("a missing AUTH_SECRET is told with its fix: %j", (value) => {
  expect(faultsOf({ AUTH_SECRET: value })).toEqual([
    "AUTH_SECRET is missing; run: openssl rand -base64 32",
  ]);
});

test("AUTH_SECRET may hold several, the first of which signs", () => {
  const [first, second] = ["1".repeat(32), "2".repeat(32)];
  expect(read({ AUTH_SECRET: ` ${first} , ${second},` }).authSecrets).toEqual([first, second]);
  expect(faultsOf({ AUTH_SECRET: `${first},short` })).toHaveLength(1);
});

test.each([
  "https://example.org",
  "http://192.168.1.5:3000",
  "http://localhost.evil.example",
  "http://127.0.0.1.example.org",
])("without a mail server, %s is refused", (SITE_URL) => {
  expect(faultsOf({ SITE_URL })).toEqual([expect.stringMatching(/^SMTP_URL is missing.*Set it/)]);
  expect(read({ SITE_URL, SMTP_URL }).localMailbox).toBe(false);
});

test.each(["http://localhost:3000", "http://127.0.0.1", "http://[::1]:8080"])(
  "%s is this machine, where mails may be captured",
  (SITE_URL) => {
    expect(read({ SITE_URL }).localMailbox).toBe(true);
    expect(read({ SITE_URL, SMTP_URL }).localMailbox).toBe(false);
  },
);

test.each(["0.0.0.0", "localhost.example.org", "127.0.0.1.example.org", "127", "[::]", ""])(
  "%j is not this machine",
  (hostname) => expect(isLoopback(hostname)).toBe(false),
);

test("a mail server may be given in parts", () => {
  const [smtpUrl] = read({
    SMTP_HOST: "mail.example.org",
    SMTP_PORT: "2525",
    SMTP_USERNAME: "site@example.org",
    SMTP_PASSWORD: "p%:/@#?",
  }).smtpUrls;
  expect(createTransport(smtpUrl).options).toMatchObject({
    host: "mail.example.org",
    port: 2525,
    auth: { user: "site@example.org", pass: "p%:/@#?" },
  });
  const SMTP_HOST = "mail.example.org";
  expect(read({ SMTP_HOST }).smtpUrls).toEqual(["smtp://mail.example.org:587"]);
  expect(read({ SMTP_HOST, SMTP_URL }).smtpUrls).toEqual([SMTP_URL]);
});

test("port 465 means TLS from the first byte (RFC 8314 3.3)", () => {
  const [smtpUrl] = read({ SMTP_HOST: "mail.example.org", SMTP_PORT: "465" }).smtpUrls;
  expect(createTransport(smtpUrl).options).toMatchObject({ port: 465, secure: true });
});

test.each([
  "mail example.org",
  "mail.example.org:25",
  "mail.example.org/path",
  "user@host",
  "[::",
  longWithFault,
])("SMTP_HOST %j is a fault", (SMTP_HOST) =>
  expect(faultsOf({ SMTP_HOST })).toEqual([expect.stringMatching(/^SMTP_HOST /)]),
);

test.each([
  "smtp:",
  "smtp://",
  "smtp://mail.example.org:99999",
  "smtp://user:pa#ss@mail.example.org",
])("SMTP_URL %j is a fault", (value) => {
  expect(faultsOf({ SMTP_URL: value })).toEqual([expect.stringMatching(/^SMTP_URL must look/)]);
});

test("a second mail server comes after the first, however that is given", () => {
  const SMTP_URL_FALLBACK = " smtps://user:p%40ss@mail.example.net ";
  const fallback = SMTP_URL_FALLBACK.trim();
  expect(read({ SMTP_URL, SMTP_URL_FALLBACK }).smtpUrls).toEqual([SMTP_URL, fallback]);
  const { smtpUrls } = read({ SMTP_HOST: "mail.example.org", SMTP_URL_FALLBACK });
  expect(smtpUrls).toEqual(["smtp://mail.example.org:587", fallback]);
  expect(read({ SMTP_URL, SMTP_URL_FALLBACK: " " }).smtpUrls).toEqual([SMTP_URL]);
});

test("a second mail server without a first is a fault, which names the fix", () => {
  const SMTP_URL_FALLBACK = "smtp://mail.example.net";
  const fault = "SMTP_URL_FALLBACK is set without SMTP_URL; name the first mail server in SMTP_URL";
  expect(faultsOf({ SMTP_URL_FALLBACK })).toEqual([fault]);
  const online = { SITE_URL: "https://example.org", SMTP_URL_FALLBACK };
  expect(faultsOf(online)).toEqual([expect.stringMatching(/^SMTP_URL is missing/), fault]);
  const faulty = faultsOf({ SMTP_URL: "mail.example.org", SMTP_URL_FALLBACK });
  expect(faulty).toEqual([expect.stringMatching(/^SMTP_URL must look/)]);
});

test.each([
  "smtp:",
  "http://mail.example.net",
  "mail.example.net",
  "smtp://u:pa#ss@mail.example.net",
])("SMTP_URL_FALLBACK %j is a fault, and one line", (SMTP_URL_FALLBACK) => {
  const fault = [expect.stringMatching(/^SMTP_URL_FALLBACK must look like smtp:/)];
  expect(faultsOf({ SMTP_URL, SMTP_URL_FALLBACK })).toEqual(fault);
  expect(faultsOf({ SMTP_URL_FALLBACK })).toEqual(fault);
});

test.each([
  ["open", "open"],
  [" open ", "open"],
  ["invited", "invited"],
  ["example.org", ["example.org"]],
  [" example.org , mail.example.com,", ["example.org", "mail.example.com"]],
  ["EXAMPLE.org", ["example.org"]],
  ["münchen.de", ["xn--mnchen-3ya.de"]],
  ["MU\u0308NCHEN.DE,faß.de", ["xn--mnchen-3ya.de", "xn--fa-hia.de"]],
  ["почта.рф", ["xn--80a1acny.xn--p1ai"]],
])("SIGN_UP %j is kept as %j", (SIGN_UP, signUp) => {
  expect(read({ SIGN_UP }).signUp).toEqual(signUp);
});

test.each([
  "closed",
  "everybody",
  "OPEN",
  "open,invited",
  "open,example.org",
  "example.org;example.com",
  "example.org example.com",
  "ann@example.org",
  "example.org,ann@example.org",
  "@example.org",
  ",",
  "example.org/path",
  "example.org.",
  "https://example.org",
  "example.org:25",
  "*.example.org",
  "exa_mple.org",
  "example..org",
  ".example.org",
  "xn--a.org",
  `${longWithFault}.org`,
  "[::1]",
])("SIGN_UP %j is a fault, and one line", (SIGN_UP) => {
  expect(faultsOf({ SIGN_UP })).toEqual([expect.stringMatching(/^SIGN_UP must be open, invited/)]);
});

test.each([
  ["example.org", "https://example.org", "example.org"],
  ["example.org", "https://www.example.org", "example.org"],
  ["www.example.org", "https://www.example.org", "www.example.org"],
  [" .Example.ORG ", "https://a.b.example.org", "example.org"],
  ["münchen.de", "https://www.xn--mnchen-3ya.de", "xn--mnchen-3ya.de"],
  ["site.localhost", "http://www.site.localhost:3000", "site.localhost"],
])("COOKIE_DOMAIN %j of %s is kept as %j", (COOKIE_DOMAIN, SITE_URL, cookieDomain) =>
  expect(read({ COOKIE_DOMAIN, SITE_URL, SMTP_URL }).cookieDomain).toBe(cookieDomain),
);

test.each([
  "org",
  "localhost",
  ".localhost",
  "192.168.1.5",
  "127.1",
  "[::1]",
  "*.example.org",
  "..example.org",
  "example.org.",
  "example.org:443",
  "https://example.org",
  "example.org/",
  "example.org; Path=/x",
  "example.org,example.com",
  "exa_mple.org",
  `${longWithFault}.org`,
])("COOKIE_DOMAIN %j is a fault, and one line", (COOKIE_DOMAIN) => {
  const given = { COOKIE_DOMAIN, SITE_URL: "https://www.example.org", SMTP_URL };
  expect(faultsOf(given)).toEqual([expect.stringMatching(/^COOKIE_DOMAIN must be a domain/)]);
});

test.each([
  ["www.example.org", "https://example.org"],
  ["ample.org", "https://example.org"],
  ["example.org", "https://example.org.evil.example"],
  ["example.org", undefined],
])("COOKIE_DOMAIN %j is none that %s belongs to", (COOKIE_DOMAIN, SITE_URL) => {
  expect(faultsOf({ COOKIE_DOMAIN, SITE_URL, SMTP_URL })).toEqual([
    expect.stringMatching(/^COOKIE_DOMAIN is .* of SITE_URL does not belong; set it to/),
  ]);
});

test("with a faulty SITE_URL, nothing is said of what would belong to it", () => {
  const given = { COOKIE_DOMAIN: "example.org", SITE_URL: "example.org", SMTP_URL };
  expect(faultsOf(given)).toEqual([expect.stringMatching(/^SITE_URL must be/)]);
});

const onVercel = {
  VERCEL: "1",
  VERCEL_ENV: "production",
  VERCEL_PROJECT_PRODUCTION_URL: "www.example.org",
  VERCEL_BRANCH_URL: "site-git-branch.vercel.app",
  VERCEL_URL: "site-abc.vercel.app",
  DATABASE_URL: "postgres://ann:secret@db.example.org/site",
  SMTP_URL,
};

test("on Vercel, a database that is a file is refused, also where none is named", () => {
  const fault = [
    expect.stringMatching(/^DATABASE_URL is missing or a file.*; set it to a PostgreSQL/),
  ];
  for (const DATABASE_URL of [undefined, "file:/tmp/latchkey.db"])
    expect(faultsOf({ ...onVercel, DATABASE_URL })).toEqual(fault);
  const withoutMail = { ...onVercel, SMTP_URL: undefined };
  expect(faultsOf(withoutMail)).toEqual([expect.stringMatching(/^SMTP_URL is missing/)]);
  expect(faultsOf({ ...withoutMail, DATABASE_URL: "mysql://db" })).toHaveLength(2);
});

test("on Vercel, what is not given follows from what Vercel says", () => {
  const site = read(onVercel);
  expect(site).toMatchObject({ https: true, trustedProxies: 1, isOnVercel: true });
  expect(site.siteUrl.origin).toBe("https://www.example.org");
  expect(site.databaseUrl).toBe(`${onVercel.DATABASE_URL}?connection_limit=4`);
  expect(site.migratesOnVercel).toBe(true);
  const preview = { ...onVercel, VERCEL_ENV: "preview" };
  expect(read(preview).siteUrl.origin).toBe("https://site-git-branch.vercel.app");
  expect(read({ ...preview, VERCEL_BRANCH_URL: "" }).siteUrl.host).toBe("site-abc.vercel.app");
  expect(read(preview).migratesOnVercel).toBe(false);
  expect(read({ ...preview, MIGRATE_PREVIEWS: "yes" }).migratesOnVercel).toBe(true);
  const given = { SITE_URL: "https://example.com", TRUSTED_PROXIES: "2" };
  const DATABASE_URL = `${onVercel.DATABASE_URL}?connection_limit=9`;
  const told = read({ ...onVercel, ...given, DATABASE_URL });
  expect(told).toMatchObject({ trustedProxies: 2, databaseUrl: DATABASE_URL });
  expect(told.siteUrl.origin).toBe("https://example.com");
});

test("minutes, hours and days may be fractions", () => {
  const given = { LINK_MINUTES: "0.1", SESSION_SHORT_HOURS: "0.5", SESSION_LONG_DAYS: "0.25" };
  const { linkLifetime, sessionShort, sessionLong } = read(given);
  expect(linkLifetime).toBe(6 * second);
  expect(read({ ACCESS_TOKEN_MINUTES: "0.5" }).accessTokenLifetime).toBe(30 * second);
  expect(sessionShort).toBe(1800 * second);
  expect(sessionLong).toBe(day / 4);
});

test.each(["1e1", "0x5", "-1", "5 minutes", "NaN", "Infinity", "1,5", "0"])(
  "LINK_MINUTES %j is a fault",
  (LINK_MINUTES) => expect(faultsOf({ LINK_MINUTES })).toHaveLength(1),
);

test.each([{ SESSION_LONG_DAYS: "99999999999" }, { SESSION_SHORT_HOURS: "99999999999999" }])(
  "a session that would end beyond what a date can hold is a fault: %j",
  (given) => expect(faultsOf(given)).toHaveLength(1),
);

test.each(["https://example.org", "https://example.org/", " https://EXAMPLE.org "])(
  "SITE_URL %j is the origin https://example.org",
  (SITE_URL) => {
    const { siteUrl, https } = read({ SITE_URL, SMTP_URL });
    expect(siteUrl.origin).toBe("https://example.org");
    expect(https).toBe(true);
  },
);

test.each([
  "example.org",
  "//example.org",
  "ftp://example.org",
  "javascript:alert(1)",
  "https://example.org/path",
  "https://example.org//",
  "https://example.org/?query",
  "https://example.org/#hash",
  "https://user:password@example.org",
  "https://user@example.org",
  "https://exa mple.org",
  "https://",
])("SITE_URL %j is a fault", (SITE_URL) => {
  expect(faultsOf({ SITE_URL, SMTP_URL })).toEqual([expect.stringMatching(/^SITE_URL must be/)]);
});

test.each([
  ["a line break", "Site\r\nBcc: victim@example.org"],
  ["a tab", "Site\tname"],
  ["NUL", "Site\0"],
  ["quotes", 'The "site"'],
  ["angle brackets", "Site <evil@example.org>"],
  ["61 characters", "x".repeat(61)],
])("SITE_NAME with %s is a fault", (_, SITE_NAME) => {
  expect(faultsOf({ SITE_NAME })).toEqual([expect.stringMatching(/^SITE_NAME .+; /)]);
});

test.each(["Smith, Jones & Sons", "Tea: the shop; (est. 1900)", "ann@home", "Чай", "back\\slash"])(
  "with SITE_NAME %j, mail comes from one sender of that name",
  async (SITE_NAME) => {
    const { mailFrom } = read({ SITE_NAME, SITE_URL: "https://example.org", SMTP_URL });
    const sender = { address: "no-reply@example.org", name: SITE_NAME };
    expect(await sendersOf(mailFrom)).toEqual([sender]);
  },
);

test.each([
  ["site@example.org", ""],
  ["<site@example.org>", ""],
  ["The site <site@example.org>", "The site"],
  ["Smith, Jones <site@example.org>", "Smith, Jones"],
  ['"Smith, Jones" <site@example.org>', "Smith, Jones"],
])("MAIL_FROM %j is one sender", async (MAIL_FROM, name) => {
  const sender = { address: "site@example.org", name };
  expect(await sendersOf(read({ MAIL_FROM }).mailFrom)).toEqual([sender]);
});

test.each([
  "site",
  "site@",
  "site@example.org, other@example.org",
  "site@example.org,other",
  "A <a@example.org>, B <b@example.org>",
  "A <a@example.org>\r\nBcc: victim@example.org",
  "A\nBcc: victim@example.org <a@example.org>",
  "A <a@example.org,b>",
  "A <a b@example.org>",
  "A <a@example.org> B",
])("MAIL_FROM %j is a fault", (MAIL_FROM) => {
  expect(faultsOf({ MAIL_FROM })).toEqual([expect.stringMatching(/^MAIL_FROM must look like/)]);
});

test("ALLOWED_ORIGINS are kept as browsers write an origin", () => {
  const ALLOWED_ORIGINS = "https://APP.example.org , http://localhost:5173";
  const allowed = ["https://app.example.org", "http://localhost:5173"];
  expect(read({ ALLOWED_ORIGINS }).allowedOrigins).toEqual(allowed);
});

test.each([
  "*",
  "null",
  "app.example.org",
  "https://app.example.org/path",
  "https://u@example.org",
])("ALLOWED_ORIGINS %j is a fault", (ALLOWED_ORIGINS) =>
  expect(faultsOf({ ALLOWED_ORIGINS })).toHaveLength(1),
);

test.each(["private", "//evil.example", "/\\evil.example", "https://evil.example", "/a\nb"])(
  "AFTER_SIGN_IN_URL %j is a fault",
  (AFTER_SIGN_IN_URL) => expect(faultsOf({ AFTER_SIGN_IN_URL })).toHaveLength(1),
);

test.each(["file::memory:", "file:site.db?mode=ro", "file://host/site.db", "postgres:", "site.db"])(
  "DATABASE_URL %j is a fault",
  (DATABASE_URL) => {
    expect(faultsOf({ DATABASE_URL })).toEqual([expect.stringMatching(/^DATABASE_URL /)]);
  },
);

test.each(["optional", "admins", "everyone"])("TWO_FACTOR %j is kept", (TWO_FACTOR) => {
  expect(read({ TWO_FACTOR }).twoFactor).toBe(TWO_FACTOR);
});

test.each([
  { TWO_FACTOR: "no" },
  { TWO_FACTOR: "Everyone" },
  { TWO_FACTOR: "admins,everyone" },
  { TWO_FACTOR_ATTEMPTS: "0" },
  { TWO_FACTOR_ATTEMPTS: "11" },
  { TWO_FACTOR_ATTEMPTS: "2.5" },
  { TOTP_ISSUER: "a:b" },
  { TOTP_ISSUER: "a\nb" },
  { TOTP_ISSUER: "x".repeat(61) },
  { ADMIN_EMAILS: "ann" },
  { ADMIN_EMAILS: "ann@example.org;bob@example.org" },
  { ADMIN_EMAILS: "ann@example.org bob@example.org" },
  { ADMIN_EMAILS: "ann@example.org,@example.org" },
])("%j is a fault, and one line", (given) => {
  expect(faultsOf(given)).toEqual([expect.stringMatching(`^${Object.keys(given)[0]} `)]);
});

test("authenticator apps call the site by its name, unless they are told another", () => {
  expect(read({ SITE_NAME: "Ann's" }).totpIssuer).toBe("Ann's");
  expect(read({ SITE_NAME: "Ann's", TOTP_ISSUER: " The shop " }).totpIssuer).toBe("The shop");
  // A colon ends the issuer in the address that apps are given.
  expect(read({ SITE_NAME: "Tea: the shop" }).totpIssuer).not.toContain(":");
});

test("administrators are listed by address, as typed", () => {
  const ADMIN_EMAILS = " Ann@Example.org , bob@example.org,";
  expect(read({ ADMIN_EMAILS }).adminEmails).toEqual(["Ann@Example.org", "bob@example.org"]);
  expect(read({ ADMIN_EMAILS: " , " }).adminEmails).toEqual([]);
});

function read(given: Record<string, string | undefined>) {
  return readEnvironment({ AUTH_SECRET, ...given });
}

function faultsOf(given: Record<string, string | undefined>): string[] {
  try {
    read(given);
  } catch (error) {
    if (error instanceof EnvironmentError) return error.faults;
    throw error;
  }
  return [];
}

/** Whom a mail program shows as senders when the site sends with this name. */
async function sendersOf(from: ReturnType<typeof read>["mailFrom"]) {
  const transport = createTransport({ streamTransport: true, buffer: true });
  const { message, envelope } = await transport.sendMail({ from, to: "ann@example.org" });
  const senders = (await simpleParser(message)).from?.value;
  expect(envelope.from).toBe(senders?.[0]?.address);
  return senders;
}

test("METRICS_TOKEN can be sent in a header as it is", () => {
  const token = "Zm9vYmFyZm9vYmFyZm9vYmFy+/8=";
  expect(read({ METRICS_TOKEN: token }).metricsToken).toBe(token);
  for (const wrong of ["fifteen letters", "with blanks in it all over", "sixteen or möre letters"])
    expect(faultsOf({ METRICS_TOKEN: wrong }).join()).toMatch(
      /^METRICS_TOKEN (is shorter|may hold)/,
    );
});

test("either address of a collector switches traces on", () => {
  for (const name of ["OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"])
    expect(read({ [name]: "http://localhost:4318" }).tracing).toBe(true);
});
