import { randomBytes } from "node:crypto";
import fc from "fast-check";
import { countRows, listAskedAddresses } from "./support/database";
import { client, type HttpClient, type SentBody, type SentHeaders } from "./support/http";
import { expectProblem } from "./support/problem";
import {
  askOverHttp,
  isSignedIn,
  otherCode,
  sendCode,
  sendLink,
  signInOverHttp,
  tokenIn,
} from "./support/program";
import { rawConnection } from "./support/raw-http";
import { codeIn, linkIn, signIn } from "./support/sign-in";
import type { Site } from "./support/site";
import { expect, test } from "./support/test";

const asJson = { accept: "application/json" };
const limit = 64 * 1024;

const hostileAddresses: Record<string, string> = {
  nothing: "",
  "only spaces": "   ",
  "no @": "ann.example.org",
  "nothing before the @": "@example.org",
  "nothing after the @": "ann@",
  "two @": "ann@@example.org",
  "an @ in the middle": "ann@bob@example.org",
  "a host without a dot": "ann@example",
  "a space inside": "an n@example.org",
  "a tab inside": "an\tn@example.org",
  "two addresses": "ann@example.org, bob@example.org",
  "two addresses without a space": "ann@example.org,bob@example.org",
  "two addresses with a semicolon": "ann@example.org;bob@example.org",
  "two addresses with a space": "ann@example.org bob@example.org",
  "a name and an address": "Ann <ann@example.org>",
  "angle brackets": "<ann@example.org>",
  "a group": "friends:ann@example.org,bob@example.org;",
  "a comment": "ann(comment)@example.org",
  "a comment in the host": "ann@(comment)example.org",
  "a quoted local part": '"ann"@example.org',
  "a quoted space": '"ann bob"@example.org',
  "a route": "@relay.example.org:ann@example.org",
  "an address literal": "ann@[127.0.0.1]",
  "a network address": "ann@127.0.0.1",
  "a header": "ann@example.org\r\nBcc: bob@example.org",
  "a header after a bare line feed": "ann@example.org\nBcc: bob@example.org",
  "a header after a bare carriage return": "ann@example.org\rBcc: bob@example.org",
  "an encoded header": "ann@example.org%0d%0aBcc:bob@example.org",
  "a zero byte": "ann\u0000@example.org",
  "a zero byte at the end": "ann@example.org\u0000",
  "a delete character": "ann\u007f@example.org",
  "a right-to-left override": "ann\u202egro.elpmaxe@example.org",
  "a zero-width space": "ann\u200b@example.org",
  "a soft hyphen in the host": "ann@exam\u00adple.org\u0007",
  "a line separator": "ann@example.org\u2028bob@example.org",
  "a full-width @": "ann＠example.org",
  "a small @": "ann﹫example.org",
  "a dot at the start": ".ann@example.org",
  "a dot before the @": "ann.@example.org",
  "two dots": "an..n@example.org",
  "two dots in the host": "ann@example..org",
  "a dot before the host": "ann@.example.org",
  "a hyphen before the host": "ann@-example.org",
  "a hyphen after a label": "ann@example-.org",
  "an underscore in the host": "ann@exam_ple.org",
  "a slash in the host": "ann@example.org/bob",
  "a colon in the host": "ann@example.org:25",
  "a percent sign in the host": "ann@example%2eorg",
  "a mailto URL": "mailto:ann@example.org",
  "a query": "ann@example.org?bcc=bob@example.org",
  "too long a local part": `${"a".repeat(65)}@example.org`,
  "too long a label": `ann@${"a".repeat(64)}.org`,
  "too long altogether": `ann@${"abcdefgh.".repeat(30)}org`,
  "very long": `${"a".repeat(20_000)}@example.org`,
  markup: "<script>alert(1)</script>@example.org",
  SQL: "' OR 1=1; --@example.org",
};

for (const [what, email] of Object.entries(hostileAddresses)) {
  test(`${what} is refused as an address, however it is sent`, async ({ site, visitor }) => {
    const program = visitor.asNewProgram();
    await expectNothingStored(site, async () => {
      for (const body of [{ form: { email } }, { multipart: { email } }, { json: { email } }]) {
        expectProblem(await program.post("/auth", body, asJson), 422);
        const page = await program.post("/auth", body, { accept: "text/html" });
        expect(page.status).toBe(422);
        expect(page.headers["content-type"]).toMatch(/^text\/html/);
      }
    });
  });
}

