import { once } from "node:events";
import { createServer } from "node:http";
import { freePort } from "../scripts/free-port.mjs";
import {
  client,
  type HttpAnswer,
  type HttpClient,
  type SentBody,
  type SentHeaders,
} from "./support/http";
import { bearing, tokenFor } from "./support/jwt";
import { expectProblem } from "./support/problem";
import { askOverHttp, isSignedIn, sendCode, signInOverHttp } from "./support/program";
import { listRoutes } from "./support/routes";
import { handOver } from "./support/second-factor";
import { codeIn } from "./support/sign-in";
import { startSite } from "./support/site";
import { expect, test } from "./support/test";

const friend = "https://app.example.org";
const neighbour = "http://localhost:82";
const asJson = { accept: "application/json" };

test.use({ siteEnv: { ALLOWED_ORIGINS: `${friend}, ${neighbour}` } });

const callable: Record<string, { method: string; wanted: string }> = {
  "/auth": { method: "POST", wanted: "content-type" },
  "/me": { method: "GET", wanted: "authorization" },
  "/sign_out": { method: "POST", wanted: "content-type" },
  "/token": { method: "POST", wanted: "content-type" },
};

const strangers: Record<string, string> = {
  "another origin": "https://evil.example",
  "one that begins alike": `${friend}.evil.example`,
  "one that ends alike": "https://evilapp.example.org",
  "one that ends alike after a dot": "https://evil.app.example.org",
  "the one above it": "https://example.org",
  "one with the friend for a user": `${friend}@evil.example`,
  "the same without encryption": "http://app.example.org",
  "the same on another port": `${friend}:8443`,
  "the same with a path": `${friend}/`,
  "two of them": `${friend}, ${neighbour}`,
  none: "null",
  "a letter less": friend.slice(0, -1),
  "a letter more": `${friend}x`,
  "any letter for a dot": "https://appxexample.org",
  "a star": "*",
};

for (const [path, { method, wanted }] of Object.entries(callable)) {
  test(`${path} may be called from an allowed origin, which the browser asks first`, async ({
    visitor,
  }) => {
    for (const origin of [friend, neighbour]) {
      const answer = await preflight(visitor.asNewProgram(), path, { origin, method, wanted });
      expect([200, 204]).toContain(answer.status);
      expectReadableBy(answer, origin);
      expect(list(answer, "access-control-allow-methods")).toContain(method.toLowerCase());
      expect(list(answer, "access-control-allow-headers")).toContain(wanted);
      // A star stands for nothing where credentials are sent (Fetch 3.3.5).
      expect(JSON.stringify(answer.headers)).not.toContain('"*"');
      expect(answer.setCookies).toEqual([]);
      expect(Number(answer.headers["access-control-max-age"] ?? 0)).toBeLessThanOrEqual(86_400);
    }
    for (const other of ["DELETE", "PUT", "PATCH"]) {
      const answer = await preflight(visitor.asNewProgram(), path, {
        origin: friend,
        method: other,
        wanted,
      });
      expect(list(answer, "access-control-allow-methods")).not.toContain(other.toLowerCase());
    }
  });

  test(`${path} is closed to every other origin`, async ({ mailServer, visitor }) => {
    const program = visitor.asNewProgram();
    await signInOverHttp(program, mailServer, visitor.email);
    for (const [which, origin] of Object.entries(strangers)) {
      const asked = await preflight(visitor.asNewProgram(), path, { origin, method, wanted });
      expectUnreadable(asked, `${which}, asked first`);
      const body: SentBody = { json: { email: `new-${visitor.email}` } };
      const sent = method === "GET" ? { headers: { origin } } : { headers: { origin }, body };
      const answer = await program.request(method, path, sent);
      expectUnreadable(answer, which);
      if (method === "POST") expectProblem(answer, 403);
      expect(answer.setCookies, which).toEqual([]);
      // A cache must not give it to the origins that may read theirs.
      expect(list(answer, "vary"), which).toContain("origin");
    }
    expect(await isSignedIn(program)).toBe(true);
    expect(
      mailServer.messages.filter(({ recipients }) => recipients.includes(`new-${visitor.email}`)),
    ).toEqual([]);
  });
}

