import type { Page } from "@playwright/test";
import { countSessions, listSessions } from "./support/database";
import type { HttpAnswer, HttpClient } from "./support/http";
import { client } from "./support/http";
import { expectProblem } from "./support/problem";
import { askOverHttp, isSignedIn, otherCode, sendCode, signInOverHttp } from "./support/program";
import { askForMail, codeIn, linkIn, signIn, signOut, typeCode } from "./support/sign-in";
import { startSite } from "./support/site";
import { expect, test } from "./support/test";

const asJson = { accept: "application/json" };
const asPage = { accept: "text/html,application/xhtml+xml,*/*;q=0.8" };

test("/me names who is signed in, and nothing more", async ({ mailServer, visitor }) => {
  const program = visitor.asNewProgram();
  await signInOverHttp(program, mailServer, visitor.email);
  const answer = await program.get("/me");
  expect(answer.status).toBe(200);
  expect(answer.headers["content-type"]).toMatch(/^application\/json\b/);
  expect(answer.headers["cache-control"]).toContain("no-store");
  expect(answer.json()).toEqual({
    id: expect.stringMatching(/^\S{8,}$/),
    email_address: visitor.email,
  });
});

test("/me answers 401 to who is not signed in", async ({ visitor }) => {
  const cookies = ["", "A", "A".repeat(43), "../..", "' OR 1=1", "null", "undefined"];
  for (const value of cookies) {
    const program = visitor.asNewProgram();
    if (value) program.cookies.set("session_id", value);
    expectProblem(await program.get("/me"), 401);
  }
  expectProblem(await visitor.asNewProgram().get("/me", { authorization: "Bearer x" }), 401);
});

test("POST /auth says 202 to a program and sends a form on", async ({ visitor }) => {
  const program = visitor.asNewProgram();
  const answer = await program.post("/auth", { json: { email: visitor.email } }, asJson);
  expect(answer.status).toBe(202);
  expect(answer.headers["content-type"]).toMatch(/^application\/json\b/);
  expect(answer.body).toBe('{"status":"sent"}');

  for (const body of [
    { form: { email: `a-${visitor.email}` } },
    { multipart: { email: `b-${visitor.email}` } },
  ]) {
    const sentOn = await visitor.asNewProgram().post("/auth", body, asPage);
    expect(sentOn.status).toBe(303);
    expect(sentOn.headers.location).toBe("/check-email");
    expect(sentOn.setCookies).toHaveLength(2);
  }
});

test("POST /auth/code and /auth/confirm tell a program where to go on to", async ({
  mailServer,
  visitor,
}) => {
  const program = visitor.asNewProgram();
  const mail = await askOverHttp(program, mailServer, visitor.email, { next: "/private?a=1" });
  const answer = await program.post("/auth/code", { json: { code: codeIn(mail) } }, asJson);
  expect(answer.status).toBe(200);
  expect(answer.json()).toEqual({ status: "signed_in", next: "/private?a=1" });
  expect(answer.headers["cache-control"]).toContain("no-store");
});

for (const [sender, headers, status, location] of [
  ["a program", asJson, 204, undefined],
  ["a form", asPage, 303, "/"],
] as const) {
  test(`POST /sign_out answers ${status} to ${sender}, again and again`, async ({
    mailServer,
    visitor,
  }) => {
    const program = visitor.asNewProgram();
    await signInOverHttp(program, mailServer, visitor.email);
    const before = new Map(program.cookies);
    for (const time of ["signed in", "signed out", "with a dead cookie"]) {
      if (time === "with a dead cookie") {
        for (const [name, value] of before) program.cookies.set(name, value);
      }
      const answer = await program.post("/sign_out", { form: {} }, headers);
      expect(answer.status, time).toBe(status);
      expect(answer.headers.location, time).toBe(location);
      expect(answer.body, time).toBe("");
      expect(answer.headers["cache-control"]).toContain("no-store");
      expect(answer.headers["clear-site-data"]).toMatch(/"(cache|storage|\*)"/);
      expect(program.cookies.has("session_id"), time).toBe(false);
      expect(await isSignedIn(program), time).toBe(false);
    }
    expect((await visitor.asNewProgram().post("/sign_out", undefined, headers)).status).toBe(
      status,
    );
  });
}

test("the site is alive and able to serve", async ({ visitor }) => {
  for (const path of ["/healthz", "/readyz"]) {
    const answer = await visitor.asNewProgram().get(path);
    expect(answer.status).toBe(200);
    expect(answer.headers["cache-control"]).toContain("no-store");
    expect((await visitor.asNewProgram().request("HEAD", path)).status).toBe(200);
  }
});