test("of six hundred hostile addresses none harms the server, or sends mail elsewhere", async ({
  site,
  mailServer,
}) => {
  test.setTimeout(120_000);
  const run = randomBytes(4).readUInt32BE();
  const before = new Set(await listAskedAddresses(site));
  const accepted = new Set<string>();
  let asked = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(hostileEmail(run), { minLength: 20, maxLength: 20 }),
      async (emails) => {
        const answers = await Promise.all(
          emails.map((email) => {
            // A network each, of the block that stands for none in particular (RFC 6598).
            const number = asked++;
            const address = `100.${64 + (number >> 16)}.${(number >> 8) & 255}.${number & 255}`;
            const program = client(site, { "x-forwarded-for": address });
            return program.post("/auth", { json: { email } }, asJson);
          }),
        );
        for (const [index, { status }] of answers.entries()) {
          const email = emails[index] ?? "";
          // 429: some of them are the same to the site, and one address gets one mail a minute.
          expect([202, 422, 429], JSON.stringify(email)).toContain(status);
          if (status === 202) accepted.add(email);
        }
      },
    ),
    { numRuns: 30, seed: run },
  );

  const kept = (await listAskedAddresses(site)).filter((address) => !before.has(address));
  expect(kept.length).toBeGreaterThan(20);
  expect(kept.length).toBe(accepted.size);
  for (const address of kept) expect(address).toMatch(/^[!-?A-~]+@[a-z0-9.-]+\.[a-z0-9-]+$/);
  const arrived = () => mailServer.messages.filter(({ recipients }) => isOfRun(recipients, kept));
  await expect.poll(() => arrived().length, { timeout: 60_000 }).toBe(kept.length);
  const envelopes = arrived().map(({ recipients }) => recipients);
  for (const recipients of envelopes) expect(recipients).toHaveLength(1);
  expect(envelopes.flat().sort()).toEqual(kept.sort());
});

for (const value of [null, true, 1, {}, [], ["ann@example.org"], { a: "b@example.org" }]) {
  test(`${JSON.stringify(value)} is refused as an address in JSON`, async ({ site, visitor }) => {
    const program = visitor.asNewProgram();
    await expectNothingStored(site, async () => {
      expectProblem(await program.post("/auth", { json: { email: value } }, asJson), 422);
      expectProblem(await program.post("/auth/code", { json: { code: value } }, asJson), 422);
      expectProblem(await program.post("/auth/confirm", { json: { token: value } }, asJson), 422);
    });
  });
}

for (const { name, ...body } of [
  { name: "no field at all", form: {} },
  { name: "another field", form: { mail: "ann@example.org" } },
  { name: "the field in capitals", json: { EMAIL: "ann@example.org" } },
  { name: "a prototype", raw: '{"__proto__":{"email":"a@b.org"}}', type: "application/json" },
]) {
  test(`${name} is no address`, async ({ site, visitor }) => {
    await expectNothingStored(site, async () => {
      expectProblem(await visitor.asNewProgram().post("/auth", body as SentBody, asJson), 422);
    });
  });
}

test("an address given twice is refused", async ({ site, visitor }) => {
  const form: [string, string][] = [
    ["email", visitor.email],
    ["email", "bob@example.org"],
  ];
  await expectNothingStored(site, async () => {
    expectProblem(await visitor.asNewProgram().post("/auth", { form }, asJson), 422);
  });
});

