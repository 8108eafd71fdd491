import { createSocket } from "node:dgram";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { prepareTestDatabase } from "@/lib/platform/database/test-database";
import { seconds } from "@/lib/platform/duration";
import { readEnvironment } from "@/lib/platform/environment";
import messages from "@/messages/en.json";
import { examineEnvironment } from "./environment";
import { checks, type Finding } from "./finding";
import { type Arrival, examineProxy } from "./proxy";

await prepareTestDatabase();
const strong = "f3b1c9d27e8a4065b1d2c3e4f5061728";
const publicSite = {
  AUTH_SECRET: strong,
  SITE_URL: "https://www.example.org",
  SMTP_URL: "smtp://127.0.0.1:1",
  MAIL_FROM: "sender@example.org",
};

test("an environment in which nothing is at risk is sound", () => {
  expect(risksOf(publicSite)).toEqual(["ok environment.sound"]);
  expect(risksOf({ AUTH_SECRET: strong })).toEqual(["ok environment.sound"]);
});

test.each([
  [{ SITE_URL: "http://www.example.org" }, "fault environment.plain-http"],
  [{ MAIL_FROM: " " }, "warning environment.default-sender"],
  [{ AUTH_SECRET: "a".repeat(64) }, "warning environment.weak-secret"],
  [{ AUTH_SECRET: strong.slice(0, 16).repeat(2) }, "warning environment.weak-secret"],
  [{ AUTH_SECRET: "passwordpassword1passwordpassword" }, "warning environment.weak-secret"],
  [{ LOG_LEVEL: "silent" }, "warning environment.quiet-log"],
])("%j is told", (variables, expected) => {
  expect(risksOf({ ...publicSite, ...variables })).toEqual([expected]);
});

test.each([
  // What is set, what came, whom the site takes for the visitor.
  [0, 0, "127.0.0.1", "fault proxy.untold"],
  [0, 0, "203.0.113.9", "ok proxy.direct"],
  [0, 1, "10.0.0.1", "fault proxy.too-few-trusted"],
  [0, 1, "203.0.113.9", "warning proxy.more-hops"],
  [1, 0, "203.0.113.9", "fault proxy.too-many-trusted"],
  [1, 1, "203.0.113.9", "ok proxy.counted"],
  [1, 1, "2001:db9::1", "ok proxy.counted"],
  [1, 1, "fd00::1", "warning proxy.inside"],
  [1, 2, "172.16.0.1", "fault proxy.too-few-trusted"],
  [2, 1, "203.0.113.9", "fault proxy.too-many-trusted"],
])("%d proxies trusted, %d hops, from %s: %s", (trusted, hops, clientAddress, expected) => {
  const forwardedFor = Array.from({ length: hops }, () => "198.51.100.1");
  expect(proxyOf({ forwardedFor, clientAddress }, trusted)).toEqual([expected]);
});

test("a site of this machine has visitors of this machine", () => {
  const site = readEnvironment({ AUTH_SECRET: strong });
  const arrival = { ...arriving, host: "localhost:3000", clientAddress: "127.0.0.1" };
  const direct = { ...arrival, forwardedFor: [], forwardedScheme: null };
  expect(namesOf(examineProxy(site, direct))).toEqual(["ok proxy.direct"]);
});

test("another host and another scheme are told, in the words of the first proxy", () => {
  const inside = { host: "127.0.0.1:3000" };
  expect(proxyOf({ ...inside, forwardedHost: "www.example.org" })).toEqual(["ok proxy.counted"]);
  expect(proxyOf({ forwardedHost: "evil.example" })).toEqual(["ok proxy.counted"]);
  expect(proxyOf({ ...inside, forwardedHost: "example.org", forwardedScheme: "http" })).toEqual([
    "ok proxy.counted",
    "warning proxy.other-host",
    "warning proxy.other-scheme",
  ]);
});

test("without a request, what the settings tell", () => {
  const names = (proxies: string) =>
    namesOf(examineProxy(readEnvironment({ ...publicSite, TRUSTED_PROXIES: proxies }), undefined));
  expect(names("0")).toEqual(["warning proxy.none-trusted"]);
  expect(names("1")).toEqual(["not-checked proxy.no-request"]);
});

