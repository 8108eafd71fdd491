import { notFound, redirect } from "next/navigation";
import { describe, expect, test } from "vitest";
import { DatabaseError } from "@/lib/platform/database/database-error";
import { handlers } from "./handler";
import { readInput } from "./input";
import { Problem } from "./problem";

const siteUrl = "https://example.org";
process.env.AUTH_SECRET = "a secret of at least 32 characters";
process.env.SITE_URL = siteUrl;
process.env.SMTP_URL = "smtp://mail.example.org";
process.env.LOG_LEVEL = "silent";
process.env.ALLOWED_ORIGINS = "https://app.example.org,http://localhost:5173";

const everyMethod = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] as const;
type Method = (typeof everyMethod)[number];

let calls = 0;
const answer = async () => Response.json({ call: ++calls });
const reading = handlers({ GET: answer });
const writing = handlers({ POST: answer });
const both = handlers({ GET: answer, POST: answer });

test.each([
  ["GET", reading, "GET, HEAD"],
  ["POST", writing, "POST"],
  ["both", both, "GET, HEAD, POST"],
])(
  "of a handler for %s, every other method is refused and told what is allowed",
  async (...row) => {
    const [, byMethod, allowed] = row;
    for (const method of everyMethod.filter((name) => !allowed.split(", ").includes(name))) {
      const before = calls;
      const response = await byMethod[method](request(method));
      await expectProblem(response, 405, method);
      expect(response.headers.get("allow")?.split(", ").toSorted()).toEqual(allowed.split(", "));
      expect(calls).toBe(before);
    }
  },
);

test("HEAD is answered as GET is", async () => {
  const response = await reading.HEAD(request("HEAD"));
  expect(response.status).toBe(200);
  expect(response.headers.get("content-type")).toBe("application/json");
});

test("reading needs no origin", async () => {
  for (const origin of [undefined, "null", "https://evil.example"])
    expect((await reading.GET(request("GET", origin))).status).toBe(200);
});

test("a write from this site is let in", async () => {
  expect((await writing.POST(request("POST", siteUrl))).status).toBe(200);
});

test.each([
  undefined,
  "",
  "null",
  "https://evil.example",
  "http://example.org",
  "https://example.org:8443",
  "https://example.org.evil.example",
  "https://evil-example.org",
  "https://app.example.org",
  "https://example.org/",
  "HTTPS://EXAMPLE.ORG",
  "https://example.org, https://evil.example",
  "https://example.org https://evil.example",
])("a write from the origin %j is refused", async (origin) => {
  const before = calls;
  const response = await writing.POST(request("POST", origin));
  await expectProblem(response, 403, siteUrl);
  expect(calls).toBe(before);
});

test("no other header makes a foreign write one of this site", async () => {
  const post = request("POST", "https://evil.example");
  for (const name of ["referer", "x-forwarded-host", "host", "x-forwarded-origin"])
    post.headers.set(name, siteUrl);
  post.headers.set("sec-fetch-site", "same-origin");
  await expectProblem(await writing.POST(post), 403, siteUrl);
});

const sending = handlers({ POST: async (post) => Response.json(await readInput(post)) });

test("a body that cannot be read is a problem", async () => {
  await expectProblem(await sending.POST(sent("text/plain", "a")), 415, "Send a form or JSON");
  await expectProblem(await sending.POST(sent("application/json", "{")), 400, "not a JSON object");
  const large = sent("application/json", JSON.stringify("a".repeat(64 * 1024)));
  await expectProblem(await sending.POST(large), 413, "64 KB");
});

test("a body that comes in chunks is measured too, and the connection ends", async () => {
  const chunks = new Response("a".repeat(65 * 1024)).body;
  const headers = { origin: siteUrl, "content-type": "application/json" };
  const init = { method: "POST", headers, body: chunks, duplex: "half" };
  const response = await sending.POST(new Request(siteUrl, init));
  await expectProblem(response, 413, "64 KB");
  expect(response.headers.get("connection")).toBe("close");
});

test("a problem keeps its fields and headers", async () => {
  const errors = [{ field: "email", code: "missing", detail: "Give it." }];
  const problem = new Problem(429, "Wait.", { errors, headers: { "retry-after": "60" } });
  const response = await answerOf(() => Promise.reject(problem));
  expect(response.headers.get("retry-after")).toBe("60");
  expect(await expectProblem(response, 429, "Wait.")).toMatchObject({ errors });
});