test("an allowed origin may sign in, ask who that is, get a token and sign out", async ({
  mailServer,
  visitor,
}) => {
  const headers = { ...asJson, origin: friend };
  const program = visitor.asNewProgram();
  const asked = await program.post("/auth", { json: { email: visitor.email } }, headers);
  expect(asked.status).toBe(202);
  expectReadableBy(asked, friend);
  const mail = await mailServer.waitForMail({ to: visitor.email });
  expect((await sendCode(program, codeIn(mail))).status).toBe(200);

  const me = await program.get("/me", headers);
  expect(me.status).toBe(200);
  expectReadableBy(me, friend);
  expect(me.json()).toMatchObject({ email_address: visitor.email });

  const issued = await program.post("/token", undefined, headers);
  expect(issued.status).toBe(200);
  expectReadableBy(issued, friend);
  expect(issued.headers["cache-control"]).toContain("no-store");
  const { access_token: token } = issued.json() as { access_token: string };
  const byToken = await visitor.asNewProgram().get("/me", { ...headers, ...bearing(token) });
  expect(byToken.status).toBe(200);
  expectReadableBy(byToken, friend);

  const looked = await program.request("HEAD", "/me", { headers });
  expect(looked.status).toBe(200);
  expectReadableBy(looked, friend);

  const signedOut = await program.post("/sign_out", undefined, headers);
  expect(signedOut.status).toBe(204);
  expectReadableBy(signedOut, friend);
  expect(await isSignedIn(program)).toBe(false);
});

interface Refusal {
  status: number;
  method?: string;
  path: string;
  body?: SentBody;
  headers?: SentHeaders;
}

const refusals: Record<string, Refusal> = {
  "who is nobody, at /me": { status: 401, method: "GET", path: "/me" },
  "who is nobody, at /token": { status: 401, path: "/token" },
  "a token that is none": {
    status: 401,
    method: "GET",
    path: "/me",
    headers: bearing("a.b.c"),
  },
  "an address that is none": { status: 422, path: "/auth", body: { json: { email: "x" } } },
  "a body that is none": {
    status: 400,
    path: "/auth",
    body: { raw: "{", type: "application/json" },
  },
  "a type that is none": { status: 415, path: "/auth", body: { raw: "x", type: "text/css" } },
  "another method": { status: 405, method: "DELETE", path: "/token" },
};

for (const [what, { status, method = "POST", path, body, headers }] of Object.entries(refusals)) {
  test(`an allowed origin may read why ${what} is refused`, async ({ visitor }) => {
    const answer = await visitor.asNewProgram().request(method, path, {
      body,
      headers: { ...asJson, ...headers, origin: friend },
    });
    expect(answer.status).toBe(status);
    expect(answer.headers["content-type"]).toContain("problem+json");
    expectReadableBy(answer, friend);
  });
}

test("an allowed origin may read that it has asked too often, and a stranger may not", async ({
  mailServer,
  visitor,
}) => {
  const program = visitor.asNewProgram();
  await askOverHttp(program, mailServer, visitor.email);
  const ask = (origin: string) =>
    program.post("/auth", { json: { email: visitor.email } }, { ...asJson, origin });
  const answer = await ask(friend);
  expectProblem(answer, 429);
  expectReadableBy(answer, friend);
  // A page reads no header that it is not given (Fetch 3.3.6).
  expect(answer.headers["retry-after"]).toMatch(/^\d+$/);
  expect(list(answer, "access-control-expose-headers")).toContain("retry-after");
  const refused = await ask("https://evil.example");
  expectProblem(refused, 403);
  expectUnreadable(refused, "evil");
});

