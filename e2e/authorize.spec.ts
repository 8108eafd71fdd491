import { sendAct } from "./support/account";
import { hideSessions, setBlocked } from "./support/database";
import { client, type HttpAnswer, type HttpClient, type SentHeaders } from "./support/http";
import { bearing, readJwt, tokenFor } from "./support/jwt";
import { expectProblem } from "./support/problem";
import { isSignedIn, sendCode, signInOverHttp } from "./support/program";
import { rawConnection } from "./support/raw-http";
import { enrolApp, reachSecondFactor, untilNextMail, waitForNotice } from "./support/second-factor";
import { codeIn } from "./support/sign-in";
import { startSite } from "./support/site";
import { expect, test } from "./support/test";

const admins = ["ann@example.org", "Bob@Example.org", "carla@example.org"] as const;

test.use({ siteEnv: { ADMIN_EMAILS: admins.join(", ") } });

test("a stranger is not let through, page or not", async ({ visitor }) => {
  for (const accept of ["*/*", "text/html", "application/json", undefined]) {
    for (const query of ["", "?scope=admin", "?scope=authenticated"]) {
      const answer = await visitor.asNewProgram().get(`/authorize${query}`, { accept });
      // A person may be told in a page; a proxy goes by the status, which never sends it elsewhere.
      if (accept === "text/html") expect(answer.status).toBe(401);
      else expectProblem(answer, 401);
      expect(answer.headers["www-authenticate"]).toMatch(/^Bearer\b/);
      expect(personIn(answer)).toEqual({});
    }
  }
  const program = visitor.asNewProgram();
  program.cookies.set("session_id", "A".repeat(43));
  expectProblem(await program.get("/authorize"), 401);
});

test("who is signed in is let through by name, with the cookie and with a token", async ({
  mailServer,
  visitor,
}) => {
  const program = visitor.asNewProgram();
  await signInOverHttp(program, mailServer, visitor.email);
  const { id } = (await program.get("/me")).json() as { id: string };
  const service = visitor.asNewProgram(bearing(await tokenFor(program)));
  for (const caller of [program, service]) {
    for (const method of ["GET", "HEAD"]) {
      for (const query of ["", "?scope=authenticated"]) {
        const answer = await caller.request(method, `/authorize${query}`);
        expect([answer.status, answer.body], `${method} ${query}`).toEqual([204, ""]);
        expect(answer.headers["cache-control"]).toContain("no-store");
        expect(answer.setCookies).toEqual([]);
        expect(personIn(answer)).toEqual({
          "x-user-id": id,
          "x-user-email": visitor.email,
          "x-user-scopes": "authenticated",
        });
      }
    }
  }
});

test("whoever is not an administrator is not let through where one is asked for", async ({
  mailServer,
  visitor,
}) => {
  const program = visitor.asNewProgram();
  await signInOverHttp(program, mailServer, visitor.email);
  const service = visitor.asNewProgram(bearing(await tokenFor(program)));
  for (const caller of [program, service]) {
    for (const scope of ["admin", "super", "editor"]) {
      const answer = await caller.get(`/authorize?scope=${scope}`);
      expectProblem(answer, 403);
      expect((answer.json() as { detail: string }).detail).toContain(scope);
      expect(personIn(answer)).toEqual({});
      const looked = await caller.request("HEAD", `/authorize?scope=${scope}`);
      expect([looked.status, looked.body]).toEqual([403, ""]);
    }
  }
});

for (const email of admins) {
  test(`${email} of ADMIN_EMAILS is let through as an administrator`, async ({
    mailServer,
    visitor,
  }) => {
    const program = visitor.asNewProgram();
    await signInOverHttp(program, mailServer, email.toLowerCase());
    const token = await tokenFor(program);
    const service = visitor.asNewProgram(bearing(token));
    for (const caller of [program, service]) {
      for (const scope of ["admin", "super", "authenticated"]) {
        const answer = await caller.get(`/authorize?scope=${scope}`);
        expect(answer.status, scope).toBe(204);
        expect(answer.headers["x-user-email"]).toBe(email.toLowerCase());
        const scopes = `${answer.headers["x-user-scopes"]}`.split(" ");
        // Whoever reads the header need not know what `super` includes.
        expect(scopes.sort()).toEqual(["admin", "authenticated", "super"]);
      }
      expectProblem(await caller.get("/authorize?scope=editor"), 403);
    }
    const { scope } = readJwt(token).claims;
    expect(`${scope}`.split(" ").sort()).toEqual(["admin", "authenticated", "super"]);
  });
}