for (const javaScript of [true, false]) {
  test.describe(javaScript ? "with scripts" : "without scripts", () => {
    test.use({ javaScript });

    test("a mistyped address comes back on the form with what is wrong", async ({ page, site }) => {
      const typed = `ann(at)"example" <b>&amp;.org`;
      await page.goto("/sign-in?next=/private");
      await page.getByLabel("Email address").fill(typed);
      await page.getByLabel(/keep me signed in/i).check();
      const answered = page.waitForResponse(`${site.url}/auth`);
      await page.getByRole("button", { name: "Email me a link" }).click();
      expect((await answered).status()).toBe(422);

      const field = page.getByLabel("Email address");
      await expect(field).toHaveValue(typed);
      await expect(field).toHaveAttribute("aria-invalid", "true");
      await expect(field).toHaveAccessibleDescription(/address/);
      await expect(page.getByRole("main").getByRole("alert")).toContainText(/address/);
      await expect(page.getByLabel(/keep me signed in/i)).toBeChecked();
      await expect(page.locator('form[action="/auth"] input[name="next"]')).toHaveValue("/private");
    });
  });
}

const elsewhere = [
  "https://evil.example/",
  "http://evil.example",
  "//evil.example/",
  "///evil.example/",
  "////evil.example/",
  "/\\evil.example/",
  "\\\\evil.example/",
  "\\/evil.example/",
  "/\t/evil.example/",
  "/\n/evil.example/",
  "/\r\n/evil.example/",
  "\t//evil.example/",
  " //evil.example/",
  "\u0000//evil.example/",
  "\u0001//evil.example/",
  "https:evil.example/",
  "https:/evil.example/",
  "http:///evil.example/",
  "HTTPS://EVIL.EXAMPLE/",
  "javascript:alert(1)",
  "JaVaScRiPt:alert(1)",
  "java\nscript:alert(1)",
  "data:text/html,evil",
  "blob:https://evil.example/1",
  "//evil.example@SITE/",
  "http://SITE@evil.example/",
  "http://SITE.evil.example/",
  "//SITE.evil.example/",
  "https://SITE/private",
  "evil.example",
  "private",
  "?next=//evil.example",
  "%2F%2Fevil.example/",
  "／／evil.example/",
  "/.//evil.example/",
  "/..//evil.example/",
  "/a/..//evil.example/",
  "/%2e/%2e%2e//evil.example/",
  "/ok\r\nLocation: https://evil.example/",
  "/ok\r\nSet-Cookie: session_id=evil",
  `/${"a".repeat(5000)}`,
  "/\ud800",
  "[object Object]",
];

test("a destination on another site is ignored, in every spelling", async ({
  site,
  mailServer,
  visitor,
}) => {
  const follow = async (spelling: string, index: number) => {
    const next = spelling.replace("SITE", new URL(site.url).host);
    const program = visitor.asNewProgram();
    const mail = await askOverHttp(program, mailServer, `${index}-${visitor.email}`, { next });
    const signedIn = await program.post("/auth/code", { form: { code: codeIn(mail) } });
    expectStaysHere(site, signedIn.headers.location, spelling);
    expect(signedIn.setCookies.join(), spelling).not.toContain("evil");
    const query = new URLSearchParams({ next });
    const sentOn = await program.get(`/sign-in?${query}`);
    expect(sentOn.status, spelling).toBe(307);
    expectStaysHere(site, sentOn.headers.location, spelling);
    expect(sentOn.setCookies, spelling).toEqual([]);
  };
  await Promise.all(elsewhere.map(follow));
});

for (const next of [
  "https://evil.example/",
  "//evil.example/",
  "/\\evil.example/",
  "/\t/evil.example/",
  "javascript:alert(1)",
]) {
  test(`a browser asked to go on to ${JSON.stringify(next)} lands here`, async ({
    page,
    mailServer,
    visitor,
  }) => {
    await signIn(page, mailServer, visitor.email, { by: "code", next });
    await expect(page).toHaveURL("/private");
    await page.goto(`/sign-in?${new URLSearchParams({ next })}`);
    await expect(page).toHaveURL("/private");
  });
}

for (const [name, headers] of Object.entries<SentHeaders>({
  "a length": {},
  "no length": { "transfer-encoding": "chunked", "content-length": undefined },
})) {
  test(`a body over 64 KB with ${name} is refused, and one of 64 KB is not`, async ({
    site,
    visitor,
  }) => {
    const program = visitor.asNewProgram();
    const body = (size: number) => {
      const start = `email=${encodeURIComponent(visitor.email)}&more=`;
      return { raw: start.padEnd(size, "x"), type: "application/x-www-form-urlencoded" };
    };
    await expectNothingStored(site, async () => {
      for (const size of [limit + 1, 1024 * 1024]) {
        for (const path of ["/auth", "/auth/code", "/auth/confirm"]) {
          const answer = await program.post(path, body(size), { ...asJson, ...headers });
          expectProblem(answer, 413);
        }
      }
    });
    const answer = await program.post("/auth", body(limit), { ...asJson, ...headers });
    expect(answer.status).toBe(202);
  });
}

