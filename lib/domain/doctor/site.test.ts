import { once } from "node:events";
import { createServer as createPlainServer, globalAgent, type RequestListener } from "node:http";
import { createServer as createTlsServer, globalAgent as tlsAgent } from "node:https";
import type { AddressInfo } from "node:net";
import { afterAll, expect, onTestFinished, test, vi } from "vitest";
import { prepareTestDatabase } from "@/lib/platform/database/test-database";
import { type Environment, readEnvironment } from "@/lib/platform/environment";
import { securityHeaders } from "@/lib/platform/security-headers";
import { testCertificate } from "@/lib/platform/test-certificate";
import { freePort } from "@/scripts/free-port.mjs";
import { currentSigner } from "../signing-keys";
import { examineCookies, examinePlainWay, examineSite } from "./site";

await prepareTestDatabase();
const { kid } = await currentSigner();
afterAll(() => {
  globalAgent.destroy();
  tlsAgent.destroy();
});

/** How whatever stands at `SITE_URL` departs from the site. */
interface Departure {
  /** Its answers, by path: a status, a body, or where it sends on. */
  paths?: Record<string, { status?: number; body?: string; location?: string }>;
  headers?: Record<string, string>;
  cookie?: string | null;
}

const flags = "Path=/; HttpOnly; SameSite=lax";

test.each(["http", "https"] as const)("a site that answers by %s is itself", async (scheme) => {
  const site = await startSite(scheme);
  expect(await namesOf(site)).toEqual(["ok site.answers-itself"]);
  expect(await examineCookies(site)).toMatchObject([{ status: "ok", name: "cookies.as-set" }]);
});

test("without a key nothing shows whose site it is, and with another's it does", async () => {
  const [unknown, other] = [{ keys: [] }, { keys: [{ kid: "other" }] }].map((keys) => ({
    "/.well-known/jwks.json": { body: JSON.stringify(keys) },
  }));
  expect(await namesOf(await startSite("http", { paths: unknown ?? {} }))).toEqual([
    "ok site.answers",
  ]);
  expect(await namesOf(await startSite("http", { paths: other ?? {} }))).toEqual([
    "fault site.another",
  ]);
});

test.each([
  [{ status: 308, location: "https://www.example.org/healthz" }, "fault site.redirected"],
  [{ status: 404, body: "" }, "fault site.other"],
  [{ status: 200, body: "<h1>It works!</h1>" }, "fault site.other"],
])("what answers /healthz with %j is: %s", async (answer, expected) => {
  expect(await namesOf(await startSite("http", { paths: { "/healthz": answer } }))).toEqual([
    expected,
  ]);
});

test("one that is not ready is told, and headers that have been changed on the way", async () => {
  const site = await startSite("http", {
    paths: { "/readyz": { status: 503 } },
    headers: { "x-frame-options": "SAMEORIGIN", "content-security-policy": "default-src *" },
  });
  const found = await examineSite(site);
  expect(found.map(({ name }) => name)).toEqual([
    "site.answers-itself",
    "site.not-ready",
    "site.headers",
  ]);
  expect(found[2]?.values).toEqual({ names: "content-security-policy, x-frame-options" });
});

test("a name without address, a port without server, a certificate that nobody knows", async () => {
  const site = await startSite("https");
  const named = (siteUrl: string) => ({ ...site, siteUrl: new URL(siteUrl) });
  expect(await namesOf(named("https://www.example.invalid"))).toEqual(["fault site.unresolved"]);
  expect(await namesOf(named(`https://localhost:${await freePort()}`))).toEqual([
    "fault site.unreachable",
  ]);
  // By a name that is not in the certificate, and by one whose certificate nobody vouches for.
  expect(await namesOf(named(`https://127.0.0.2:${site.siteUrl.port}`))).toEqual([
    "fault site.certificate",
  ]);
  tlsAgent.options.ca = [];
  tlsAgent.destroy();
  expect(await namesOf(site)).toEqual(["fault site.certificate"]);
});