test("what is for one person is never stored by a cache", async ({ mailServer, visitor }) => {
  const program = visitor.asNewProgram();
  await signInOverHttp(program, mailServer, visitor.email);
  for (const path of ["/", "/private", "/me", "/check-email", "/sign-in", "/nothing"]) {
    const { headers } = await program.get(path);
    expect(headers["cache-control"], path).toContain("no-store");
  }
});

const answersOfEachKind: Record<string, (program: HttpClient) => Promise<HttpAnswer>> = {
  "a page": (program) => program.get("/"),
  "a page that is not there": (program) => program.get("/nothing"),
  "a redirect": (program) => program.get("/private"),
  "a handler": (program) => program.get("/healthz"),
  "a handler's refusal": (program) => program.get("/me"),
  "a form's refusal": (program) => program.post("/auth", { form: { email: "x" } }, asPage),
  "a form's redirect": (program) => program.post("/sign_out", { form: {} }, asPage),
  "a wrong method": (program) => program.get("/auth"),
  "a foreign origin": (program) => program.post("/auth", { form: {} }, { origin: "null" }),
  "too large a body": (program) => program.post("/auth", { raw: "x".repeat(70_000) }),
  "a static file": async (program) => program.get(await staticFile(program)),
  "a static file that is not there": (program) => program.get("/_next/static/x.js"),
};

for (const [kind, ask] of Object.entries(answersOfEachKind)) {
  test(`${kind} carries the security headers`, async ({ visitor }) => {
    const program = visitor.asNewProgram();
    const [first, second] = [await ask(program), await ask(program)];
    for (const { headers } of [first, second]) {
      expect(headers["x-content-type-options"]).toBe("nosniff");
      expect(headers["referrer-policy"]).toMatch(/^(same-origin|no-referrer|strict-origin\S*)$/);
      expect(headers["permissions-policy"]).toContain("camera=()");
      expect(headers["x-powered-by"]).toBeUndefined();
      expect(headers.server).toBeUndefined();
      expect(headers["strict-transport-security"]).toBeUndefined();
      const policy = policyOf(headers["content-security-policy"]);
      expect(policy["frame-ancestors"]).toEqual(["'none'"]);
      expect(policy["object-src"]).toEqual(["'none'"]);
      expect(policy["base-uri"]).toEqual(["'none'"]);
      expect(policy["form-action"]).toBeDefined();
      expect(policy["script-src"]).toContain("'strict-dynamic'");
      expect(policy["script-src"]?.join(" ")).not.toMatch(/unsafe-(inline|eval)|\*/);
    }
    const nonces = [first, second].map(nonceOf);
    expect(nonces[0]).toMatch(/^[\w+/=-]{22,}$/);
    expect(nonces[1]).not.toBe(nonces[0]);
  });
}

test("every script of a page has the nonce of its answer", async ({ mailServer, visitor }) => {
  const program = visitor.asNewProgram();
  await signInOverHttp(program, mailServer, visitor.email);
  for (const path of ["/", "/private", "/confirm?token=x", "/nothing", "/check-email"]) {
    const answer = await program.get(path);
    const scripts = answer.body.match(/<script\b[^>]*>/g) ?? [];
    expect(scripts.length, path).toBeGreaterThan(0);
    for (const script of scripts) expect(script).toContain(`nonce="${nonceOf(answer)}"`);
    expect(answer.body).not.toMatch(/\son(click|load|error|submit)=/i);
  }
});

test("a client cannot choose the nonce", async ({ visitor }) => {
  const chosen = "Y2hvc2VuIGJ5IGEgc3RyYW5nZXI=";
  const headers = {
    "content-security-policy": `script-src 'nonce-${chosen}'`,
    "content-security-policy-report-only": `script-src 'nonce-${chosen}'`,
    "x-nonce": chosen,
  };
  const answer = await visitor.asNewProgram().get("/sign-in", headers);
  expect(answer.body).not.toContain(chosen);
  expect(answer.headers["content-security-policy"]).not.toContain(chosen);
  expect(answer.body).toContain(`nonce="${nonceOf(answer)}"`);
});

test("headers of Next's own cannot be forged to pass a check", async ({ visitor }) => {
  for (const headers of [
    { "x-middleware-subrequest": "middleware:middleware:middleware:middleware:middleware" },
    { "x-middleware-prefetch": "1" },
    { "x-invoke-path": "/private", "x-invoke-status": "200" },
    { "x-matched-path": "/private" },
    { rsc: "1", "next-router-prefetch": "1" },
    { rsc: "1", "next-router-state-tree": "nonsense" },
    { "next-url": "/private" },
  ]) {
    const answer = await visitor.asNewProgram().get("/private", headers);
    expect(answer.status, JSON.stringify(headers)).toBeLessThan(500);
    expect(answer.body).not.toContain("Only you see this page");
  }
});