test("a body that only claims to be huge is refused before it comes", async ({ site }) => {
  const connection = await rawConnection(site);
  connection.write(post(site, "/auth", ["Content-Length: 99999999999"]));
  expect((await connection.answer()).status).toBe(413);
});

for (const { name, raw, type, status } of [
  { name: "malformed JSON", raw: '{"email":', type: "application/json", status: 400 },
  { name: "an empty JSON body", raw: "", type: "application/json", status: 400 },
  {
    name: "JSON that is no UTF-8",
    raw: new Uint8Array([0x7b, 0xff, 0xfe, 0x7d]),
    type: "application/json",
    status: 400,
  },
  { name: "a JSON array", raw: '["ann@example.org"]', type: "application/json", status: 422 },
  { name: "a JSON string", raw: '"ann@example.org"', type: "application/json", status: 422 },
  { name: "a JSON null", raw: "null", type: "application/json", status: 422 },
  {
    name: "deeply nested JSON",
    raw: `${"[".repeat(30_000)}${"]".repeat(30_000)}`,
    type: "application/json",
    status: 422,
  },
  {
    name: "a multipart body without a boundary",
    raw: "x",
    type: "multipart/form-data",
    status: 400,
  },
  {
    name: "a multipart body that breaks off",
    raw: '--b\r\nContent-Disposition: form-data; name="email"\r\n\r\nann@',
    type: "multipart/form-data; boundary=b",
    status: 400,
  },
  {
    name: "a form that is no UTF-8",
    raw: "email=%ff%fe@example.org&%zz",
    type: "application/x-www-form-urlencoded",
    status: 422,
  },
  { name: "plain text", raw: "email=ann@example.org", type: "text/plain", status: 415 },
  { name: "XML", raw: "<email>ann@example.org</email>", type: "application/xml", status: 415 },
  { name: "JSON by another name", raw: '{"email":"a@b.org"}', type: "text/json", status: 415 },
]) {
  test(`${name} is answered with ${status}`, async ({ site, visitor }) => {
    const program = visitor.asNewProgram();
    await expectNothingStored(site, async () => {
      for (const path of ["/auth", "/auth/code", "/auth/confirm"]) {
        const answer = await program.post(path, { raw, type }, asJson);
        // Either is a fair answer to JSON that is well-formed and yet not what is asked for.
        if (status === 422 && answer.status === 400) expectProblem(answer, 400);
        else expectProblem(answer, status);
      }
    });
  });
}

test("a write without the site's own Origin is refused, and nothing happens", async ({
  site,
  mailServer,
  visitor,
}) => {
  const { host, port } = new URL(site.url);
  const origins = {
    missing: undefined,
    null: "null",
    foreign: "https://evil.example",
    "of another port": "http://localhost:1",
    "of another scheme": `https://${host}`,
    "of another name": `http://127.0.0.1:${port}`,
    "that begins alike": `${site.url}.evil.example`,
    "with the site as a user": `http://localhost:${port}@evil.example`,
    "with a path": `${site.url}/`,
    "given twice": `${site.url}, https://evil.example`,
  };
  const person = visitor.asNewProgram();
  const mail = await askOverHttp(person, mailServer, visitor.email);
  const signedIn = visitor.asNewProgram();
  await signInOverHttp(signedIn, mailServer, `other-${visitor.email}`);

  await expectNothingStored(site, async () => {
    for (const [name, origin] of Object.entries(origins)) {
      for (const extra of [
        {},
        { referer: `${site.url}/sign-in`, "sec-fetch-site": "same-origin" },
      ]) {
        const headers = { ...asJson, ...extra, origin };
        const refused = async (program: HttpClient, path: string, json: unknown) => {
          const answer = await program.post(path, { json }, headers);
          expect(answer.status, `${path}, origin ${name}`).toBe(403);
          expectProblem(answer, 403);
          expect(answer.setCookies).toEqual([]);
        };
        await refused(person, "/auth", { email: `new-${visitor.email}` });
        await refused(person, "/auth/code", { code: otherCode(codeIn(mail)) });
        await refused(person, "/auth/code", { code: codeIn(mail) });
        await refused(person, "/auth/confirm", { token: tokenIn(linkIn(mail)) });
        await refused(signedIn, "/sign_out", {});
      }
    }
  });
  expect(await isSignedIn(signedIn)).toBe(true);
  expect((await sendCode(person, codeIn(mail))).status).toBe(200);
});

