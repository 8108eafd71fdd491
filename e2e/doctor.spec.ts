import { execFile } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { request as askSite } from "node:http";
import { createServer } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { testCertificate } from "../lib/platform/test-certificate";
import { freePort } from "../scripts/free-port.mjs";
import { textOf } from "./support/account";
import { tablesChangedBy } from "./support/database";
import { expectForEverybody } from "./support/everybody";
import { client, type SentHeaders } from "./support/http";
import { signInOverHttp } from "./support/program";
import { startSite } from "./support/site";
import { expect, test } from "./support/test";

const admin = "ann@example.org";
const password = "correct-horse";

interface Report {
  faults: number;
  findings: { check: string; status: string; name: string; fix: string | null }[];
}

test("the shell and the page find nothing wrong with a site that is set up right, and what its proxy does wrong", async ({
  mailServer,
  browser,
}) => {
  const folder = await mkdtemp(join(tmpdir(), "latchkey-doctor-"));
  const authorityFile = join(folder, "authority.pem");
  await writeFile(authorityFile, testCertificate.cert);
  const port = await freePort();
  const site = await startSite({
    mailServer,
    env: {
      SITE_URL: `https://localhost:${port}`,
      TRUSTED_PROXIES: "1",
      ADMIN_EMAILS: admin,
      NODE_EXTRA_CA_CERTS: authorityFile,
    },
  });
  const rightHeaders = { "x-forwarded-for": "203.0.113.9", "x-forwarded-proto": "https" };
  const proxy = await startProxy(port, site.url, rightHeaders);
  try {
    const program = client({ url: proxy.url, authority: testCertificate.cert });
    await signInOverHttp(program, mailServer, admin);
    await program.post("/token");
    const look = async () => textOf(await program.get("/admin/doctor"));
    const sent = mailServer.messages.length;
    const changed = await tablesChangedBy(site, async () => {
      const told = await site.latchkey("doctor", "--json");
      const { faults, findings } = told.json() as Report;
      const worse = findings.filter(({ status }) => /fault|warning/.test(status));
      expect(worse.filter(({ check }) => check !== "clock")).toEqual([]);
      expect([told.code, told.stderr, faults]).toEqual([0, "", 0]);
      const names = findings.map(({ name }) => name);
      for (const good of ["site.answers-itself", "cookies.as-set", "smtp.open", "keys.signing"])
        expect(names).toContain(good);

      const right = await look();
      expect(right).toContain("No fault");
      expect(right).toContain("came through 1 proxy that TRUSTED_PROXIES counts");
      expect(right).toContain(`https://localhost:${port} answers, and shows the keys`);
      expect(right).toContain("arrives with path=/; secure; httponly; samesite=lax");
    });
    expect(changed).toEqual([]);
    expect(mailServer.messages).toHaveLength(sent);

    proxy.headers = { host: "other.example.org", "x-forwarded-proto": "http" };
    await mailServer.behave("refuse connections");
    const wrong = await look();
    expect(wrong).toMatch(/\d faults, \d warnings/);
    expect(wrong).toContain("X-Forwarded-For came with no address");
    expect(wrong).toContain("asked for other.example.org, and SITE_URL is");
    expect(wrong).toContain("came by http, and SITE_URL is");
    expect(wrong).toMatch(/cannot be reached \(connect ECONNREFUSED/);

    const context = await browser.newContext({ ignoreHTTPSErrors: true });
    await context.addCookies(
      [...program.cookies].map(([name, value]) => ({ name, value, url: proxy.url })),
    );
    const page = await context.newPage();
    await page.goto(`${proxy.url}/admin/doctor`);
    await expectForEverybody(page);
    await context.close();
  } finally {
    await proxy.stop();
    await site.stop();
    await rm(folder, { recursive: true });
  }
});

test("the shell tells of an environment, a database and a mail server that cannot be used", async ({
  site,
}) => {
  const wrong = await doctorWith({
    AUTH_SECRET: "too-short",
    PORT: "0",
    SITE_URL: "https://www.example.org",
    SMTP_PASSWORD: password,
  });
  expect([wrong.code, wrong.stderr]).toEqual([1, "There are 3 faults.\n"]);
  for (const variable of ["AUTH_SECRET", "PORT", "SMTP_URL"])
    expect(wrong.stdout).toContain(`Correct ${variable}`);
  expect(wrong.stdout).toContain("what to do");

  const unmigrated = `${site.databaseFile}.empty`;
  await writeFile(unmigrated, "");
  const away = await doctorWith(
    {
      AUTH_SECRET: "f3b1c9d27e8a4065b1d2c3e4f5061728",
      SITE_URL: `http://localhost:${await freePort()}`,
      SMTP_URL: `smtp://ann:${password}@127.0.0.1:${await freePort()}`,
      DATABASE_URL: `file:${unmigrated}`,
    },
    "--json",
  );
  const { findings } = JSON.parse(away.stdout) as Report;
  const faults = findings.filter(({ status }) => status === "fault");
  expect(away.code).toBe(1);
  expect(faults.map(({ name }) => name)).toEqual([
    "site.unreachable",
    "smtp.unreachable",
    "database.pending",
  ]);
  for (const { fix } of faults) expect(fix).not.toBeNull();
  for (const { stdout, stderr } of [wrong, away]) {
    expect(stdout + stderr).not.toContain(password);
    expect(stdout + stderr).not.toMatch(/^ +at /m);
  }
});

/** Ends TLS before a site, with a certificate that who starts with it believes, and says what it is told to. */
async function startProxy(port: number, siteUrl: string, headers: SentHeaders) {
  const proxy = { url: `https://localhost:${port}`, headers, stop };
  const server = createServer(testCertificate, (asked, answer) => {
    const { method, headers: given } = asked;
    const headers = { ...given, ...proxy.headers };
    const passedOn = askSite(new URL(asked.url ?? "/", siteUrl), { method, headers });
    passedOn.on("response", (said) => {
      answer.writeHead(said.statusCode ?? 502, said.rawHeaders);
      said.pipe(answer);
    });
    passedOn.on("error", () => answer.destroy());
    asked.pipe(passedOn);
  });
  await once(server.listen(port), "listening");
  async function stop() {
    server.closeAllConnections();
    server.close();
    await once(server, "close");
  }
  return proxy;
}

/** Runs it with these variables and no others. */
async function doctorWith(env: Record<string, string>, ...args: string[]) {
  const own = {
    PATH: process.env.PATH ?? "",
    NODE_ENV: "production" as const,
    __NEXT_PROCESSED_ENV: "true",
    ...env,
  };
  return await new Promise<{ code: number; stdout: string; stderr: string }>((resolve) => {
    execFile("node", ["dist/cli.mjs", "doctor", ...args], { env: own }, (error, stdout, stderr) =>
      resolve({ code: Number(error?.code ?? 0), stdout, stderr }),
    );
  });
}