test("a certificate that soon ends is told two weeks before", async () => {
  const site = await startSite("https");
  vi.useFakeTimers({ toFake: ["Date"] });
  onTestFinished(() => void vi.useRealTimers());
  const names = async (now: string) => {
    vi.setSystemTime(new Date(now));
    return (await namesOf(site)).includes("warning site.certificate-ends");
  };
  expect([await names("2126-10-15T00:00:00Z"), await names("2126-10-18T00:00:00Z")]).toEqual([
    false,
    true,
  ]);
});

test("a site that is shown without TLS as well is told, and one that sends on is not", async () => {
  const open = await startSite("http");
  const sendsOn = await startSite("http", {
    paths: { "/healthz": { status: 301, location: "https://www.example.org/healthz" } },
  });
  expect(await examinePlainWay(open.siteUrl.host)).toMatchObject([{ name: "site.plain-way" }]);
  expect(await examinePlainWay(sendsOn.siteUrl.host)).toEqual([]);
  expect(await examinePlainWay(`127.0.0.1:${await freePort()}`)).toEqual([]);
});

test.each([
  ["__Host-session_id=; Path=/; HttpOnly; SameSite=lax", "fault cookies.changed"],
  [`session_id=; ${flags}; Secure`, "fault cookies.missing"],
  [null, "fault cookies.missing"],
])("a session cookie that comes as %s is: %s", async (cookie, expected) => {
  const found = await examineCookies(await startSite("https", { cookie }));
  expect(found.map(({ status, name }) => `${status} ${name}`)).toEqual([expected]);
});

test("a cookie that is shared has the domain, and what is not the site is not asked in vain", async () => {
  const cookie = `__Secure-sid=; Max-Age=0; ${flags}; Secure; Domain=example.org`;
  const site = await startSite("https", { cookie });
  const shared = { ...site, sessionCookie: "sid", cookieDomain: "example.org" };
  expect(await examineCookies(shared)).toMatchObject([{ name: "cookies.as-set" }]);
  const other = await startSite("http", { paths: { "/sign_out": { status: 404 } } });
  expect(await examineCookies(other)).toMatchObject([{ name: "cookies.unasked" }]);
});

/** Something that answers at an address: the site as it should come through a proxy, but for a departure. */
async function startSite(
  scheme: "http" | "https",
  departure: Departure = {},
): Promise<Environment> {
  const listener = answering(scheme, departure);
  tlsAgent.options.ca = testCertificate.cert;
  const server =
    scheme === "http" ? createPlainServer(listener) : createTlsServer(testCertificate, listener);
  await once(server.listen(0), "listening");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const siteUrl = `${scheme}://localhost:${port}`;
  return readEnvironment({ ...process.env, SITE_URL: siteUrl });
}

function answering(scheme: "http" | "https", departure: Departure): RequestListener {
  const https = scheme === "https";
  const name = https ? "__Host-session_id" : "session_id";
  const { cookie = `${name}=; ${flags}; Max-Age=0${https ? "; Secure" : ""}` } = departure;
  return (request, response) => {
    const path = request.url ?? "/";
    const given = departure.paths?.[path];
    const headers = { ...securityHeaders({ https, allowedOrigins: [], nonce: "n" }) };
    response.setHeaders(new Headers({ ...headers, ...departure.headers }));
    if (given?.location) response.setHeader("location", given.location);
    const isSigningOut = request.method === "POST" && path === "/sign_out";
    if (isSigningOut && cookie !== null) response.setHeader("set-cookie", cookie);
    response.statusCode = given?.status ?? (isSigningOut ? 204 : 200);
    response.end(given?.body ?? bodies[path] ?? "");
  };
}

const bodies: Record<string, string> = {
  "/healthz": '{"status":"alive"}',
  "/readyz": '{"status":"ready"}',
  "/.well-known/jwks.json": JSON.stringify({ keys: [{ kid }] }),
};

async function namesOf(site: Environment): Promise<string[]> {
  return (await examineSite(site)).map(({ status, name }) => `${status} ${name}`);
}
