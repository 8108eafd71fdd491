import { expect, test, vi } from "vitest";

process.env.AUTH_SECRET = "a secret of at least 32 characters";
const visitor = "203.0.113.7";
const [innerProxy, outerProxy, forged] = ["10.0.0.1", "10.0.0.2", "198.51.100.66"];

test("without a proxy, the connection tells", async () => {
  expect(await addressOf({ proxies: 0, socket: visitor })).toBe(visitor);
});

test("without a proxy, what a visitor forges is not believed", async () => {
  expect(await addressOf({ proxies: 0, socket: visitor, forwarded: forged })).toBe(visitor);
});

test("behind a proxy, its word is taken", async () => {
  expect(await addressOf({ proxies: 1, socket: innerProxy, forwarded: visitor })).toBe(visitor);
});

test("behind a proxy, what a visitor forges is not believed", async () => {
  for (const forwarded of [
    `${forged}, ${visitor}`,
    `${forged},${forged} , ${visitor}`,
    `, ,${visitor}`,
    `unknown, ${visitor}`,
    `${"1.1.1.1, ".repeat(1000)}${visitor}`,
  ])
    expect(await addressOf({ proxies: 1, socket: innerProxy, forwarded })).toBe(visitor);
});

test("behind two proxies, the word of the outer is taken", async () => {
  const forwarded = `${forged}, ${visitor}, ${outerProxy}`;
  expect(await addressOf({ proxies: 2, socket: innerProxy, forwarded })).toBe(visitor);
});

test("who comes past the proxies is known by the connection", async () => {
  expect(await addressOf({ proxies: 1, socket: visitor })).toBe(visitor);
  expect(await addressOf({ proxies: 2, socket: visitor })).toBe(visitor);
});

test("several headers count as one", async () => {
  const headers = new Headers([
    ["x-forwarded-for", forged],
    ["x-forwarded-for", visitor],
  ]);
  const { clientAddress, inRequestFrom } = await start(1);
  expect(inRequestFrom(innerProxy, () => clientAddress(headers))).toBe(visitor);
});

test("no other header counts", async () => {
  const headers = new Headers({
    forwarded: `for=${forged}`,
    "x-real-ip": forged,
    "true-client-ip": forged,
    "cf-connecting-ip": forged,
    "x-client-ip": forged,
  });
  const { clientAddress, inRequestFrom } = await start(0);
  expect(inRequestFrom(visitor, () => clientAddress(headers))).toBe(visitor);
});

test("where no server of ours stands in front, only a proxy is believed", async () => {
  expect(await addressOf({ proxies: 0, forwarded: forged })).toBe("unknown");
  expect(await addressOf({ proxies: 1, forwarded: `${forged}, ${visitor}` })).toBe(visitor);
  expect(await addressOf({ proxies: 1 })).toBe("unknown");
});

test.each([
  ["::ffff:203.0.113.7", "203.0.113.7"],
  ["::FFFF:203.0.113.7", "203.0.113.7"],
  ["::ffff:cb00:7107", "203.0.113.7"],
  ["2001:db8::7", "2001:db8::7"],
  ["2001:DB8:0:0:0:0:0:7", "2001:db8::7"],
  ["::1", "::1"],
])("one address has one form: %s is %s", async (socket, address) => {
  expect(await addressOf({ proxies: 0, socket })).toBe(address);
});

test.each([
  "unknown",
  "_hidden",
  "evil.example",
  "203.0.113",
  "203.0.113.256",
  "0xcb.0.113.7",
  "203.0.113.7/24",
  "2001:db8::g",
  "<script>",
])("rubbish from a proxy is nobody's address: %j", async (forwarded) => {
  expect(await addressOf({ proxies: 1, socket: innerProxy, forwarded })).toBe("unknown");
});

test("what a proxy passes on is never longer than an address can be", async () => {
  const forwarded = `fe80::1%${"a".repeat(5000)}`;
  const address = await addressOf({ proxies: 1, socket: innerProxy, forwarded });
  expect(address.length).toBeLessThanOrEqual(45);
});

type Arrival = { proxies: number; socket?: string; forwarded?: string };

async function addressOf({ proxies, socket, forwarded }: Arrival): Promise<string> {
  const { clientAddress, inRequestFrom } = await start(proxies);
  const headers = new Headers(forwarded === undefined ? {} : { "x-forwarded-for": forwarded });
  const ask = () => clientAddress(headers);
  return socket === undefined ? ask() : inRequestFrom(socket, ask);
}

/** The site, started with so many `TRUSTED_PROXIES`. */
async function start(proxies: number) {
  vi.resetModules();
  process.env.TRUSTED_PROXIES = String(proxies);
  const { runWithRequestContext } = await import("@/lib/platform/request-context");
  const { clientAddress } = await import("./client-address");
  const inRequestFrom = (socketAddress: string, ask: () => string) =>
    runWithRequestContext({ requestId: "1", isForwarded: false, socketAddress }, ask);
  return { clientAddress, inRequestFrom };
}