test("a page of a neighbour cannot write here with the visitor's cookies", async ({
  page,
  site,
  mailServer,
  visitor,
}) => {
  await signIn(page, mailServer, visitor.email, { by: "code" });
  // Another port is the same site to SameSite cookies, and another origin all the same.
  const body = `<form method="post" action="${site.url}/sign_out"><button>Go</button></form>`;
  const neighbour = "http://localhost:81/";
  await page.route(neighbour, (route) => route.fulfill({ body, contentType: "text/html" }));
  await page.goto(neighbour);
  const answered = page.waitForResponse(`${site.url}/sign_out`);
  await page.getByRole("button").click();
  const answer = await answered;
  expect((await answer.request().allHeaders()).cookie).toContain("session_id=");
  expect(answer.status()).toBe(403);
  await page.goto("/private");
  await expect(page).toHaveURL("/private");
});

test("other methods than POST are refused by what writes, and sign nobody out", async ({
  mailServer,
  visitor,
}) => {
  const program = visitor.asNewProgram();
  const mail = await signInOverHttp(program, mailServer, visitor.email);
  for (const path of ["/auth", "/auth/code", "/auth/confirm", "/sign_out"]) {
    for (const method of ["GET", "PUT", "PATCH", "DELETE"]) {
      const answer = await program.request(method, path);
      expectProblem(answer, 405, "POST");
      expect(answer.setCookies).toEqual([]);
    }
    const { status, headers } = await program.request("HEAD", path);
    expect([status, headers.allow]).toEqual([405, "POST"]);
  }
  for (const path of ["/sign_out?_method=POST", `/auth/confirm?token=${tokenIn(linkIn(mail))}`]) {
    expect((await program.get(path, { "x-http-method-override": "POST" })).status).toBe(405);
  }
  expect(await isSignedIn(program)).toBe(true);
});

test("what only reads refuses to be written to", async ({ visitor }) => {
  const program = visitor.asNewProgram();
  for (const path of ["/me", "/healthz", "/readyz"]) {
    for (const method of ["POST", "PUT", "PATCH", "DELETE"]) {
      const answer = await program.request(method, path);
      expect(answer.status, `${method} ${path}`).toBe(405);
      expect(answer.headers.allow, `${method} ${path}`).toMatch(/^GET(, HEAD)?(, OPTIONS)?$/);
    }
  }
});

test("no page can be written to", async ({ visitor }) => {
  const program = visitor.asNewProgram();
  for (const path of ["/", "/sign-in", "/check-email", "/confirm", "/private", "/nothing"]) {
    for (const method of ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "PROPFIND"]) {
      const { status } = await program.request(method, path, { body: { form: { email: "a" } } });
      expect(status, `${method} ${path}`).toBeLessThan(500);
    }
    const action = { "next-action": "0".repeat(42), accept: "text/x-component" };
    const { status } = await program.post(path, { raw: "[]", type: "text/plain" }, action);
    expect(status, `an action of ${path}`).toBeLessThan(500);
  }
});

test("TRACE and CONNECT echo nothing", async ({ site, visitor }) => {
  for (const path of ["/", "/auth", "/me", "/_next/static/x.js"]) {
    const answer = await visitor.asNewProgram().request("TRACE", path, {
      headers: { cookie: "session_id=echo-of-a-cookie" },
    });
    expect(answer.status).toBe(405);
    expect(answer.headers.allow).toBeTruthy();
    expect(answer.body).not.toContain("echo-of-a-cookie");
  }
  const connection = await rawConnection(site);
  connection.write(`CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example:443\r\n\r\n`);
  expect((await connection.answer()).text).not.toMatch(/^HTTP\/1\.1 (2|5)/);
});

