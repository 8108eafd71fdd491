import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { client } from "./support/http";
import { beginToAsk } from "./support/in-flight";
import { sendCode } from "./support/program";
import { rawConnection } from "./support/raw-http";
import { askForMail, followLink } from "./support/sign-in";
import { type Site, SiteDidNotStart, startSite } from "./support/site";
import { expect, test } from "./support/test";

const faults: Record<string, { env: Record<string, string>; names: string[] }> = {
  "a missing AUTH_SECRET": { env: { AUTH_SECRET: "" }, names: ["AUTH_SECRET"] },
  "a short AUTH_SECRET": { env: { AUTH_SECRET: "a".repeat(31) }, names: ["AUTH_SECRET"] },
  "a short second AUTH_SECRET": {
    env: { AUTH_SECRET: `${"long enough ".repeat(4)},short` },
    names: ["AUTH_SECRET"],
  },
  "an address of the world without a mail server": {
    env: { SITE_URL: "https://latchkey.example" },
    names: ["SMTP_URL"],
  },
  "an address that is none": { env: { SITE_URL: "latchkey" }, names: ["SITE_URL"] },
  "an address with a path": { env: { SITE_URL: "http://localhost/here" }, names: ["SITE_URL"] },
  "an address of another scheme": { env: { SITE_URL: "ftp://localhost" }, names: ["SITE_URL"] },
  "a mail server that is no URL": { env: { SMTP_URL: "mail.example" }, names: ["SMTP_URL"] },
  "a sender with two lines": {
    env: { MAIL_FROM: "a@b.org\r\nBcc: c@d.org" },
    names: ["MAIL_FROM"],
  },
  "a port that is none": { env: { PORT: "70000" }, names: ["PORT"] },
  "an unknown database": { env: { DATABASE_URL: "oracle://x" }, names: ["DATABASE_URL"] },
  "a life of links that is no number": { env: { LINK_MINUTES: "soon" }, names: ["LINK_MINUTES"] },
  "a life of links that is too long": { env: { LINK_MINUTES: "60" }, names: ["LINK_MINUTES"] },
  "no life of links": { env: { LINK_MINUTES: "0" }, names: ["LINK_MINUTES"] },
  "no tries for a code": { env: { CODE_ATTEMPTS: "0" }, names: ["CODE_ATTEMPTS"] },
  "a negative session": { env: { SESSION_SHORT_HOURS: "-1" }, names: ["SESSION_SHORT_HOURS"] },
  "a cookie's name with a space": { env: { SESSION_COOKIE: "my id" }, names: ["SESSION_COOKIE"] },
  "a destination elsewhere": {
    env: { AFTER_SIGN_IN_URL: "https://evil.example" },
    names: ["AFTER_SIGN_IN_URL"],
  },
  "an origin with a path": {
    env: { ALLOWED_ORIGINS: "https://a.example/x" },
    names: ["ALLOWED_ORIGINS"],
  },
  "a number of proxies that is none": {
    env: { TRUSTED_PROXIES: "-1" },
    names: ["TRUSTED_PROXIES"],
  },
  "an unknown level": { env: { LOG_LEVEL: "loud" }, names: ["LOG_LEVEL"] },
  "several faults at once": {
    env: { AUTH_SECRET: "", SITE_URL: "nowhere", LINK_MINUTES: "soon", LOG_LEVEL: "loud" },
    names: ["AUTH_SECRET", "SITE_URL", "LINK_MINUTES", "LOG_LEVEL"],
  },
};

for (const [fault, { env, names }] of Object.entries(faults)) {
  test(`a site does not start with ${fault}, and says what is wrong`, async () => {
    const lines = await refusalOf(startSite({ env }));
    for (const name of names) {
      expect(lines.filter((line) => line.includes(name)).length, lines.join("\n")).toBe(1);
    }
    expect(lines.join("\n")).not.toContain("a".repeat(31));
  });
}

test("a site does not start on a port in use", async () => {
  const squatter = createServer().listen(0, "localhost");
  await once(squatter, "listening");
  const address = squatter.address();
  const port = typeof address === "object" ? `${address?.port}` : "";
  const lines = await refusalOf(startSite({ env: { PORT: port } }));
  expect(lines.filter((line) => line.includes(port))).toHaveLength(1);
  squatter.close();
});

test("a site does not start where it cannot keep its database", async () => {
  const folder = await mkdtemp(join(tmpdir(), "latchkey-start-"));
  try {
    const file = join(folder, "a-file");
    await writeFile(file, "");
    const lines = await refusalOf(startSite({ database: `file:${join(file, "site.db")}` }));
    expect(lines.filter((line) => line.includes("DATABASE_URL"))).toHaveLength(1);
  } finally {
    await rm(folder, { recursive: true });
  }
});

test("a site does not start on a file that is no database", async () => {
  const folder = await mkdtemp(join(tmpdir(), "latchkey-start-"));
  try {
    const file = join(folder, "site.db");
    await writeFile(file, "This is a letter, and no database.\n".repeat(100));
    await refusalOf(startSite({ database: `file:${file}` }));
  } finally {
    await rm(folder, { recursive: true });
  }
});

test("a stop signal lets a request in flight finish, and no new one in", async ({ visitor }) => {
  await withSite(await startSite(), async (site) => {
    const port = Number(new URL(site.url).port);
    const finish = await beginToAsk(site, visitor.email);
    const ended = site.kill("SIGTERM");
    await expect.poll(() => isListening(port)).toBe(false);
    const answer = await finish();
    expect(answer.status, answer.text).toBe(202);
    expect(answer.text).toContain('{"status":"sent"}');
    expect(await within(10_000, ended)).toEqual({ code: 0, signal: null });
  });
});

