import { once } from "node:events";
import { createServer } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { text } from "node:stream/consumers";
import { setTimeout as pause } from "node:timers/promises";
import { expect, test } from "vitest";
import { readEnvironment } from "@/lib/platform/environment";
import { listenEverywhere } from "./http-server";
import { answerWith } from "./listener";

process.env.AUTH_SECRET = "a secret of at least 32 characters";
const host = "Host: localhost\r\n";
const chunk = `10000\r\n${"x".repeat(0x10000)}\r\n`;

test.each([
  ["huge headers", `GET / HTTP/1.1\r\n${host}Cookie: a=${"x".repeat(20_000)}\r\n\r\n`, 431],
  ["a huge address", `GET /?${"x".repeat(20_000)} HTTP/1.1\r\n${host}\r\n`, 431],
  ["a header that is none", `GET / HTTP/1.1\r\n${host}x\r\n\r\n`, 400],
  ["no HTTP at all", "\u0016\u0003\u0001\u0002\u0000\u0001\r\n\r\n", 400],
  ["a chunk of a huge extension", `${post("/echo")}1;${"x".repeat(20_000)}\r\nx\r\n`, 413],
  [
    "a body that is announced as huge",
    `POST / HTTP/1.1\r\n${host}Content-Length: 99999999\r\n\r\n`,
    413,
  ],
])("%s is refused at once, like everything else that is", async (_, request, status) => {
  const { port } = await serve();
  const startedAt = performance.now();
  const answer = await ask(port, request);
  expect(performance.now() - startedAt).toBeLessThan(1000);
  expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
  for (const header of [
    "connection: close",
    "cache-control: no-store",
    "content-type: application/problem\\+json",
    "content-security-policy: default-src 'self'",
    "x-content-type-options: nosniff",
    "x-request-id: [\\w-]{36}",
  ])
    expect(answer).toMatch(new RegExp(`^${header}`, "im"));
  const [body = ""] = /\{.*\}/.exec(answer) ?? [];
  expect(JSON.parse(body)).toMatchObject({ status, detail: expect.any(String) });
});

test("a body that nobody reads is not waited for, and nothing after it is", async () => {
  const { port } = await serve();
  const answer = await ask(port, `${post("/")}${chunk.repeat(20)}`);
  expect(answer).toMatch(/^HTTP\/1.1 200 /);
  expect(answer).toMatch(/^connection: close/im);
});

test("a head that comes too slowly is refused after ten seconds", async () => {
  const { port } = await serve();
  const startedAt = performance.now();
  const [silent, slow] = await Promise.all([ask(port, ""), ask(port, `GET / HTTP/1.1\r\n${host}`)]);
  expect(performance.now() - startedAt).toBeLessThan(13_000);
  for (const answer of [silent, slow]) expect(answer).toMatch(/^HTTP\/1.1 408 /);
}, 20_000);

test("closing answers what has just been asked on a connection that was idle, and ends it", async () => {
  const { port, close } = await serve();
  const socket = connect(port, "127.0.0.1");
  const received = text(socket);
  const get = `GET / HTTP/1.1\r\n${host}\r\n`;
  socket.write(get);
  await once(socket, "data");
  const closed = close();
  socket.write(get);
  await closed;
  const answers = (await received).split(/(?=^HTTP)/m);
  expect(answers.slice(-1)).toEqual([
    expect.stringMatching(/^HTTP\/1.1 200 .*connection: close/is),
  ]);
});

test("closing does not wait for connections on which nothing is asked", async () => {
  const { port, close } = await serve();
  const received = ask(port, "");
  await pause(50);
  await close();
  expect(await received).toBe("");
});

/** A server that answers 200 without reading what it is sent. */
async function serve() {
  const port = await freePort();
  const site = readEnvironment({ ...process.env, PORT: `${port}` });
  const servers = await listenEverywhere(
    site,
    answerWith(async ({ url }, response) => {
      if (url === "/") response.end("answered");
    }, site),
  );
  const close = async () => {
    await Promise.all(servers.map((server) => server.close()));
  };
  return { port, close };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0);
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

async function ask(port: number, request: string): Promise<string> {
  const socket = connect(port, "127.0.0.1");
  socket.on("error", () => {});
  socket.write(request, "latin1");
  return await text(socket);
}

function post(path: string): string {
  return `POST ${path} HTTP/1.1\r\n${host}Transfer-Encoding: chunked\r\n\r\n`;
}