const oddRequests: Record<string, string[]> = {
  "huge headers": [`X-Huge: ${"a".repeat(100_000)}`],
  "a huge cookie": [`Cookie: session_id=${"a".repeat(100_000)}`],
  "thousands of headers": Array.from({ length: 5000 }, (_, index) => `X-${index}: a`),
  "a bare line feed in a header": ["X-A: b\nSet-Cookie: session_id=evil"],
  "a bare carriage return in a header": ["X-A: b\rSet-Cookie: session_id=evil"],
  "a folded header": ["X-A: b\r\n folded: yes"],
  "a zero byte in a header": ["X-A: b\u0000c"],
  "a header without a name": [": b"],
  "a space before the colon": ["X-A : b"],
  "two lengths": ["Content-Length: 0", "Content-Length: 5"],
  "a length and chunks": ["Content-Length: 5", "Transfer-Encoding: chunked"],
  "an unknown transfer coding": ["Transfer-Encoding: nonsense"],
  "a negative length": ["Content-Length: -1"],
};

for (const [what, headers] of Object.entries(oddRequests)) {
  test(`a request with ${what} gets a refusal`, async ({ site }) => {
    await expectNothingStored(site, async () => {
      const connection = await rawConnection(site);
      connection.write(`${post(site, "/auth", headers)}0\r\n\r\n`);
      const { status, text } = await connection.answer();
      expect(status, text).toBeGreaterThanOrEqual(400);
      expect(status, text).toBeLessThan(500);
      expect(text).not.toContain("evil");
    });
  });
}

test("strange values in ordinary headers do no harm", async ({ mailServer, visitor }) => {
  const strange: SentHeaders = {
    "user-agent": "\u00ff<script>alert(1)</script> %0d%0aBcc: bob@example.org \u0080",
    "accept-language": `${"x-".repeat(500)}, ;q=, *;q=9, zz-ZZ;q=-1, ../../etc`,
    "x-forwarded-for": "nonsense, , 999.1.1.1, ::::, <b>",
    "x-forwarded-proto": "javascript",
    "x-request-id": "a b\u0080",
    cookie: "session_id; =; session_id=\u0080; sign_in_browser=%ff; __proto__=1; ;;",
    accept: `${asJson.accept}, */*;q=0.1`,
    range: "bytes=0-",
    "if-none-match": "*",
  };
  const program = visitor.asNewProgram();
  const answer = await program.post("/auth", { json: { email: visitor.email } }, strange);
  expect(answer.status).toBe(202);
  const mail = await mailServer.waitForMail({ to: visitor.email });
  expect(mail.recipients).toEqual([visitor.email]);
  expect(mail.headers.has("bcc")).toBe(false);
  expect(mail.html).not.toContain("<script");
  expect((await sendLink(program, linkIn(mail), codeIn(mail))).status).toBe(200);
  for (const path of ["/", "/sign-in", "/check-email", "/private", "/me", "/nothing"]) {
    const { status } = await visitor.asNewProgram().get(path, { ...strange, accept: "\u0080" });
    expect(status, path).toBeLessThan(500);
  }
});