test("an address that looks like an administrator's is nobody's", async ({
  mailServer,
  visitor,
}) => {
  for (const email of [
    "ann@example.org.example.net",
    "joann@example.org",
    "ann+1@example.org",
    "ann@sub.example.org",
  ]) {
    const program = visitor.asNewProgram();
    await signInOverHttp(program, mailServer, email);
    expectProblem(await program.get("/authorize?scope=admin"), 403);
  }
});

test("of several scopes all are needed", async ({ site, mailServer, visitor }) => {
  const program = visitor.asNewProgram();
  await signInOverHttp(program, mailServer, visitor.email);
  for (const query of [
    "scope=authenticated&scope=admin",
    "scope=admin&scope=authenticated",
    "scope=authenticated&scope=authenticated&scope=admin",
    "scope[]=admin&scope=admin",
    // However somebody writes a list, it must not come down to its harmless part.
    "scope=authenticated%20admin",
    "scope=authenticated+admin",
    "scope=authenticated,admin",
  ]) {
    expectProblem(await program.get(`/authorize?${query}`), 403);
  }
  const twice = "/authorize?scope=authenticated&scope=authenticated";
  expect((await program.get(twice)).status).toBe(204);

  await site.clock.advance(2 * 3_600_000);
  const admin = visitor.asNewProgram();
  await signInOverHttp(admin, mailServer, admins[0]);
  for (const query of ["scope=authenticated&scope=admin", "scope=super&scope=admin"])
    expect((await admin.get(`/authorize?${query}`)).status).toBe(204);
  expectProblem(await admin.get("/authorize?scope=admin&scope=editor"), 403);
});

const oddScopes: Record<string, string> = {
  nothing: "",
  "a space": "%20",
  "another case": "Admin",
  "another case of all": "AUTHENTICATED",
  "a space before": "%20authenticated",
  "a zero byte": "authenticated%00",
  "a header": "x%0d%0aX-User-Id:%20eve%0d%0aX-Injected:%20yes",
  "a header after a line feed": "x%0aX-Injected:%20yes",
  "a header after another line's end": "x%e5%98%8d%e5%98%8aX-Injected:%20yes",
  "bytes that are no text": "%ff%fe",
  "half an escape": "%",
  "half another escape": "%e0%a4",
  "a surrogate": "%ed%a0%80",
  "a quotation mark": "%22%5c",
  markup: "%3Cscript%3Ealert(1)%3C/script%3E",
  "right-to-left text": "%e2%80%aeadmin",
  "full-width letters": "%ef%bd%81%ef%bd%84%ef%bd%8d%ef%bd%89%ef%bd%8e",
  "a member of every object": "__proto__",
  "another member of every object": "constructor",
  "everything, in SQL": "%25",
  "a query": "' OR '1'='1",
  "a star": "*",
  "10 KB": "a".repeat(10_000),
  "10 KB that begin well": `authenticated${"%20".repeat(3000)}`,
};

test("a scope that is none lets nobody through, and breaks nothing", async ({
  mailServer,
  visitor,
}) => {
  const program = visitor.asNewProgram();
  await signInOverHttp(program, mailServer, visitor.email);
  for (const [what, scope] of Object.entries(oddScopes)) {
    const path = `/authorize?scope=${scope.replaceAll(" ", "%20")}`;
    for (const method of ["GET", "HEAD"]) {
      const answer = await program.request(method, path);
      expect([400, 403, 414, 422, 431], `${what}: ${answer.status}`).toContain(answer.status);
      expect(answer.headers["x-injected"], what).toBeUndefined();
      expect(personIn(answer), what).toEqual({});
      // A proxy has little room for the answer to its sub-request.
      expect(answer.body.length, what).toBeLessThan(2000);
      if (method === "GET") expect(answer.headers["content-type"], what).toContain("problem+json");
    }
    expect((await visitor.asNewProgram().get(path)).status, what).toBe(401);
  }
});

