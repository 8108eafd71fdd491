import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import { text } from "node:stream/consumers";
import { freePort } from "../scripts/free-port.mjs";
import { textOf } from "./support/account";
import { hideSessions, setBlocked } from "./support/database";
import { client, type HttpAnswer, type HttpClient, type SentHeaders } from "./support/http";
import { bearing, tokenFor } from "./support/jwt";
import type { MailServer } from "./support/mail-server";
import { askOverHttp, sendCode } from "./support/program";
import { listProxies, type RunningProxy, startProxy } from "./support/proxy";
import { rawConnection } from "./support/raw-http";
import { codeIn, signIn, signOut } from "./support/sign-in";
import { startSite } from "./support/site";
import { expect, test } from "./support/test";

const asPage = { accept: "text/html" };
const admin = "ann@example.org";
const session = "__Secure-session_id";
/** What every client here says of itself, in any spelling that a program behind might read as the same: nobody believes it. */
const forged: SentHeaders = {
  "X-User-Id": "eve",
  "x-user-EMAIL": admin,
  "X-User-Scopes": "authenticated admin super",
  X_User_Id: "eve",
  "X-User_Email": admin,
  X_USER_SCOPES: "super",
  "X-Forwarded-For": "203.0.113.9",
  "X-Forwarded-Host": "evil.example",
  "X-Original-URL": "https://evil.example/",
};

/** Ways to write the address of a page below /admin. */
const spellings = [
  "/admin",
  "/admin/page",
  "//admin/page",
  "/./admin/page",
  "/x/../admin/page",
  "/x/%2e%2e/admin/page",
  "/x/..%2Fadmin/page",
  "/%61dmin/page",
  "/admin%2Fpage",
];

