import { notFound, redirect } from "next/navigation";
import { expect, test } from "vitest";
import { DatabaseError } from "@/lib/platform/database/sqlite";
import { handlers } from "./handler";
import { readInput } from "./input";
import { Problem } from "./problem";

const siteUrl = "https://example.org";
process.env.AUTH_SECRET = "a secret of at least 32 characters";
process.env.SITE_URL = siteUrl;
process.env.SMTP_URL = "smtp://mail.example.org";
process.env.LOG_LEVEL = "silent";

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