test("what cannot stand in an address line is refused, and lets nobody through", async ({
  site,
  mailServer,
  visitor,
}) => {
  const program = visitor.asNewProgram();
  await signInOverHttp(program, mailServer, visitor.email);
  const cookie = `session_id=${program.cookies.get("session_id")}`;
  for (const target of [
    "/authorize?scope=\u0001admin",
    "/authorize?scope=adm\tin",
    "/authorize?scope=\u00ff",
    "/authorize?scope=a\rX-Injected: yes",
    "/authorize?scope=ad\u0000min",
  ]) {
    const connection = await rawConnection(site);
    connection.write(
      `GET ${target} HTTP/1.1\r\nHost: ${new URL(site.url).host}\r\nCookie: ${cookie}\r\nConnection: close\r\n\r\n`,
    );
    const { status, text } = await connection.answer();
    expect([400, 403], `${JSON.stringify(target)}: ${status}`).toContain(status);
    expect(text).not.toMatch(/^x-(injected|user-id)/im);
  }
});

test("only GET and HEAD are for asking, and they change nothing", async ({
  site,
  mailServer,
  visitor,
}) => {
  const program = visitor.asNewProgram();
  await signInOverHttp(program, mailServer, visitor.email);
  for (const method of ["POST", "PUT", "PATCH", "DELETE"]) {
    const answer = await program.request(method, "/authorize", { headers: { origin: site.url } });
    expectProblem(answer, 405, "GET, HEAD");
    expect(personIn(answer)).toEqual({});
  }
  expect(await isSignedIn(program)).toBe(true);
});

/** A proxy sends the headers of the request on that it asks about. */
const sentOn: Record<string, SentHeaders[]> = {
  "a form, a program or a cache": [
    { origin: "https://evil.example", "content-type": "text/plain" },
    { accept: "application/json", "x-forwarded-method": "DELETE" },
    { "x-forwarded-uri": "/admin", "x-original-url": "/admin?scope=authenticated" },
    { "x-http-method-override": "POST" },
    { "if-none-match": "*", "if-modified-since": "Wed, 21 Oct 2076 07:28:00 GMT" },
    { range: "bytes=0-1" },
    { purpose: "prefetch", "sec-purpose": "prefetch" },
  ],
  "a page made with Next": [
    { rsc: "1" },
    { rsc: "1", "next-router-prefetch": "1", "next-router-state-tree": "%5B%5D" },
    { rsc: "1", "next-url": "/admin", "next-router-segment-prefetch": "/_tree" },
    { "next-action": "a".repeat(42) },
    { "x-nextjs-data": "1" },
    { "x-middleware-subrequest": "proxy:proxy:proxy:proxy:proxy" },
  ],
};

for (const [whose, requests] of Object.entries(sentOn)) {
  test(`what else ${whose} says changes nothing of the answer`, async ({ mailServer, visitor }) => {
    const program = visitor.asNewProgram();
    await signInOverHttp(program, mailServer, visitor.email);
    const person = personIn(await program.get("/authorize"));
    for (const headers of requests) {
      const what = JSON.stringify(headers);
      const answer = await program.get("/authorize", headers);
      expect.soft([answer.status, answer.body, personIn(answer)], what).toEqual([204, "", person]);
      const refused = await program.get("/authorize?scope=admin", headers);
      expect.soft(refused.status, what).toBe(403);
      const stranger = await visitor.asNewProgram().get("/authorize", headers);
      expect.soft(stranger.status, what).toBe(401);
    }
  });
}

test("nobody says in a header of their own who they are", async ({ mailServer, visitor }) => {
  const claimed = { "x-user-id": "eve", "x-user-email": admins[0], "x-user-scopes": "admin" };
  const stranger = await visitor.asNewProgram().get("/authorize", claimed);
  expectProblem(stranger, 401);
  expect(personIn(stranger)).toEqual({});
  const program = visitor.asNewProgram();
  await signInOverHttp(program, mailServer, visitor.email);
  const answer = await program.get("/authorize", claimed);
  expect(answer.headers["x-user-email"]).toBe(visitor.email);
  expect(answer.headers["x-user-scopes"]).toBe("authenticated");
  expectProblem(await program.get("/authorize?scope=admin", claimed), 403);
});