test("cookies on http are out of reach of scripts and of other sites", async ({
  mailServer,
  visitor,
}) => {
  const program = visitor.asNewProgram();
  const asked = await program.post("/auth", { form: { email: visitor.email } });
  const mail = await mailServer.waitForMail({ to: visitor.email });
  const signedIn = await program.post("/auth/code", { form: { code: codeIn(mail) } });
  for (const line of [...asked.setCookies, ...signedIn.setCookies]) {
    expect(line).toMatch(/; *httponly/i);
    expect(line).toMatch(/; *samesite=lax/i);
    expect(line).toMatch(/; *path=\/(;|$)/i);
    expect(line).not.toMatch(/; *(domain|secure)/i);
  }
  const value = program.cookies.get("session_id") ?? "";
  expect(Buffer.from(value, "base64url").length).toBeGreaterThanOrEqual(16);
  expect(value).not.toContain(visitor.email);
});

test("a site on https has __Host- cookies, Secure, and HSTS on every answer", async ({
  mailServer,
  visitor,
}) => {
  const origin = "https://latchkey.example";
  const site = await startSite({ mailServer, env: { SITE_URL: origin } });
  try {
    const program = client(site, { origin, host: "latchkey.example" });
    const asked = await program.post("/auth", { form: { email: visitor.email } });
    const mail = await mailServer.waitForMail({ to: visitor.email });
    expect(new URL(linkIn(mail)).origin).toBe(origin);
    const signedIn = await program.post("/auth/code", { form: { code: codeIn(mail) } });
    expect(program.cookies.has("__Host-session_id")).toBe(true);
    const signedOut = await program.post("/sign_out");
    for (const line of [asked, signedIn, signedOut].flatMap(({ setCookies }) => setCookies)) {
      expect(line).toMatch(/^__Host-/);
      expect(line).toMatch(/; *secure/i);
      expect(line).toMatch(/; *httponly/i);
      expect(line).toMatch(/; *path=\/(;|$)/i);
      expect(line).not.toMatch(/; *domain/i);
    }
    for (const [kind, ask] of Object.entries(answersOfEachKind)) {
      const { headers } = await ask(program);
      expect(headers["strict-transport-security"], kind).toMatch(/max-age=\d{8,}/);
    }
    const plain = await client(site, { origin: site.url }).post("/sign_out");
    expect(plain.status).toBe(403);
  } finally {
    await site.stop();
  }
});

test("with COOKIE_DOMAIN the session, and nothing else, is shared with the hosts of a domain", async ({
  mailServer,
  visitor,
}) => {
  const origin = "https://www.latchkey.example";
  const site = await startSite({ mailServer, env: { SITE_URL: origin } });
  try {
    const program = client(site, { origin, host: "www.latchkey.example" });
    await signInOverHttp(program, mailServer, visitor.email);
    const unshared = program.cookies.get("__Host-session_id") ?? "";
    // Any host of the domain could have set this one.
    const planted = client(site);
    planted.cookies.set("__Secure-session_id", unshared);
    expect(await isSignedIn(planted)).toBe(false);

    await site.restart({ COOKIE_DOMAIN: ".latchkey.example" });
    await site.clock.advance(61_000);
    expect(await isSignedIn(program)).toBe(false);
    const mail = await askOverHttp(program, mailServer, visitor.email, { remember: "on" });
    const signedIn = await sendCode(program, codeIn(mail));
    const session = signedIn.setCookies.filter((line) => /session_id=/.test(line));
    expect(session.toSorted()).toEqual([
      expect.stringMatching(/^__Host-session_id=;(?!.*domain).*max-age=0/i),
      expect.stringMatching(/^__Secure-session_id=[\w-]{43};/),
    ]);
    expectShared(session, "__Secure-session_id");
    const others = signedIn.setCookies.filter((line) => !/session_id=/.test(line));
    for (const line of others) expect(line).toMatch(/^__Host-(?!.*; *domain)/i);
    expect(others).not.toEqual([]);
    expect(await isSignedIn(program)).toBe(true);
    // The same device, and no second one that nobody can end.
    expect(await listSessions(site, visitor.email)).toHaveLength(1);

    await site.clock.advance(6 * 60_000);
    const renewed = await program.get("/authorize");
    expect(renewed.status).toBe(204);
    expectShared(renewed.setCookies, "__Secure-session_id");
    expect(renewed.setCookies).toEqual([expect.stringMatching(/; *expires=/i)]);

    program.cookies.set("__Host-session_id", unshared);
    const signedOut = await program.post("/sign_out");
    expectShared(signedOut.setCookies, "__Secure-session_id");
    expect(program.cookies.has("__Host-session_id")).toBe(false);
    expect(program.cookies.has("__Secure-session_id")).toBe(false);
    expect(await countSessions(site, visitor.email)).toBe(0);
  } finally {
    await site.stop();
  }
});