test("faults of the environment are all told, and nothing else is looked at", async () => {
  const found = await examineWith({ AUTH_SECRET: "short", PORT: "0" });
  const faults = found.filter(({ status }) => status === "fault");
  expect(faults.map(({ values }) => values.variable)).toEqual(["PORT", "AUTH_SECRET"]);
  const others = found.filter(({ name }) => name === "any.environment-first");
  expect(others.map(({ check }) => check)).toEqual(checks.slice(1));
});

test("every check has its say, in order, the worst first, and no secret comes out", async () => {
  const password = "p4%23ss:w@rd";
  const found = await examineWith({
    ...publicSite,
    SITE_URL: "https://localhost:1",
    SMTP_URL: `smtp://ann:${encodeURIComponent(password)}@${encodeURIComponent(strong)}.invalid`,
    LOG_LEVEL: "info",
  });
  expect([...new Set(found.map(({ check }) => check))]).toEqual(checks);
  expect(found.find(({ check }) => check === "site")).toMatchObject({ status: "fault" });
  expect(found.find(({ check }) => check === "smtp")?.values.server).toBe("•••.invalid");
  expect(JSON.stringify(found)).not.toContain(strong);
});

test("a fault says what, why and the fix; what is in order says what; and no words are left over", () => {
  const source = readdirSync(import.meta.dirname)
    .filter((file) => !file.includes("test"))
    .map((file) => readFileSync(join(import.meta.dirname, file), "utf8"))
    .join();
  const words: Record<string, Record<string, object>> = messages.doctor.finding;
  const partsOf = (name: string) => {
    const [topic = "", own = ""] = name.split(".");
    return Object.keys(words[topic]?.[own] ?? {});
  };
  const found = [...source.matchAll(/\b(fault|warning|ok|notChecked)\([^()]*?"(\w+\.[\w-]+)"/g)];
  expect(found.length).toBeGreaterThan(60);
  for (const [, status = "", name = ""] of found) {
    if (status === "ok") expect(partsOf(name), name).toEqual(["what"]);
    if (status === "fault" || status === "warning")
      expect(partsOf(name), name).toEqual(["what", "why", "fix"]);
  }
  // Whoever finds these out names them.
  const named =
    /^(smtp\.(un|certificate|no-tls|password)|database\.(pending|newer|half|failed|unread))/;
  for (const [topic, names] of Object.entries(words))
    for (const name of Object.keys(names).map((own) => `${topic}.${own}`)) {
      expect(source.includes(`"${name}"`) || named.test(name), name).toBe(true);
      if (named.test(name)) expect(partsOf(name), name).toEqual(["what", "why", "fix"]);
    }
});

test("name servers that say nothing hold nobody up", async () => {
  const silent = createSocket("udp4").bind(0, "127.0.0.1");
  await once(silent, "listening");
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  const clock = setInterval(() => vi.advanceTimersByTime(seconds(12)), 500);
  onTestFinished(() => {
    clearInterval(clock);
    vi.useRealTimers();
    silent.close();
  });
  const found = await examineWith(publicSite, `127.0.0.1:${silent.address().port}`);
  expect(found.filter(({ check }) => check === "sender")).toMatchObject([
    { status: "not-checked", name: "any.slow", values: { seconds: 12 } },
  ]);
});

const arriving: Arrival = {
  host: "www.example.org",
  forwardedHost: null,
  forwardedScheme: "https",
  forwardedFor: ["203.0.113.9"],
  clientAddress: "203.0.113.9",
};

function proxyOf(arrival: Partial<Arrival>, trusted = 1): string[] {
  const site = readEnvironment({ ...publicSite, TRUSTED_PROXIES: String(trusted) });
  return namesOf(examineProxy(site, { ...arriving, ...arrival }));
}

function risksOf(source: Record<string, string>): string[] {
  return namesOf(examineEnvironment(readEnvironment(source), source));
}

function namesOf(findings: Finding[]): string[] {
  return findings.map(({ status, name }) => `${status} ${name}`);
}

/** What a process finds that was started with these variables. */
async function examineWith(
  variables: Record<string, string>,
  nameServer = "127.0.0.1:1",
): Promise<Finding[]> {
  vi.resetModules();
  for (const [name, value] of Object.entries(variables)) vi.stubEnv(name, value);
  const { examine } = await import("./doctor");
  const found = await examine({ source: process.env, dnsServers: [nameServer] });
  vi.unstubAllEnvs();
  return found;
}