test("no other page or handler may be called or read from an allowed origin", async ({
  site,
  mailServer,
  visitor,
}) => {
  const program = visitor.asNewProgram();
  await signInOverHttp(program, mailServer, visitor.email);
  const cookies = new Map(program.cookies);
  const faults: string[] = [];
  for (const { path, kind } of listRoutes()) {
    // Public, and read without credentials.
    if (path in callable || ["/.well-known/jwks.json", "/openapi.json"].includes(path)) continue;
    const asked = await preflight(program, path, {
      origin: friend,
      method: "POST",
      wanted: "content-type",
    });
    note(asked, `OPTIONS ${path}`);
    const read = await program.get(path, { ...asJson, origin: friend });
    note(read, `GET ${path}`);
    if (kind === "page") continue;
    const answer = await program.post(path, { json: {} }, { ...asJson, origin: friend });
    note(answer, `POST ${path}`);
    if (![403, 405].includes(answer.status)) faults.push(`POST ${path}: ${answer.status}`);
    // As from the site's own page, it is not refused for that.
    const own = await visitor.asNewProgram().post(path, { json: {} }, asJson);
    if (own.status !== 405 && answer.status !== 403) faults.push(`POST ${path} is let through`);
    for (const [name, value] of cookies)
      if (program.cookies.get(name) !== value) faults.push(`${path} changes ${name}`);
  }
  expect(faults).toEqual([]);
  for (const path of ["/account/name", "/auth/code", "/auth/two-factor", "/account/delete/now"])
    expectProblem(await program.post(path, { json: {} }, { ...asJson, origin: friend }), 403);
  const keys = await program.get("/.well-known/jwks.json", { origin: friend });
  expect(keys.headers["access-control-allow-credentials"]).toBeUndefined();
  expect(await isSignedIn(program)).toBe(true);
  expect((await program.post("/account/name", { json: { name: "Ann" } }, asJson)).status).toBe(204);
  expect((await program.get("/private", { origin: site.url })).status).toBe(200);

  function note({ headers }: HttpAnswer, what: string) {
    const given = Object.keys(headers).filter((name) => name.startsWith("access-control-"));
    if (given.length > 0) faults.push(`${what} gives ${given}`);
  }
});

test("the site's own origin goes on working, and needs no header for it", async ({
  site,
  mailServer,
  visitor,
}) => {
  const program = visitor.asNewProgram();
  await signInOverHttp(program, mailServer, visitor.email);
  for (const headers of [{ origin: site.url }, {}]) {
    const me = await program.get("/me", headers);
    expect(me.status).toBe(200);
    // The same address answers other origins otherwise.
    expect(list(me, "vary")).toContain("origin");
    expect(me.headers["access-control-allow-origin"]).not.toBe("*");
  }
  expect((await program.post("/token")).status).toBe(200);
  expect((await program.post("/account/name", { json: { name: "Ann" } }, asJson)).status).toBe(204);
  expectProblem(await program.post("/sign_out", undefined, { origin: undefined }), 403);
  expect((await program.post("/sign_out")).status).toBe(204);
});

