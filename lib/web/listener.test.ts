import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, onTestFinished, test } from "vitest";
import { readEnvironment } from "@/lib/platform/environment";
import { requestContext } from "@/lib/platform/request-context";
import { answerWith } from "./listener";
import type { OwnRoutes } from "./own-routes";

process.env.AUTH_SECRET = "a secret of at least 32 characters";
process.env.LOG_LEVEL = "silent";
const site = readEnvironment(process.env);
const renewed = "session_id=renewed; Path=/; HttpOnly";

test("a cookie that a look at the session renews is set with the answer", async () => {
  expect(await cookiesOf([renewed], [])).toEqual([renewed]);
});

test("cookies of other names are set beside it", async () => {
  const others = ["sign_in_browser=1; Path=/", "session_id_2=2", "xsession_id=3"];
  expect(await cookiesOf([renewed], others)).toEqual([...others, renewed]);
  expect(await cookiesOf([renewed], ["sign_in_browser=1"])).toEqual(["sign_in_browser=1", renewed]);
});

test("signing out, or in again, goes before it", async () => {
  for (const own of ["session_id=; Max-Age=0; Path=/", "session_id=another; Path=/"]) {
    expect(await cookiesOf([renewed], [own])).toEqual([own]);
    expect(await cookiesOf([renewed], ["other=1", own])).toEqual(["other=1", own]);
  }
});

test("the prefix is part of the name", async () => {
  const line = "__Host-session_id=renewed; Path=/";
  expect(await cookiesOf([line], ["__Host-session_id=; Max-Age=0"])).toEqual([
    "__Host-session_id=; Max-Age=0",
  ]);
  expect(await cookiesOf([line], ["session_id=other"])).toEqual(["session_id=other", line]);
});

test("an answer that sets none, sets none", async () => {
  expect(await cookiesOf(undefined, [])).toEqual([]);
});

test("a cookie of one request is not set by the answer to another", async () => {
  const all = await Promise.all(
    Array.from({ length: 20 }, (_, index) => cookiesOf([`session_id=${index}`], [])),
  );
  expect(all).toEqual(Array.from({ length: 20 }, (_, index) => [`session_id=${index}`]));
});

describe("a page that is forbidden", () => {
  const page = { "content-type": "text/html; charset=utf-8", "content-encoding": "gzip" };

  test("says which scope is missing, and is kept by nobody", async () => {
    const response = await answerTo(403, page, "site:editor");
    expect(response.status).toBe(403);
    const text = await response.text();
    expect(text).toContain("“site:editor”");
    expect(text).not.toContain("drawn by Next");
    expect(response.headers.get("cache-control")).toBe("no-store");
    expect(response.headers.get("content-encoding")).toBeNull();
    expect(response.headers.get("content-length")).toBe(`${Buffer.byteLength(text)}`);
  });

  test("says it as text, whatever the scope is called", async () => {
    const text = await (await answerTo(403, page, "<script>alert(1)</script>")).text();
    expect(text).not.toContain("<script>");
    expect(text).toContain("&#60;script&#62;");
  });

  test("says it to the letter, also where a text would be put together of it", async () => {
    const text = await (await answerTo(403, page, "$&$`$'")).text();
    expect(text).toContain("“$&#38;$`$&#39;”");
  });

  test("for another reason is Next's own", async () => {
    const plain = { "content-type": "text/html" };
    expect(await (await answerTo(403, plain)).text()).toBe("drawn by Next");
  });

  test("is no page to a program, and none when the answer is another", async () => {
    const json = { "content-type": "application/problem+json" };
    expect(await (await answerTo(403, json, "admin")).text()).toBe("drawn by Next");
    const plain = { "content-type": "text/html" };
    expect(await (await answerTo(200, plain, "admin")).text()).toBe("drawn by Next");
  });

  test("is of one request alone", async () => {
    const plain = { "content-type": "text/html" };
    const names = Array.from({ length: 10 }, (_, index) => `scope-${index}`);
    const pages = await Promise.all(names.map((name) => answerTo(403, plain, name)));
    for (const [index, each] of pages.entries())
      expect(await each.text()).toContain(`“scope-${index}”`);
  });
});

const ownRoutes: OwnRoutes = {
  "/own": {
    GET: async (request) => Response.json({ url: request.url, id: requestContext()?.requestId }),
    HEAD: async (request) =>
      new Response("not sent", { status: 401, headers: { "x-asked-for": request.method } }),
  },
};

describe("a route of its own", () => {
  const own = answerWith(
    async (_, response) => void response.end("answered by Next"),
    site,
    undefined,
    ownRoutes,
  );

  test("answers without Next, in the context and with the headers of every request", async () => {
    const response = await responseOf(own, "/own?scope=a%20b");
    expect(response.headers.get("content-security-policy")).toContain("default-src 'self'");
    expect(await response.json()).toEqual({
      url: "http://localhost/own?scope=a%20b",
      id: response.headers.get("x-request-id"),
    });
    const head = await responseOf(own, "/own", "HEAD");
    expect([head.status, head.headers.get("x-asked-for"), await head.text()]).toEqual([
      401,
      "HEAD",
      "",
    ]);
  });

  test("leaves other methods and paths to Next", async () => {
    for (const path of ["/own/", "/own/x", "/owned", "/constructor", "//own"])
      expect(await (await responseOf(own, path)).text()).toBe("answered by Next");
    for (const method of ["POST", "OPTIONS", "DELETE"])
      expect(await (await responseOf(own, "/own", method)).text()).toBe("answered by Next");
  });
});

/** What comes of an answer that Next has drawn, when a scope is missing. */
async function answerTo(status: number, headers: Record<string, string>, missingScope?: string) {
  return await responseOf(
    answerWith(async (_, response) => {
      const context = requestContext();
      if (context && missingScope !== undefined) context.missingScope = missingScope;
      response.writeHead(status, headers);
      response.end("drawn by Next");
    }, site),
  );
}

/** What is set by an answer that sets cookies of its own, when others are noted for it. */
async function cookiesOf(noted: string[] | undefined, own: string[]): Promise<string[]> {
  const listener = answerWith(async (_, response) => {
    const context = requestContext();
    if (context && noted) context.setCookies = noted;
    if (own.length > 0) response.setHeader("set-cookie", own.length === 1 ? (own[0] ?? "") : own);
    response.end("answered");
  }, site);
  const response = await responseOf(listener);
  expect(await response.text()).toBe("answered");
  return response.headers.getSetCookie();
}

async function responseOf(
  listener: RequestListener,
  path = "/",
  method = "GET",
): Promise<Response> {
  const server = createServer(listener).listen(0, "127.0.0.1");
  onTestFinished(() => void server.close());
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as AddressInfo;
  return await fetch(`http://127.0.0.1:${port}${path}`, { method });
}