for (const kind of listProxies()) {
  test(`${kind.name}, as documented, lets in who is signed in, and nobody else`, async ({
    browser,
    mailServer,
    visitor,
  }) => {
    const [http, https, plainPort] = [await freePort(), await freePort(), await freePort()];
    const www = `https://www.example.org:${https}`;
    const files = `https://files.example.org:${https}`;
    const behind = await startPlainServer(plainPort);
    const site = await startSite({
      mailServer,
      env: {
        SITE_URL: www,
        TRUSTED_PROXIES: "1",
        COOKIE_DOMAIN: "example.org",
        ALLOWED_ORIGINS: files,
        ADMIN_EMAILS: admin,
      },
    });
    const latchkey = Number(new URL(site.url).port);
    const proxy = await startProxy(kind, { http, https, latchkey, files: plainPort });
    const atSite = () => client({ url: www, authority: proxy.authority }, forged);
    const atFiles = (from?: HttpClient) => browserAt(files, proxy, from);
    try {
      await test.step("a stranger is sent to sign in, and comes back to the same page", async () => {
        const page = "/a%20b/%C3%BC?c=d&e=%26%2B&f=a+b";
        const asked = await atFiles().get(page, asPage);
        expect(asked.status).toBe(303);
        const signInPage = new URL(asked.headers.location ?? "");
        expect([signInPage.origin, signInPage.pathname]).toEqual([www, "/sign-in"]);
        const program = atSite();
        const next = signInPage.searchParams.get("next") ?? "";
        const answer = await signInAt(program, mailServer, visitor.email, { next });
        expect(answer.json()).toMatchObject({ next: files + page });
        const back = await atFiles(program).get(page, asPage);
        expect([back.status, seen(back).url]).toEqual([200, page]);
      });

      await test.step("no program or form of a stranger gets through", async () => {
        for (const method of ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"]) {
          const body = method === "POST" ? { form: { a: "b" } } : undefined;
          const answer = await atFiles().request(method, "/", { body });
          expect(answer.status, method).toBe(401);
          expect(answer.headers.location).toBeUndefined();
        }
        const planted = atFiles();
        planted.cookies.set(session, "A".repeat(43));
        expect((await planted.get("/", bearing("a.b.c"))).status).toBe(401);
        for (const path of ["/_authorize/anybody", "/_authorize/admin", "/authorize"])
          expect([401, 404], path).toContain((await atFiles().get(path)).status);
      });

      await site.clock.advance(61_000);
      const program = atSite();
      await signInAt(program, mailServer, visitor.email, { remember: "on" });
      const { id } = (await program.get("/me")).json() as { id: string };
      const person = { id, email: visitor.email, scopes: "authenticated" };

      await test.step("the server behind learns who it is, and gets no secret", async () => {
        const service = bearing(await tokenFor(program));
        for (const [from, headers] of [
          [program, {}],
          [undefined, service],
        ] as const) {
          const answer = await atFiles(from).get("/page", headers);
          expect(answer.status).toBe(200);
          expect(personIn(answer)).toEqual(person);
          expect(answer.headers["cache-control"]).toBe("private, no-store");
          expect(answer.headers["strict-transport-security"]).toMatch(/max-age=\d{8}/);
          expect(answer.setCookies).toEqual([]);
          const { cookie, authorization } = seen(answer).headers;
          expect([cookie, authorization]).toEqual([undefined, undefined]);
        }
        const sent = await atFiles(program).post("/form", { form: { text: "kept" } });
        expect(seen(sent)).toMatchObject({ method: "POST", body: "text=kept" });
        expect(personIn(sent)).toEqual(person);
      });

      await test.step("only an administrator gets to /admin, however it is written", async () => {
        for (const path of spellings) {
          const connection = await rawConnection({ url: files, authority: proxy.authority });
          const cookie = `${session}=${program.cookies.get(session)}`;
          connection.write(
            `GET ${path}?scope=authenticated HTTP/1.1\r\nHost: ${new URL(files).host}\r\nCookie: ${cookie}\r\nConnection: close\r\n\r\n`,
          );
          expect([400, 403], path).toContain((await connection.answer()).status);
        }
        const refused = await atFiles(program).get("/admin", asPage);
        expect([refused.status, refused.headers.location]).toEqual([403, undefined]);
        await site.clock.advance(61_000);
        const ann = atSite();
        await signInAt(ann, mailServer, admin);
        const answer = await atFiles(ann).get("/admin/page?a=b");
        expect([answer.status, seen(answer).url]).toEqual([200, "/admin/page?a=b"]);
        expect(`${personIn(answer).scopes}`.split(" ").sort()).toEqual([
          "admin",
          "authenticated",
          "super",
        ]);
        // The doctor goes by what the proxy says: here everybody comes from the site's own network.
        const told = textOf(await ann.get("/admin/doctor"));
        expect(told).toContain("counts as 127.0.0.1, which is no address of the internet");
        expect(told).not.toMatch(/TRUSTED_PROXIES is|and SITE_URL is/);
      });

      await test.step("either host hands on a renewed session, and the site sees who its client is", async () => {
        for (const at of [atFiles(program), program]) {
          await site.clock.advance(6 * 60_000);
          const answer = await at.get(at === program ? "/private" : "/", asPage);
          expect(answer.status).toBe(200);
          expect(answer.setCookies).toEqual([
            expect.stringMatching(
              new RegExp(
                `^${session}=[\\w-]{43};.*Domain=example\\.org;.*Expires=.*Secure; HttpOnly`,
              ),
            ),
          ]);
          await expect.poll(async () => (await at.get("/", asPage)).setCookies).toEqual([]);
          // What the site has seen of its client at the sign-in, and then at each renewal.
          const devices = textOf(await program.get("/account/sessions", asPage));
          expect(devices).toContain("127.0.0.1");
          expect(devices).not.toContain("203.0.113.9");
        }
      });

      await test.step("while the database is away nobody gets in, and nobody is signed out", async () => {
        const bringBack = await hideSessions(site);
        for (const path of ["/", "/admin"]) await expectAway(atFiles(program), path);
        await bringBack();
        expect((await atFiles(program).get("/")).status).toBe(200);
      });

      await test.step("who is blocked, revoked or signed out is stopped by the next request", async () => {
        await setBlocked(site, visitor.email, site.clock.now());
        expect((await atFiles(program).get("/", asPage)).status).toBe(303);
        await setBlocked(site, visitor.email, null);
        const before = atFiles(program);
        expect((await before.get("/")).status).toBe(200);
        expect((await program.post("/sign_out")).status).toBe(204);
        expect(program.cookies.has(session)).toBe(false);
        expect((await before.get("/")).status).toBe(401);
      });

      await test.step("a person comes to a page behind the proxy by way of the sign-in, and not again once signed out", async () => {
        await site.clock.advance(61_000);
        const context = await browser.newContext({ baseURL: www, ignoreHTTPSErrors: true });
        const page = await context.newPage();
        await page.goto(`${files}/page?a=b&c=d`);
        await expect(page).toHaveURL(/\/sign-in\?next=/);
        const next = new URL(page.url()).searchParams.get("next") ?? "";
        await signIn(page, mailServer, visitor.email, { by: "link", next });
        await expect(page).toHaveURL(`${files}/page?a=b&c=d`);
        await expect(page.locator("body")).toContainText(visitor.email);
        await page.goto("/");
        await signOut(page);
        await page.goto(`${files}/page`);
        await expect(page).toHaveURL(/\/sign-in\?next=/);
        await context.close();
      });

      await test.step("too much is refused, and plain http leads to https", async () => {
        const body = { raw: "a".repeat(200_000), type: "application/json" };
        expect((await atSite().post("/auth", body)).status).toBe(413);
        const large = await atSite().get("/", { "x-large": "a".repeat(60_000) });
        expect([400, 431]).toContain(large.status);
        const plain = await client({ url: `http://127.0.0.1:${http}` }).get("/a?b", {
          host: "www.example.org",
        });
        expect([301, 308]).toContain(plain.status);
        expect(plain.headers.location).toMatch(/^https:\/\/www\.example\.org(:\d+)?\/a\?b$/);
      });

      await test.step("while the site is away nobody gets in", async () => {
        const ann = atSite();
        await site.clock.advance(61_000);
        await signInAt(ann, mailServer, admin);
        await site.kill();
        for (const at of [atFiles(), atFiles(ann), ann])
          for (const path of ["/", "/admin"]) await expectAway(at, path);
      });
    } finally {
      await proxy.stop();
      await site.stop();
      behind.close();
    }
  });
}

