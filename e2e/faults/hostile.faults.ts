import { readFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import fc from "fast-check";
import { rawConnection } from "../support/raw-http";
import type { Site } from "../support/site";
import { newcomer, test } from "./test";
import type { Toll } from "./toll";

const refusedWithinMs = 1000;
const waves = 4;
const inWave = 50;
const slowClients = 300;
const besideSlowMs = 3000;
const grownByMegabytes = 40;

test("huge bodies, headers, cookies; slow clients", async ({ open, toll }) => {
  const site = await open();
  const memory = [];
  for (let wave = 0; wave < waves; wave++) {
    for (const [what, request] of Object.entries(hugeRequests(site)))
      for (let index = 0; index < inWave; index += 10) {
        const refusals = Array.from({ length: 10 }, () =>
          toll.timed(() => send(site, request), refusedWithinMs, `refusal of ${what}`),
        );
        for (const { status } of await Promise.all(refusals)) {
          toll.did("huge requests");
          // A server that hangs up on the rest may cut its own answer off: that is a refusal as well.
          toll.expect(
            status === 0 || (status >= 400 && status < 500),
            `refusal of ${what}: ${status}`,
          );
        }
      }
    memory.push(megabytesOf(site));
  }
  await standSlowClients(site, toll);
  memory.push(megabytesOf(site));
  // The first wave is what fills the heap; those after it must find room in it.
  const [first = 0, ...later] = memory;
  const grown = Math.max(...later) - first;
  toll.did("MB of memory at first", Math.round(first));
  toll.did("MB more at most", Math.max(0, Math.round(grown)));
  toll.expect(grown < grownByMegabytes, "flat memory");
});

/** They send a letter now and then, and keep nobody else waiting. */
async function standSlowClients(site: Site, toll: Toll): Promise<void> {
  const connections = await Promise.all(
    Array.from({ length: slowClients }, () => rawConnection(site)),
  );
  const heads = [`GET / HTTP/1.1\r\nX-Slow: `, head(site, "/auth", ["Content-Length: 60000"])];
  for (const [index, { write }] of connections.entries()) write(heads[index % 2] ?? "");
  const { program } = newcomer(site);
  for (let second = 0; second < 8; second++) {
    for (const { write } of connections) write("a");
    const { status } = await toll.timed(() => program.get("/sign-in"), besideSlowMs, "a page");
    toll.expect(status === 200, `page beside slow clients: ${status}`);
    await pause(1000);
  }
  toll.did("slow clients", slowClients);
  // Who sends nothing more is cut off: that takes as long as a request may, and is not waited for.
  await site.kill("SIGTERM");
  await Promise.all(connections.map(({ answer }) => answer()));
  await site.restart();
}

function hugeRequests(site: Site): Record<string, string> {
  const big = "a".repeat(200_000);
  const chunk = `${big.length.toString(16)}\r\n${big}\r\n`;
  return {
    "a length of 100 GB": head(site, "/auth", ["Content-Length: 99999999999"]),
    "a body of 200 KB": head(site, "/auth", [`Content-Length: ${big.length}`]) + big,
    "a body without an end": head(site, "/auth", ["Transfer-Encoding: chunked"]) + chunk.repeat(3),
    "a header of 200 KB": head(site, "/auth", [`X-Huge: ${big}`]),
    "a cookie of 200 KB": head(site, "/auth", [`Cookie: session_id=${big}`]),
    "5,000 headers": head(
      site,
      "/auth",
      Array.from({ length: 5000 }, (_, at) => `X-${at}: a`),
    ),
    "a path of 200 KB": `GET /${big} HTTP/1.1\r\nHost: ${new URL(site.url).host}\r\n\r\n`,
  };
}

async function send(site: Site, request: string) {
  const connection = await rawConnection(site);
  connection.write(request);
  return await connection.answer();
}

/** A request up to its body. */
function head({ url }: Site, path: string, headers: string[]): string {
  const lines = [
    `POST ${path} HTTP/1.1`,
    `Host: ${new URL(url).host}`,
    `Origin: ${url}`,
    "Accept: application/json",
    "Content-Type: application/x-www-form-urlencoded",
    "Connection: close",
    ...headers,
  ];
  return `${lines.join("\r\n")}\r\n\r\n`;
}

/** What of its memory is not swapped out; only Linux tells. */
function megabytesOf({ pid }: Site): number {
  const [, kilobytes] = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
  return Number(kilobytes) / 1024;
}

const requests = 3000;
const atOnce = 20;
const seed = Number(process.env.FAULTS_SEED ?? Date.now() % 2 ** 31);

test("header injection, malformed encodings, hostile addresses", async ({
  open,
  mailServer,
  toll,
}) => {
  const site = await open();
  const samples = fc.sample(hostileRequest(site), { seed, numRuns: requests });
  for (let at = 0; at < samples.length; at += atOnce) {
    const asked = samples.slice(at, at + atOnce).map(async (request) => {
      const { status, text } = await toll.timed(() => send(site, request));
      toll.did("requests");
      const refusal = status >= 200 && status < 500;
      toll.expect(refusal, `clear answer: ${status} to ${JSON.stringify(request.slice(0, 300))}`);
      toll.expect(!/^(x-injected|set-cookie: evil)/im.test(text), "header of our own making");
    });
    await Promise.all(asked);
  }
  toll.did(`seed (FAULTS_SEED=${seed})`);
  for (const { recipients, headers } of mailServer.messages) {
    toll.expect(recipients.length === 1, "single recipient of a mail");
    toll.expect(!headers.has("bcc") && !headers.has("x-injected"), "header of a mail");
  }
  toll.did("mails", mailServer.messages.length);
  const { status } = await newcomer(site).program.get("/sign-in");
  toll.expect(status === 200, "page afterwards");
});

/** Requests that no browser sends, by what they put where. */
function hostileRequest(site: Site): fc.Arbitrary<string> {
  const piece = fc.oneof(
    fc.constantFrom(
      ...[
        "%0d%0aX-Injected: 1",
        "\r\nX-Injected: 1",
        "\nSet-Cookie: evil=1",
        "\0",
        "%00",
        "%ff%fe",
      ],
      ...["%", "%zz", "%u0041", "%c0%ae%c0%ae/", "..%2f", "\u00ff", "\u00e9", "\u202e", "\ufffd"],
      ...[
        "=?utf-8?q?=0d=0aBcc:=20bob@example.org?=",
        "<script>",
        "'; DROP TABLE User; --",
        "$(id)",
      ],
      ...["__proto__", "constructor", "[]", "{}", "null", "-1", "1e999", "a".repeat(4000)],
    ),
    fc.string({ unit: "binary", maxLength: 8 }),
    fc.string({ maxLength: 12 }),
  );
  const noise = fc.array(piece, { maxLength: 4 }).map((parts) => parts.join(""));
  const path = fc.constantFrom(
    ...["/auth", "/auth/code", "/auth/confirm", "/auth/number", "/auth/two-factor", "/auth/stop"],
    ...["/sign_out", "/token", "/account/name", "/account/email/change", "/admin/users/create"],
  );
  const page = fc.constantFrom(
    ...["/", "/sign-in", "/check-email", "/confirm", "/private", "/me", "/account", "/admin/users"],
    ...["/authorize", "/stop-mails", "/not-me", "/undo-address", "/nothing", "/_next/image"],
  );
  const header = fc.constantFrom(
    ...["Cookie", "User-Agent", "Accept", "Accept-Language", "X-Forwarded-For", "Referer"],
    ...["Authorization", "Range", "If-None-Match", "Content-Type", "Next-Action", "RSC", "Origin"],
  );
  const field = fc.constantFrom("email", "code", "token", "number", "next", "name", "time_zone");
  const email = fc
    .tuple(noise, fc.constantFrom("@", "@@", "\uff20", ""), noise)
    .map(([name, at, host]) => `${name}${at}${host}example.org`);
  const value = fc.oneof(noise, email);
  // Some of these are addresses, and get a mail.
  const almost = fc
    .tuple(fc.nat(), piece, fc.constantFrom("name", "next", "time_zone"), noise)
    .map(([number, odd, other, text]) =>
      JSON.stringify({ email: `p${number}${number % 2 ? odd : "+a"}@example.org`, [other]: text }),
    );
  const json = fc.oneof(
    almost,
    fc
      .dictionary(fc.oneof(field, noise), fc.oneof(value, fc.jsonValue()))
      .map((it) => JSON.stringify(it)),
    noise,
  );
  const form = fc
    .array(fc.tuple(field, value, fc.boolean()))
    .map((pairs) =>
      pairs.map(([name, text, isRaw]) => `${name}=${isRaw ? text : encodeSafely(text)}`).join("&"),
    );
  const body = fc.oneof(
    json.map((text) => ["application/json", text] as const),
    form.map((text) => ["application/x-www-form-urlencoded", text] as const),
    noise.map((text) => ["multipart/form-data; boundary=b", `--b\r\n${text}`] as const),
  );
  const { host } = new URL(site.url);
  const from = fc.nat(0xffff).map((number) => `198.19.${number >> 8}.${number & 255}`);
  return fc.oneof(
    fc.tuple(path, header, noise, body, from).map(([to, name, text, [type, content], address]) => {
      const bytes = Buffer.from(content).toString("latin1");
      return `POST ${to} HTTP/1.1\r\nHost: ${host}\r\nOrigin: ${site.url}\r\nX-Forwarded-For: ${address}\r\nAccept: application/json\r\nContent-Type: ${type}\r\nContent-Length: ${bytes.length}\r\nConnection: close\r\n${name === "Origin" || name === "Content-Type" ? "X-Other" : name}: ${text}\r\n\r\n${bytes}`;
    }),
    fc
      .tuple(page, noise, header, noise)
      .map(
        ([to, query, name, text]) =>
          `GET ${to}?${query.replace(/[\r\n ]/g, "")} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n${name}: ${text}\r\n\r\n`,
      ),
    noise.map((text) => `GET /${text} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`),
  );
}

/** Half of a surrogate pair has no encoding. */
function encodeSafely(text: string): string {
  return encodeURIComponent(text.toWellFormed());
}