test("a page of an allowed origin calls the site from a browser, and a stranger's cannot", async ({
  browser,
  mailServer,
  visitor,
}) => {
  // Another port is the same site to SameSite cookies, and another origin all the same.
  const app = await servePage();
  const stranger = await servePage();
  const site = await startSite({ mailServer, env: { ALLOWED_ORIGINS: app.origin } });
  // Without the header that the other tests' browsers send, which such a page may not.
  const page = await browser.newPage({ extraHTTPHeaders: {} });
  const ask = (method: string, path: string, authorization?: string) =>
    page.evaluate(call, { method, url: site.url + path, authorization });
  try {
    const program = client(site);
    await signInOverHttp(program, mailServer, visitor.email);
    await handOver(program, page, site);
    await page.goto(app.origin);
    const issued = await ask("POST", "/token");
    expect(issued).toMatchObject({ status: 200, body: { token_type: "Bearer" } });
    const { access_token: token } = issued.body as { access_token: string };
    const me = { status: 200, body: { email_address: visitor.email } };
    expect(await ask("GET", "/me")).toMatchObject(me);
    expect(await ask("GET", "/me", `Bearer ${token}`)).toMatchObject(me);
    expect(await ask("POST", "/auth")).toMatchObject({ status: 422, body: { status: 422 } });
    expect(await ask("POST", "/account/name")).toEqual(unreadable);

    await page.goto(stranger.origin);
    expect(await ask("GET", "/me")).toEqual(unreadable);
    expect(await ask("GET", "/me", `Bearer ${token}`)).toEqual(unreadable);
    expect(await ask("POST", "/token")).toEqual(unreadable);
    expect(await ask("POST", "/sign_out")).toEqual(unreadable);

    await page.goto(app.origin);
    expect(await ask("POST", "/sign_out")).toEqual({ status: 204, body: null });
    expect(await ask("GET", "/me")).toMatchObject({ status: 401, body: { status: 401 } });
    expect(await isSignedIn(program)).toBe(false);
  } finally {
    await page.close();
    await Promise.all([site, app, stranger].map((server) => server.stop()));
  }
});

/** What a script is told that may not read the answer. */
const unreadable = { status: 0, body: null };

interface Call {
  method: string;
  url: string;
  /** In place of the cookie. */
  authorization?: string | undefined;
}

/** Runs in the page. */
async function call({ method, url, authorization }: Call): Promise<{
  status: number;
  body: unknown;
}> {
  try {
    const answer = await fetch(url, {
      method,
      credentials: authorization ? "omit" : "include",
      headers: {
        accept: "application/json",
        ...(authorization && { authorization }),
        ...(method === "POST" && { "content-type": "application/json" }),
      },
      ...(method === "POST" && { body: "{}" }),
    });
    return { status: answer.status, body: await answer.json().catch(() => null) };
  } catch {
    return { status: 0, body: null };
  }
}

/** An empty page on a port of its own: a browser lets no page of elsewhere call this machine. */
async function servePage() {
  const port = await freePort();
  const server = createServer((_, response) => {
    response.setHeader("content-type", "text/html").end("<!doctype html><title>App</title>");
  });
  server.listen(port, "localhost");
  await once(server, "listening");
  return {
    origin: `http://localhost:${port}`,
    async stop() {
      server.close();
      server.closeAllConnections();
    },
  };
}

test("a token may be read by no page but those that may have one", async ({
  mailServer,
  visitor,
}) => {
  const program = visitor.asNewProgram();
  await signInOverHttp(program, mailServer, visitor.email);
  const service = visitor.asNewProgram(bearing(await tokenFor(program)));
  const answer = await service.get("/me", { origin: "https://evil.example" });
  expectUnreadable(answer, "evil");
  expectUnreadable(await service.get("/authorize", { origin: friend }), "/authorize");
});

/** What a browser asks before a page's request to another origin (Fetch 4.8). */
function preflight(
  program: HttpClient,
  path: string,
  { origin, method, wanted }: { origin: string; method: string; wanted: string },
): Promise<HttpAnswer> {
  return program.request("OPTIONS", path, {
    headers: {
      origin,
      "access-control-request-method": method,
      "access-control-request-headers": wanted,
    },
  });
}

/** Expects that pages of this origin, and of no other, may read an answer to their cookie. */
function expectReadableBy(answer: HttpAnswer, origin: string): void {
  expect(answer.headers["access-control-allow-origin"]).toBe(origin);
  expect(answer.headers["access-control-allow-credentials"]).toBe("true");
  expect(list(answer, "vary")).toContain("origin");
}

function expectUnreadable({ headers }: HttpAnswer, what: string): void {
  const given = Object.keys(headers).filter((name) => name.startsWith("access-control-"));
  expect(given, what).toEqual([]);
}

/** The entries of a header that is a list, in small letters. */
function list({ headers }: HttpAnswer, name: string): string[] {
  return `${headers[name] ?? ""}`.split(",").map((entry) => entry.trim().toLowerCase());
}