test("a fault tells nothing of the inside", async () => {
  const response = await answerOf(() => Promise.reject(new Error("secret at /srv/site.ts:1")));
  const body = await expectProblem(response, 500, "Something went wrong");
  expect(JSON.stringify(body)).not.toMatch(/secret|srv/);
});

test("a database that is away is told with the time to try again", async () => {
  const fault = new DatabaseError("The file /srv/site.db is locked");
  const response = await answerOf(() => Promise.reject(fault));
  const body = await expectProblem(response, 503, "try again");
  expect(JSON.stringify(body)).not.toContain("srv");
  expect(Number(response.headers.get("retry-after"))).toBeGreaterThan(0);
});

test.each([
  ["redirect", () => redirect("/sign-in"), "NEXT_REDIRECT"],
  ["notFound", () => notFound(), "NEXT_HTTP_ERROR_FALLBACK;404"],
])("Next's %s goes through a handler, as requireUser needs it", async (_, act, digest) => {
  const thrown = await answerOf(async () => act()).catch((error: unknown) => error);
  expect(thrown).toHaveProperty("digest", expect.stringContaining(digest));
});

describe("a handler that pages of ALLOWED_ORIGINS may call", () => {
  const shared = handlers({ GET: answer, POST: answer }, "cross-origin");
  const app = "https://app.example.org";
  const others = [
    "null",
    "",
    "*",
    "https://evil.example",
    "https://example.org",
    "http://app.example.org",
    "https://app.example.org:8443",
    "https://app.example.org.evil.example",
    "https://evilapp.example.org",
    "https://sub.app.example.org",
    "https://app.example.org/",
    "HTTPS://APP.EXAMPLE.ORG",
    "https://app.example.org, https://evil.example",
    "https://app.example.org http://localhost:5173",
  ];

  test.each([app, "http://localhost:5173"])("is read and written to from %s", async (origin) => {
    for (const method of ["GET", "HEAD", "POST"] as const) {
      const response = await shared[method](request(method, origin));
      expect(response.status).toBe(200);
      expectShared(response, origin);
    }
  });

  test("is asked before, and says what may be sent", async () => {
    const before = calls;
    const response = await shared.OPTIONS(preflight(app));
    expect(response.status).toBe(204);
    expect(await response.text()).toBe("");
    expectShared(response, app);
    expect(listIn(response, "access-control-allow-methods")).toEqual(["get", "head", "post"]);
    expect(listIn(response, "access-control-allow-headers")).toEqual([
      "accept",
      "authorization",
      "content-type",
    ]);
    expect(Number(response.headers.get("access-control-max-age"))).toBeLessThanOrEqual(600);
    expect(calls).toBe(before);
  });

  test("of which only POST is there, says so when it is asked before", async () => {
    const response = await handlers({ POST: answer }, "cross-origin").OPTIONS(preflight(app));
    expect(listIn(response, "access-control-allow-methods")).toEqual(["post"]);
  });

  test("does not take every OPTIONS for the question before", async () => {
    const response = await shared.OPTIONS(request("OPTIONS", app));
    await expectProblem(response, 405, "OPTIONS");
    expectShared(response, app);
  });

  test.each(others)("gives the pages of %j nothing to read", async (origin) => {
    for (const response of [
      await shared.GET(request("GET", origin)),
      await shared.POST(request("POST", origin)),
      await shared.OPTIONS(preflight(origin)),
    ])
      expectUnshared(response);
  });

  test.each(others.filter((origin) => origin !== siteUrl))(
    "takes no write from %j, and answers no question before it",
    async (origin) => {
      const before = calls;
      await expectProblem(await shared.POST(request("POST", origin)), 403, siteUrl);
      await expectProblem(await shared.OPTIONS(preflight(origin)), 405, "OPTIONS");
      expect(calls).toBe(before);
    },
  );

  test("takes no write without an origin, and is read without one", async () => {
    await expectProblem(await shared.POST(request("POST")), 403, siteUrl);
    const response = await shared.GET(request("GET"));
    expect(response.status).toBe(200);
    expectUnshared(response);
  });

  test("takes a write of the site itself", async () => {
    expect((await shared.POST(request("POST", siteUrl))).status).toBe(200);
  });

  test("answers for one origin what is kept for no other", async () => {
    for (const origin of [app, siteUrl, "https://evil.example", "null", undefined]) {
      expect(varied(await shared.GET(request("GET", origin))), origin).toContain("origin");
      expect(varied(await shared.POST(request("POST", origin))), origin).toContain("origin");
    }
    for (const origin of [app, "https://evil.example"])
      expect(varied(await shared.OPTIONS(preflight(origin))), origin).toContain("origin");
  });

  test("keeps what the answer itself varies by", async () => {
    const varying = async () => new Response(null, { headers: { vary: "Accept" } });
    const response = await handlers({ GET: varying }, "cross-origin").GET(request("GET", app));
    expect(varied(response)).toEqual(["accept", "origin"]);
  });

  test.each([
    ["a problem", new Problem(422, "Give it."), 422, "Give it."],
    ["a limit", new Problem(429, "Wait.", { headers: { "retry-after": "60" } }), 429, "Wait."],
    ["a fault", new Error("at /srv/site.ts"), 500, "Something went wrong"],
    ["a database that is away", new DatabaseError("locked"), 503, "try again"],
  ])("lets them read %s as well", async (_, error, status, detail) => {
    const fail = () => Promise.reject(error);
    const failing = handlers({ POST: fail }, "cross-origin");
    const response = await failing.POST(request("POST", app));
    expectShared(response, app);
    expect(listIn(response, "access-control-expose-headers")).toContain("retry-after");
    await expectProblem(response, status, detail);
  });

  test("lets them read that a method is not there", async () => {
    const response = await shared.DELETE(request("DELETE", app));
    expectShared(response, app);
    await expectProblem(response, 405, "DELETE");
  });

  test("answers with a redirect as well", async () => {
    const away = async () => Response.redirect("https://example.org/check-email", 303);
    const response = await handlers({ POST: away }, "cross-origin").POST(request("POST", app));
    expect(response.status).toBe(303);
    expectShared(response, app);
  });
});