test("a stop signal does not wait for connections that ask for nothing", async () => {
  await withSite(await startSite(), async (site) => {
    // Browsers open connections ahead of need, and keep those that they have used.
    const unused = await rawConnection(site);
    const used = await rawConnection(site);
    used.write(`GET /healthz HTTP/1.1\r\nHost: ${new URL(site.url).host}\r\n\r\n`);
    expect((await client(site).get("/healthz")).status).toBe(200);
    expect(await within(10_000, site.kill("SIGTERM"))).toEqual({ code: 0, signal: null });
    await Promise.all([unused.answer(), used.answer()]);
  });
});

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  test(`${signal} ends an idle site with 0`, async () => {
    const site = await startSite();
    expect(await site.kill(signal)).toEqual({ code: 0, signal: null });
    expect(site.output()).not.toMatch(stackTrace);
    await site.stop();
  });
}

test("a session and a mail outlive a restart", async ({ visitor }) => {
  await withSite(await startSite(), async (site) => {
    const program = client(site);
    await program.post("/auth", { form: { email: visitor.email } });
    await site.restart();
    const code = await codeInMailbox(site, visitor.email);
    expect((await sendCode(program, code)).status).toBe(200);
    await site.restart();
    expect((await program.get("/me")).status).toBe(200);
  });
});

test.describe("without a proxy in front", () => {
  test.use({ extraHTTPHeaders: {} });

  test("without a mail server, mails are kept in a mailbox that the site tells of", async ({
    page,
    visitor,
  }) => {
    await withSite(await startSite(), async (site) => {
      expect(site.output()).toContain(`${site.url}/mailbox`);
      expect(site.output().match(new RegExp(`${site.url}(?!\\S*/mailbox)`))).not.toBeNull();

      await page.goto(`${site.url}/sign-in`);
      await page.getByLabel("Email address").fill(visitor.email);
      await page.getByRole("button", { name: "Email me a link" }).click();
      await page
        .getByRole("main")
        .getByRole("link", { name: /mailbox/i })
        .click();
      await expect(page).toHaveURL(/\/mailbox/);
      const main = page.getByRole("main");
      await expect(main).toContainText(visitor.email);
      const text = (await main.textContent()) ?? "";
      const [link = ""] = /http:\/\/\S+\/confirm\?token=[\w-]+/.exec(text) ?? [];
      expect(link).toContain(`${site.url}/confirm`);
      await followLink(page, link);
      await expect(page).toHaveURL(`${site.url}/private`);
    });
  });
});

test("the mailbox answers to nobody but this machine's own names", async ({ visitor }) => {
  await withSite(await startSite(), async (site) => {
    const program = client(site);
    await program.post("/auth", { form: { email: visitor.email } });
    await expect.poll(async () => (await program.get("/mailbox")).body).toContain(visitor.email);
    for (const headers of [
      { host: "evil.example" },
      { host: "localhost.evil.example" },
      { host: "evil.example:80", "x-forwarded-host": "localhost" },
      { host: "127.0.0.1.evil.example" },
    ]) {
      const answer = await program.get("/mailbox", headers);
      expect([400, 404], JSON.stringify(headers)).toContain(answer.status);
      expect(answer.body).not.toContain(visitor.email);
    }
    // Behind a proxy everybody seems to be here.
    const proxied = await program.get("/mailbox", { "x-forwarded-for": "198.51.100.1" });
    expect(proxied.body).not.toContain(visitor.email);
    const answer = await program.get("/mailbox");
    expect(answer.headers["cache-control"]).toContain("no-store");
  });
});

test("with a mail server there is no mailbox", async ({ page, site, mailServer, visitor }) => {
  await askForMail(page, mailServer, visitor.email);
  await expect(page.getByRole("link", { name: /mailbox/i })).toHaveCount(0);
  expect(site.output()).not.toContain("/mailbox");
  const answer = await visitor.asNewProgram().get("/mailbox");
  expect(answer.status).toBe(404);
  expect(answer.body).not.toContain(visitor.email);
});

const stackTrace = /^\s+at .+:\d+:\d+\)?$/m;

/** The lines with which a site refused to start; they are to be read by people. */
async function refusalOf(starting: Promise<Site>): Promise<string[]> {
  const startedAt = performance.now();
  const refusal = await starting.then(
    (site) => site.stop().then(() => "It started"),
    (error: unknown) => error,
  );
  if (!(refusal instanceof SiteDidNotStart)) throw new Error(String(refusal));
  expect(performance.now() - startedAt).toBeLessThan(10_000);
  expect(refusal.ending, refusal.output).toEqual({ code: 1, signal: null });
  expect(refusal.output).not.toMatch(stackTrace);
  const lines = refusal.output.split("\n").filter((line) => line.trim());
  expect(lines.length, refusal.output).toBeGreaterThan(0);
  expect(lines.length, refusal.output).toBeLessThan(8);
  return lines;
}

async function withSite(site: Site, deed: (site: Site) => Promise<void>) {
  try {
    await deed(site);
  } finally {
    await site.stop();
  }
}

async function within<T>(ms: number, outcome: Promise<T>): Promise<T | "still waiting"> {
  return Promise.race([outcome, pause(ms, "still waiting" as const)]);
}

async function isListening(port: number): Promise<boolean> {
  const socket = connect({ host: "localhost", port });
  const isConnected = await once(socket, "connect").then(
    () => true,
    () => false,
  );
  socket.destroy();
  return isConnected;
}

async function codeInMailbox(site: Site, email: string): Promise<string> {
  const program = client(site);
  const read = async () => (await program.get("/mailbox")).body;
  await expect.poll(read, { timeout: 10_000 }).toContain(email);
  const [, code = ""] = /[>\s](\d{6})[<\s]/.exec(await read()) ?? [];
  return code;
}