test("static files are kept for good, and come without source maps", async ({ visitor }) => {
  const program = visitor.asNewProgram();
  const { body } = await program.get("/sign-in");
  const files = [...body.matchAll(/\/_next\/static\/[^"\\]+\.(?:js|css)/g)].map(([path]) => path);
  expect(files.length).toBeGreaterThan(2);
  for (const path of new Set(files)) {
    const answer = await program.get(path);
    expect(answer.status).toBe(200);
    expect(answer.headers["cache-control"]).toContain("immutable");
    expect(answer.body).not.toContain("sourceMappingURL");
    expect((await program.get(`${path}.map`)).status).toBe(404);
  }
});

test("files beside the site are not served", async ({ visitor }) => {
  for (const path of [
    "/.env",
    "/package.json",
    "/server.ts",
    "/dist/server.mjs",
    "/.next/BUILD_ID",
    "/.git/config",
    "/prisma/schema.prisma",
    "/data/latchkey.db",
    "/_next/static/",
    "/_next/",
    "/metrics",
  ]) {
    const { status } = await visitor.asNewProgram().get(path);
    expect([404, 308], path).toContain(status);
  }
});

test("no page has a fault to tell the console of", async ({ page, mailServer, visitor }) => {
  const faults = listen(page);
  await page.goto("/");
  await page.goto("/sign-in?next=/private");
  await page.getByLabel("Email address").fill("mistyped");
  await page.getByRole("button", { name: "Email me a link" }).click();
  await expect(page.getByRole("main").getByRole("alert")).toBeVisible();
  const mail = await askForMail(page, mailServer, visitor.email);
  await typeCode(page, otherCode(codeIn(mail)));
  await expect(page.getByRole("main").getByRole("alert")).toBeVisible();
  const otherBrowser = await (await visitor.asNewBrowser()).newPage();
  const faultsThere = listen(otherBrowser);
  await otherBrowser.goto(linkIn(mail));
  await expect(otherBrowser.getByLabel("Six-digit code")).toBeVisible();
  await typeCode(page, codeIn(mail));
  await expect(page).toHaveURL("/private");
  await page.goto(linkIn(mail));
  await expect(page.getByRole("link", { name: /new mail/i })).toBeVisible();
  await page.goto("/nothing");
  await page.goto("/");
  await signOut(page);
  await signIn(page, mailServer, `other-${visitor.email}`, { by: "link" });
  expect([...faults, ...faultsThere]).toEqual([]);
});

function expectShared(setCookies: string[], name: string): void {
  const line = setCookies.find((line) => line.startsWith(`${name}=`)) ?? "";
  for (const attribute of ["Domain=latchkey.example", "Path=/", "Secure", "HttpOnly"])
    expect(line.split(/; */)).toContain(attribute);
  expect(line).toMatch(/; *samesite=lax/i);
}

/** What goes wrong in a page, but for the status of an answer that is meant to have it. */
function listen(page: Page): string[] {
  const faults: string[] = [];
  page.on("pageerror", (error) => faults.push(String(error)));
  page.on("console", (message) => {
    const isStatusOfPage = /status of 4\d\d/.test(message.text());
    const isItself = message.location().url === page.url();
    if (["error", "warning"].includes(message.type()) && !(isStatusOfPage && isItself)) {
      faults.push(`${message.text()} at ${message.location().url}`);
    }
  });
  return faults;
}

async function staticFile(program: HttpClient): Promise<string> {
  const { body } = await program.get("/");
  const [path] = /\/_next\/static\/[^"\\]+\.js/.exec(body) ?? [];
  if (!path) throw new Error("The home page names no script");
  return path;
}

function policyOf(header: string | string[] | undefined): Record<string, string[]> {
  const directives = `${header}`.split(";").map((directive) => directive.trim().split(/\s+/));
  return Object.fromEntries(directives.map(([name = "", ...sources]) => [name, sources]));
}

function nonceOf({ headers }: HttpAnswer): string | undefined {
  return /'nonce-([^']+)'/.exec(`${headers["content-security-policy"]}`)?.[1];
}