/** A server that knows nothing of signing in, and answers with what it has been asked. */
async function startPlainServer(port: number): Promise<Server> {
  const server = createServer(async (request, response) => {
    const { method, url, headers } = request;
    const body = await text(request);
    response.setHeader("cache-control", "public, max-age=3600");
    response.end(JSON.stringify({ method, url, headers, body }));
  });
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  return server;
}

/** The same browser at the guarded host, where it sends no cookie but the one that is shared. */
function browserAt(url: string, { authority }: RunningProxy, from?: HttpClient): HttpClient {
  const program = client({ url, authority }, forged);
  const value = from?.cookies.get(session);
  if (value) program.cookies.set(session, value);
  return program;
}

async function signInAt(
  program: HttpClient,
  mailServer: MailServer,
  email: string,
  wishes: { next?: string; remember?: string } = {},
): Promise<HttpAnswer> {
  const answer = await sendCode(
    program,
    codeIn(await askOverHttp(program, mailServer, email, wishes)),
  );
  expect(answer.status).toBe(200);
  return answer;
}

/** What the plain server was asked; throws on an answer that is not its own. */
function seen(answer: HttpAnswer) {
  return answer.json() as {
    method: string;
    url: string;
    headers: IncomingHttpHeaders;
    body: string;
  };
}

/** Whom the plain server takes for its visitor, in any spelling. */
function personIn(answer: HttpAnswer): Record<string, unknown> {
  const told = Object.entries(seen(answer).headers).filter(([name]) => /^x.user/i.test(name));
  return Object.fromEntries(told.map(([name, value]) => [name.replace(/^x-user-/, ""), value]));
}

async function expectAway(program: HttpClient, path: string): Promise<void> {
  const answer = await program.get(path);
  expect(answer.status).toBe(503);
  expect(answer.headers["retry-after"]).toMatch(/^\d+$/);
  expect(answer.headers["cache-control"]).toContain("no-store");
  expect(answer.setCookies).toEqual([]);
  expect(answer.body).not.toContain('"url"');
}