test("strange paths get an answer that is no fault of the server", async ({ site, visitor }) => {
  const paths = [
    "//evil.example/..",
    "/%",
    "/%00",
    "/%ff%fe",
    "/private/../../../../etc/passwd",
    "/..%2f..%2f..%2fetc%2fpasswd",
    "/_next/image?url=https://evil.example/a.png&w=64&q=75",
    "/_next/data/x/private.json",
    "/_next/static/..%2f..%2fserver.mjs",
    "/sign-in?next[]=a&next=%00&__proto__[x]=1",
    "/check-email?problem=<script>&left=NaN",
    "/check-email?problem=constructor&left=1e999",
    "/confirm?token[]=a&problem=__proto__",
    `/${"a/".repeat(2000)}`,
    "*",
  ];
  for (const path of paths) {
    const connection = await rawConnection(site);
    const { host } = new URL(site.url);
    connection.write(`GET ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
    const { status, text } = await connection.answer();
    expect(status, path).toBeGreaterThanOrEqual(200);
    expect(status, path).toBeLessThan(500);
    expect(text, path).not.toMatch(/root:|^location: (https?:)?\/\/evil/im);
  }
  const { body } = await visitor
    .asNewProgram()
    .get("/check-email?problem=<script>alert(1)</script>");
  expect(body).not.toContain("<script>alert(1)");
});

/** Addresses as nobody types them, some of which are good all the same. */
function hostileEmail(run: number): fc.Arbitrary<string> {
  const pieces = [
    ...["\r\n", "\n", "\r", "\0", "\t", " ", "\u200b", "\u202e", "\u2028", "\u00a0", "\ufeff"],
    ...[
      "@",
      "＠",
      "﹫",
      "%40",
      ",",
      ";",
      ":",
      "<",
      ">",
      "(",
      ")",
      '"',
      "\\",
      "[",
      "]",
      "|",
      "`",
      "'",
    ],
    ...[
      ".",
      "..",
      "-",
      "_",
      "+",
      "/",
      "!",
      "%",
      "=?utf-8?q?=0d=0a?=",
      "\r\nBcc: ",
      "\r\nRCPT TO:<",
    ],
    ...[
      "bob@example.org",
      "example.org",
      "bücher.example",
      "ß",
      "ı",
      "ﬁ",
      "K",
      "İ",
      "é",
      "e\u0301",
    ],
    ...[
      "xn--",
      "xn--a",
      "127.0.0.1",
      "[127.0.0.1]",
      "localhost",
      "\ud800",
      "😀",
      "\r\n.\r\n",
      "${",
    ],
  ];
  const piece = fc.oneof(
    fc.constantFrom(...pieces),
    fc.string({ maxLength: 4 }),
    fc.string({ unit: "binary", maxLength: 3 }),
  );
  const noise = fc.array(piece, { maxLength: 3 }).map((parts) => parts.join(""));
  const local = fc.string({
    unit: fc.constantFrom(..."abcxyz019.-_+"),
    minLength: 1,
    maxLength: 9,
  });
  return fc.oneof(
    fc.emailAddress(),
    fc
      .tuple(noise, local, fc.constantFrom("@", "@", "＠", "@@"), noise, noise)
      .map(
        ([start, name, at, middle, end]) => `${start}${name}${run}${at}${middle}example.org${end}`,
      ),
    fc
      .tuple(local, noise, fc.constantFrom("org", "ORG", "ｏｒｇ"))
      .map(([name, middle, end]) => `${name}${middle}${run}@example.${end}`),
    fc.tuple(noise, noise).map(([name, host]) => `${name}@${host}`),
  );
}

function isOfRun(recipients: string[], kept: string[]): boolean {
  return recipients.some((recipient) => kept.includes(recipient));
}

/** Expects that a deed adds no row to any table; a mail is a row as well. */
async function expectNothingStored(site: Site, deed: () => Promise<void>) {
  const before = await countRows(site);
  expect(Object.keys(before).length).toBeGreaterThan(3);
  await deed();
  for (const [table, count] of Object.entries(await countRows(site))) {
    expect(count, `rows of ${table}`).toBeLessThanOrEqual(before[table] ?? 0);
  }
}

function expectStaysHere(site: Site, location: string | undefined, spelling: string) {
  expect(location, spelling).toBeDefined();
  const { origin, pathname } = new URL(location ?? "", site.url);
  expect(origin, spelling).toBe(site.url);
  expect(pathname, spelling).not.toMatch(/^\/\//);
}

/** The head of a request that would be welcome, but for these headers. */
function post(site: Site, path: string, headers: string[]): string {
  const head = [
    `POST ${path} HTTP/1.1`,
    `Host: ${new URL(site.url).host}`,
    `Origin: ${site.url}`,
    "Content-Type: application/x-www-form-urlencoded",
    "Accept: application/json",
    "Connection: close",
    ...headers,
  ];
  return `${head.join("\r\n")}\r\n\r\n`;
}