test("an address that is not all ASCII is told as it is kept", async ({ mailServer, visitor }) => {
  const [name] = visitor.email.split("@");
  const addresses = {
    [`${name}@müller.example.org`]: `${name}@xn--mller-kva.example.org`,
    [`jürgen-${visitor.email}`]: `jürgen-${visitor.email}`,
  };
  for (const [email, to] of Object.entries(addresses)) {
    const program = visitor.asNewProgram();
    const headers = { accept: "application/json" };
    const asked = await program.post("/auth", { json: { email } }, headers);
    // Where mail cannot be sent to it, nobody signs in with it.
    if (asked.status === 422) continue;
    const mail = await mailServer.waitForMail({ to });
    expect((await sendCode(program, codeIn(mail))).status).toBe(200);
    const answer = await program.get("/authorize");
    expect(answer.status, email).toBe(204);
    // A header is made of bytes, which Node reads as Latin-1.
    const told = `${answer.headers["x-user-email"]}`;
    expect([told, Buffer.from(told, "latin1").toString()], email).toContain(to);
  }
});

test("who is signed out, revoked, blocked or half signed in is stopped at once", async ({
  site,
  mailServer,
  visitor,
}) => {
  const owner = visitor.asNewProgram();
  await signInOverHttp(owner, mailServer, visitor.email);
  await untilNextMail(site);
  const other = visitor.asNewProgram();
  await signInOverHttp(other, mailServer, visitor.email);
  expect((await other.get("/authorize")).status).toBe(204);
  const ended = await sendAct(owner, "/account/sessions/end", { session: "others" });
  expect(ended.status).toBe(204);
  await expectStopped(other);

  await setBlocked(site, visitor.email, site.clock.now());
  await expectStopped(owner);
  await setBlocked(site, visitor.email, null);
  expect((await owner.get("/authorize")).status).toBe(204);

  await untilNextMail(site);
  const again = visitor.asNewProgram();
  await signInOverHttp(again, mailServer, visitor.email);
  await enrolApp(again, site);
  await waitForNotice(mailServer, visitor.email, /^An authenticator app/);
  await untilNextMail(site);
  const half = visitor.asNewProgram();
  await reachSecondFactor(half, mailServer, visitor.email);
  await expectStopped(half);
  const cookies = new Map(again.cookies);
  await again.post("/sign_out");
  for (const [name, value] of cookies) again.cookies.set(name, value);
  await expectStopped(again);
});

test("while the database is away the answer is 503, and nobody is signed out", async ({
  site,
  mailServer,
  visitor,
}) => {
  const program = visitor.asNewProgram();
  await signInOverHttp(program, mailServer, visitor.email);
  const service = visitor.asNewProgram(bearing(await tokenFor(program)));
  const bringBack = await hideSessions(site);
  try {
    for (const caller of [program, service]) {
      for (const query of ["", "?scope=admin"]) {
        const answer = await caller.get(`/authorize${query}`);
        expectProblem(answer, 503);
        expect(answer.headers["retry-after"]).toMatch(/^\d+$/);
        expect(personIn(answer)).toEqual({});
        expect(answer.setCookies).toEqual([]);
      }
    }
  } finally {
    await bringBack();
  }
  for (const caller of [program, service])
    expect((await caller.get("/authorize")).status).toBe(204);
});

test("an account that is there already is an administrator's from the start that names it", async ({
  mailServer,
  visitor,
}) => {
  const site = await startSite({ mailServer });
  try {
    const program = client(site);
    await signInOverHttp(program, mailServer, visitor.email);
    const service = client(site, bearing(await tokenFor(program)));
    expectProblem(await program.get("/authorize?scope=admin"), 403);
    await site.restart({ ADMIN_EMAILS: visitor.email });
    expect((await program.get("/authorize?scope=admin")).status).toBe(204);
    // A change of scope works on the next request, with a token from before, too (ASVS 8.3.2).
    expect((await service.get("/authorize?scope=admin")).status).toBe(204);
  } finally {
    await site.stop();
  }
});

async function expectStopped(program: HttpClient): Promise<void> {
  const answer = await program.get("/authorize");
  expectProblem(answer, 401);
  expect(personIn(answer)).toEqual({});
}

/** What an answer says of a person. */
function personIn({ headers }: HttpAnswer): Record<string, unknown> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => name.startsWith("x-user-")));
}
