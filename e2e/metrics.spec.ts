import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { json } from "node:stream/consumers";
import { sendAct } from "./support/account";
import { mailsSettled } from "./support/database";
import type { HttpClient } from "./support/http";
import { bearing } from "./support/jwt";
import { askOverHttp, otherCode, pathOf, sendCode, sendLink, tokenIn } from "./support/program";
import { codeIn, linkIn } from "./support/sign-in";
import { type Site, startSite } from "./support/site";
import { expect, test } from "./support/test";

const token = "a-token-of-a-test-0123456789";
const traceId = "0af7651916cd43dd8448eb211c80319c";

test.use({ siteEnv: { METRICS_TOKEN: token, LOG_LEVEL: "debug" } });
// What is counted is the work of one test alone.
test.describe.configure({ mode: "default" });

test("only who has the token learns that there is something to read", async ({ visitor }) => {
  const [first, wrong] = [visitor.asNewProgram(), `${token.slice(0, -1)}8`];
  const nothing = await first.get("/nothing");
  for (const headers of [{}, bearing(wrong), bearing(""), { authorization: `Basic ${token}` }]) {
    const answer = await first.get("/metrics", headers);
    expect(answer.status).toBe(404);
    expect(answer.headers["content-type"]).toBe(nothing.headers["content-type"]);
    expect(answer.headers["cache-control"]).toBe(nothing.headers["cache-control"]);
    expect(textOf(answer.body)).toBe(textOf(nothing.body));
    expect((await first.request("HEAD", "/metrics", { headers })).status).toBe(404);
  }
  for (const method of ["GET", "HEAD"]) {
    const answer = await first.request(method, "/metrics", { headers: bearing(token) });
    expect(answer.status).toBe(200);
    expect(answer.headers["content-type"]).toBe("text/plain; version=0.0.4; charset=utf-8");
    expect(answer.headers["cache-control"]).toBe("no-store");
  }
  expect((await first.post("/metrics", { form: {} })).status).toBe(405);
});