test("a handler of the site alone is shared with no allowed origin, and answers no question", async () => {
  const app = "https://app.example.org";
  expectUnshared(await both.GET(request("GET", app)));
  await expectProblem(await both.POST(request("POST", app)), 403, siteUrl);
  const asked = await both.OPTIONS(preflight(app));
  expectUnshared(asked);
  await expectProblem(asked, 405, "OPTIONS");
});

/** What a browser asks before it sends a write of another origin. */
function preflight(origin: string): Request {
  const asked = request("OPTIONS", origin);
  asked.headers.set("access-control-request-method", "POST");
  asked.headers.set("access-control-request-headers", "authorization,content-type");
  return asked;
}

/** Fetch 3.2: to the letter that origin, since `*` would not go with cookies. */
function expectShared(response: Response, origin: string) {
  expect(response.headers.get("access-control-allow-origin")).toBe(origin);
  expect(response.headers.get("access-control-allow-credentials")).toBe("true");
}

function expectUnshared(response: Response) {
  const names = [...response.headers.keys()];
  expect(names.filter((name) => name.startsWith("access-control-"))).toEqual([]);
}

function varied(response: Response): string[] {
  return listIn(response, "vary");
}

function listIn(response: Response, name: string): string[] {
  return (response.headers.get(name) ?? "").toLowerCase().split(", ").toSorted();
}

function request(method: Method, origin?: string): Request {
  return new Request(siteUrl, { method, headers: origin === undefined ? {} : { origin } });
}

function sent(type: string, body: string): Request {
  const headers = { origin: siteUrl, "content-type": type };
  return new Request(siteUrl, { method: "POST", headers, body });
}

function answerOf(handler: () => Promise<Response>): Promise<Response> {
  return handlers({ GET: handler }).GET(request("GET"));
}

/** RFC 9457 */
async function expectProblem(response: Response, status: number, detail: string) {
  expect(response.status).toBe(status);
  expect(response.headers.get("content-type")).toBe("application/problem+json");
  expect(response.headers.get("cache-control")).toBe("no-store");
  const body: unknown = await response.json();
  expect(body).toMatchObject({
    type: expect.any(String),
    title: expect.stringMatching(/./),
    status,
    detail: expect.stringContaining(detail),
  });
  return body;
}