test("what is done is counted, each thing once, and nothing secret is told", async ({
  site,
  mailServer,
  visitor,
}) => {
  const { email } = visitor;
  const program = visitor.asNewProgram({ traceparent: `00-${traceId}-b7ad6b7169203331-01` });
  const before = await readNumbers(program);
  const mail = await askOverHttp(program, mailServer, email);
  await mailsSettled(site);
  expect((await sendAct(program, "/auth", { email })).status).toBe(429);
  expect((await sendAct(program, "/auth", { email: "x" })).status).toBe(422);
  expect((await program.get(pathOf(mail))).status).toBe(200);
  expect((await sendCode(program, otherCode(codeIn(mail)))).status).toBe(422);
  expect((await sendLink(visitor.asNewProgram(), linkIn(mail))).status).toBe(422);
  expect((await sendCode(program, codeIn(mail))).status).toBe(200);
  expect((await program.get("/me")).status).toBe(200);
  const stranger = visitor.asNewProgram();
  stranger.cookies.set("session_id", "A".repeat(43));
  expect((await stranger.get("/me")).status).toBe(401);
  const after = await readNumbers(program);

  const requests = (labels: string) => `latchkey_http_request_duration_seconds_count{${labels}}`;
  const lookups = "latchkey_session_lookup_duration_seconds_count";
  expect(
    changes(before, after, /^latchkey_(?!database|mail_queue).*(total|count|mails)\{/),
  ).toEqual({
    'latchkey_sign_in_mails_total{outcome="queued"}': 1,
    'latchkey_sign_in_mails_total{outcome="limited"}': 1,
    'latchkey_sign_in_mails_total{outcome="malformed"}': 1,
    'latchkey_mail_attempts_total{outcome="accepted"}': 1,
    'latchkey_mails{state="accepted"}': 1,
    'latchkey_sign_ins_total{way="code",outcome="refused"}': 1,
    'latchkey_sign_ins_total{way="link",outcome="refused"}': 1,
    'latchkey_sign_ins_total{way="code",outcome="signed_in"}': 1,
    [`${lookups}{outcome="found"}`]: 1,
    [`${lookups}{outcome="not_found"}`]: 1,
    [requests('method="POST",route="/auth",status="2xx"')]: 1,
    [requests('method="POST",route="/auth",status="4xx"')]: 2,
    [requests('method="GET",route="/confirm",status="2xx"')]: 1,
    [requests('method="POST",route="/auth/code",status="4xx"')]: 1,
    [requests('method="POST",route="/auth/confirm",status="4xx"')]: 1,
    [requests('method="POST",route="/auth/code",status="2xx"')]: 1,
    [requests('method="GET",route="/me",status="2xx"')]: 1,
    [requests('method="GET",route="/me",status="4xx"')]: 1,
    [requests('method="GET",route="/metrics",status="2xx"')]: 1,
  });
  expect(after.get("latchkey_database_up")).toBe(1);
  expect(after.get("latchkey_mail_queue_age_seconds")).toBe(0);
  const reads = 'latchkey_database_query_duration_seconds_count{operation="read"}';
  expect(after.get(reads)).toBeGreaterThan(before.get(reads) ?? 0);
  expect(after.get("process_resident_memory_bytes")).toBeGreaterThan(1e7);

  const { id } = (await program.get("/me")).json() as { id: string };
  await expect.poll(() => linesOf(site).filter(({ path }) => path === "/me")).toHaveLength(3);
  const lines = linesOf(site).filter((line) => line.traceId === traceId && line.msg === "request");
  expect(lines.find(({ path }) => path === "/confirm")).toMatchObject({
    level: 30,
    time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
    requestId: expect.stringMatching(/^[\da-f-]{36}$/),
    method: "GET",
    status: 200,
    durationMs: expect.any(Number),
  });
  expect(lines.filter(({ path }) => path === "/me").map(({ userId }) => userId)).toEqual([id, id]);
  expect(linesOf(site).find(({ path }) => path === "/metrics")).toMatchObject({ level: 20 });
  const told = site.output() + [...after.keys()].join("\n");
  const session = program.cookies.get("session_id") ?? "";
  for (const secret of [tokenIn(linkIn(mail)), codeIn(mail), session, token, email])
    expect(told).not.toContain(secret);
});

test("whatever clients ask for, there are no more numbers to keep", async ({ visitor }) => {
  const program = visitor.asNewProgram();
  for (const path of ["/nothing", "/admin/users/1", "/_next/static/x.js"]) await program.get(path);
  await program.request("PROPFIND", "/");
  await readNumbers(program);
  const before = await readNumbers(program);
  const paths = Array.from({ length: 50 }, (_, index) => [
    `/${crypto.randomUUID()}/%0A"${index}`,
    `/admin/users/${crypto.randomUUID()}`,
    `/_next/static/${crypto.randomUUID()}.js`,
    `/metrics/../${crypto.randomUUID()}?a=${index}`,
  ]).flat();
  await Promise.all(paths.map((path) => program.get(path)));
  await program.request("MKCOL", "/");
  const after = await readNumbers(program);
  const others =
    'latchkey_http_request_duration_seconds_count{method="other",route="/",status="4xx"}';
  expect(changes(before, after, /_requests?_.*_count/)).toMatchObject({ [others]: 1 });
  expect([...after.keys()].filter((name) => name.startsWith("latchkey_http_"))).toEqual(
    [...before.keys()].filter((name) => name.startsWith("latchkey_http_")),
  );
});

test("without a variable there is no such page, and traces keep no secrets", async ({
  mailServer,
  visitor,
}) => {
  const spans: Span[] = [];
  const collector = createServer(async (request, response) => {
    const { resourceSpans } = (await json(request)) as Sent;
    for (const { resource, scopeSpans } of resourceSpans)
      spans.push(
        ...scopeSpans.flatMap((scope) => scope.spans.map((span) => ({ ...span, resource }))),
      );
    response.setHeader("content-type", "application/json").end("{}");
  }).listen(0, "127.0.0.1");
  await once(collector, "listening");
  const { port } = collector.address() as AddressInfo;
  const traced = await startSite({
    mailServer,
    env: {
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}`,
      OTEL_SERVICE_NAME: "a-test",
    },
  });
  const program = visitor.asNewProgram({ traceparent: `00-${traceId}-b7ad6b7169203331-01` });
  const at = (path: string) => `${traced.url}${path}`;
  expect((await program.get(at("/metrics"), bearing(token))).status).toBe(404);
  expect((await program.get(at("/confirm?token=a-secret&email=b-secret"))).status).toBe(200);
  expect((await program.get(at("/sign-in?next=/c-secret"))).status).toBe(200);
  const form = { email: "d-secret", next: "/e-secret" };
  const page = { accept: "text/html", origin: traced.url };
  expect((await program.post(at("/auth"), { form }, page)).status).toBe(422);
  expect((await visitor.asNewProgram().get(at("/sign-in"))).status).toBe(200);
  await traced.kill("SIGTERM");
  collector.close();
  expect(traced.output()).not.toMatch(/error|warn/i);
  const lines = linesOf(traced).filter(({ msg }) => msg === "request");
  await traced.stop();

  const names = spans.filter((span) => span.traceId === traceId).map(({ name }) => name);
  expect(names).toEqual(expect.arrayContaining(["GET /confirm", "POST /auth", "database read"]));
  expect(JSON.stringify(spans)).not.toMatch(/secret/);
  expect(JSON.stringify(spans[0]?.resource)).toContain('"stringValue":"a-test"');
  const ownTrace = lines.find(({ path, traceId: own }) => path === "/sign-in" && own !== traceId);
  expect(spans.map((span) => span.traceId)).toContain(ownTrace?.traceId);
});

interface Span {
  traceId: string;
  name: string;
  resource: object;
}

interface Sent {
  resourceSpans: { resource: object; scopeSpans: { spans: Span[] }[] }[];
}

/** The samples of a scrape, by their names and labels. */
async function readNumbers(program: HttpClient): Promise<Map<string, number>> {
  const { status, body } = await program.get("/metrics", bearing(token));
  expect(status).toBe(200);
  const samples = body.split("\n").filter((line) => line && !line.startsWith("#"));
  return new Map(
    samples.map((line) => {
      const space = line.lastIndexOf(" ");
      return [line.slice(0, space), Number(line.slice(space + 1))];
    }),
  );
}

/** By how much the samples of these names have grown; those that have not are left out. */
function changes(before: Map<string, number>, after: Map<string, number>, names: RegExp) {
  const grown = [...after].map(([name, value]) => [name, value - (before.get(name) ?? 0)] as const);
  return Object.fromEntries(grown.filter(([name, by]) => names.test(name) && by !== 0));
}

function linesOf(site: Site): Record<string, unknown>[] {
  return site
    .output()
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line));
}

/** What a page shows. */
function textOf(body: string): string {
  return body.replace(/<(script|style|head)\b.*?<\/\1>|<[^>]+>/gs, " ").replace(/\s+/g, " ");
}
