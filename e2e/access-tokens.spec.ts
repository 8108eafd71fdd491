import { mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { findPeer } from "../scripts/peers.mjs";
import { sendAct } from "./support/account";
import { hideSessions, setBlocked } from "./support/database";
import { client, type HttpAnswer, type HttpClient } from "./support/http";
import { bearing, forgeries, isSignedBy, keysOf, readJwt, tokenFor } from "./support/jwt";
import { expectProblem } from "./support/problem";
import { isSignedIn, signInOverHttp } from "./support/program";
import {
  enrolApp,
  passFactor,
  reachSecondFactor,
  untilNextMail,
  waitForNotice,
} from "./support/second-factor";
import { startProcess } from "./support/server-process";
import { startSite } from "./support/site";
import { expect, test } from "./support/test";

const root = fileURLToPath(new URL("..", import.meta.url));
const second = 1000;
const minute = 60 * second;

test("whoever is signed in gets a token that says who they are, as the documentation has it", async ({
  site,
  mailServer,
  visitor,
}) => {
  const program = visitor.asNewProgram();
  await signInOverHttp(program, mailServer, visitor.email);
  const now = site.clock.now().getTime() / second;
  const answer = await program.post("/token");
  expect(answer.status).toBe(200);
  expect(answer.headers["content-type"]).toMatch(/^application\/json\b/);
  expect(answer.headers["cache-control"]).toContain("no-store");
  expect(answer.setCookies).toEqual([]);
  expect(answer.json()).toEqual({
    access_token: expect.any(String),
    token_type: "Bearer",
    expires_in: 300,
  });

  const { access_token: token } = answer.json() as { access_token: string };
  const { header, claims } = readJwt(token);
  const { id } = (await program.get("/me")).json() as { id: string };
  expect(header).toEqual({ typ: "at+jwt", alg: "ES256", kid: expect.stringMatching(/^\S+$/) });
  expect(claims).toEqual({
    iss: site.url,
    aud: site.url,
    client_id: site.url,
    sub: id,
    email: visitor.email,
    scope: "authenticated",
    sid: expect.stringMatching(/^\S{8,}$/),
    jti: expect.stringMatching(/^\S{16,}$/),
    iat: expect.any(Number),
    nbf: expect.any(Number),
    exp: expect.any(Number),
  });
  const { iat, nbf, exp } = claims as Record<"iat" | "nbf" | "exp", number>;
  expect(iat).toBeGreaterThan(now - 2);
  expect(iat).toBeLessThan(now + 10);
  expect(nbf).toBeLessThanOrEqual(iat);
  expect(exp - iat).toBe(300);
  expect(isSignedBy(await keysOf(visitor.asNewProgram()), token)).toBe(true);
  // What is worth more than the token does not stand in it.
  expect(JSON.stringify(claims)).not.toContain(program.cookies.get("session_id"));

  const other = readJwt(await tokenFor(program)).claims;
  expect(other.jti).not.toBe(claims.jti);
  expect(other.sid).toBe(claims.sid);
});

test("the keys are public ones, strong enough, and may be kept for five minutes", async ({
  mailServer,
  visitor,
}) => {
  const program = visitor.asNewProgram();
  await signInOverHttp(program, mailServer, visitor.email);
  const { header } = readJwt(await tokenFor(program));
  const answer = await visitor.asNewProgram().get("/.well-known/jwks.json");
  expect(answer.status).toBe(200);
  expect(answer.headers["content-type"]).toMatch(/^application\/(jwk-set\+)?json\b/);
  const kept = /(?:^|[ ,])max-age=(\d+)/.exec(`${answer.headers["cache-control"]}`)?.[1];
  expect(Number(kept)).toBeGreaterThan(0);
  expect(Number(kept)).toBeLessThanOrEqual(300);
  expect(answer.headers["cache-control"]).not.toMatch(/private|no-store/);
  expect(answer.setCookies).toEqual([]);

  expect(Object.keys(answer.json() as object)).toEqual(["keys"]);
  const { keys } = await keysOf(program);
  expect(keys.map(({ kid }) => kid)).toContain(header.kid);
  expect(new Set(keys.map(({ kid }) => kid)).size).toBe(keys.length);
  for (const key of keys) {
    // 32 bytes each are 256 bits; `d` would be the private one.
    expect(key).toEqual({
      kty: "EC",
      crv: "P-256",
      x: expect.stringMatching(/^[\w-]{43}$/),
      y: expect.stringMatching(/^[\w-]{43}$/),
      kid: expect.any(String),
      alg: "ES256",
      use: "sig",
    });
  }
  const looked = await visitor.asNewProgram().request("HEAD", "/.well-known/jwks.json");
  expect([looked.status, looked.body]).toEqual([200, ""]);
  expectProblem(await program.post("/.well-known/jwks.json", { json: {} }), 405, "GET, HEAD");
});

test("/me says the same by token as by cookie", async ({ mailServer, visitor }) => {
  const program = visitor.asNewProgram();
  await signInOverHttp(program, mailServer, visitor.email);
  const token = await tokenFor(program);
  const byCookie = await program.get("/me");
  for (const scheme of ["Bearer", "bearer", "BEARER"]) {
    const service = visitor.asNewProgram();
    const byToken = await service.get("/me", { authorization: `${scheme} ${token}` });
    expect(byToken.status).toBe(200);
    expect(byToken.body).toBe(byCookie.body);
    expect(byToken.headers["cache-control"]).toContain("no-store");
    expect(byToken.setCookies).toEqual([]);
    const looked = await service.request("HEAD", "/me", { headers: bearing(token) });
    expect([looked.status, looked.body]).toEqual([200, ""]);
  }
  const elsewhere = { form: { access_token: token } };
  expectProblem(await visitor.asNewProgram().get(`/me?access_token=${token}`), 401);
  expectProblem(await visitor.asNewProgram().post("/me", elsewhere), 405, "GET, HEAD");
});

test("a token opens nothing but what takes tokens", async ({ mailServer, visitor }) => {
  const program = visitor.asNewProgram();
  await signInOverHttp(program, mailServer, visitor.email);
  const token = await tokenFor(program);
  const service = visitor.asNewProgram(bearing(token));
  // A token that got another token would live for ever.
  expectProblem(await service.post("/token"), 401);
  expectProblem(await sendAct(service, "/account/name", { name: "Eve" }), 401);
  expectProblem(await sendAct(service, "/account/delete/now", { email: visitor.email }), 401);
  expect((await service.get("/private")).status).toBe(307);
  expect((await service.post("/sign_out")).status).toBe(204);
  for (const cookie of ["session_id", "two_factor"]) {
    const thief = visitor.asNewProgram();
    thief.cookies.set(cookie, token);
    expectProblem(await thief.get("/me"), 401);
    expectProblem(await thief.post("/token"), 401);
  }
  expect(await isSignedIn(program)).toBe(true);
});

test("what somebody has forged or made up is refused, by /me and /authorize alike", async ({
  mailServer,
  visitor,
}) => {
  const program = visitor.asNewProgram();
  await signInOverHttp(program, mailServer, visitor.email);
  const token = await tokenFor(program);
  const forged = forgeries(token, await keysOf(program));
  const made = ["x", "..", "a.b.c", "null", "=".repeat(100), program.cookies.get("session_id")];
  for (const [what, value] of [...Object.entries(forged), ...made.map((it) => [`${it}`, it])]) {
    const service = visitor.asNewProgram();
    for (const path of ["/me", "/authorize"]) {
      const answer = await service.get(path, bearing(`${value}`));
      expect(answer.status, `a token ${what}`).toBe(401);
      expectRefusedToken(answer);
    }
  }
  // Not even with a cookie beside it, which is for whoever says nothing else.
  const fake = forged["signed by another key"] ?? "";
  expectRefusedToken(await program.get("/me", bearing(fake)));
  expect((await visitor.asNewProgram().get("/me", bearing(token))).status).toBe(200);
});

test("who says nothing is told how to say who they are", async ({ visitor }) => {
  const answer = await visitor.asNewProgram().get("/me");
  expectProblem(answer, 401);
  // RFC 6750, 3.1: no word about a fault where no token came.
  expect(answer.headers["www-authenticate"]).toMatch(/^Bearer\b(?!.*error)/);
});

test("a token lives as long as it says, and not before it was made", async ({
  mailServer,
  visitor,
}) => {
  // A clock that is set back is no good to the tests after this one.
  const site = await startSite({ mailServer, env: { ACCESS_TOKEN_MINUTES: "0.5" } });
  try {
    const program = client(site);
    await signInOverHttp(program, mailServer, visitor.email);
    const answer = await program.post("/token");
    const { access_token: token, expires_in: expiresIn } = answer.json() as {
      access_token: string;
      expires_in: number;
    };
    expect(expiresIn).toBe(30);
    const meant = (readJwt(token).claims.exp as number) * second;
    const ask = () => client(site).get("/me", bearing(token));
    expect((await ask()).status).toBe(200);
    await site.clock.advance(meant - 3 * second - site.clock.now().getTime());
    expect((await ask()).status).toBe(200);
    await site.clock.advance(meant + second - site.clock.now().getTime());
    expectRefusedToken(await ask());
    expectRefusedToken(await client(site).get("/authorize", bearing(token)));
    expect(await isSignedIn(program)).toBe(true);

    const next = await tokenFor(program);
    await site.clock.advance(-10 * minute);
    expectRefusedToken(await client(site).get("/me", bearing(next)));
    expect(await isSignedIn(program)).toBe(true);
  } finally {
    await site.stop();
  }
});

test("a token of five minutes lives for five minutes", async ({ site, mailServer, visitor }) => {
  const program = visitor.asNewProgram();
  await signInOverHttp(program, mailServer, visitor.email);
  const token = await tokenFor(program);
  await site.clock.advance(295 * second);
  expect((await visitor.asNewProgram().get("/me", bearing(token))).status).toBe(200);
  await site.clock.advance(6 * second);
  expectRefusedToken(await visitor.asNewProgram().get("/me", bearing(token)));
  expect((await visitor.asNewProgram().get("/me", bearing(await tokenFor(program)))).status).toBe(
    200,
  );
});

test("the token of a session that has ended is refused by the very next request", async ({
  site,
  mailServer,
  visitor,
}) => {
  const owner = visitor.asNewProgram();
  await signInOverHttp(owner, mailServer, visitor.email);
  const endings: Record<string, (program: HttpClient) => Promise<unknown>> = {
    "signed out": (program) => program.post("/sign_out"),
    revoked: () => sendAct(owner, "/account/sessions/end", { session: "others" }),
    blocked: () => setBlocked(site, visitor.email, site.clock.now()),
    deleted: async (program) => {
      const answer = await sendAct(program, "/account/delete/now", { email: visitor.email });
      expect(answer.status).toBe(204);
    },
  };
  let program = owner;
  for (const [how, end] of Object.entries(endings)) {
    if (how !== "deleted") {
      await site.clock.advance(15 * minute);
      program = visitor.asNewProgram();
      await signInOverHttp(program, mailServer, visitor.email);
    } else {
      // The session of who was blocked, which the database alone has been told of.
      await setBlocked(site, visitor.email, null);
    }
    const cookies = new Map(program.cookies);
    const service = visitor.asNewProgram(bearing(await tokenFor(program)));
    expect((await service.get("/me")).status, how).toBe(200);
    await end(program);
    const answer = await service.get("/me");
    expect(answer.status, how).toBe(401);
    expectRefusedToken(answer);
    expectRefusedToken(await service.get("/authorize"));
    const again = visitor.asNewProgram();
    for (const [name, value] of cookies) again.cookies.set(name, value);
    expectProblem(await again.post("/token"), 401);
  }
});

test("a session that has run out takes its token along", async ({ site, mailServer, visitor }) => {
  const program = visitor.asNewProgram();
  await signInOverHttp(program, mailServer, visitor.email);
  await site.clock.advance(24 * 60 * minute - 2 * minute);
  const token = await tokenFor(program);
  const service = visitor.asNewProgram(bearing(token));
  expect((await service.get("/me")).status).toBe(200);
  await site.clock.advance(3 * minute);
  expect(readJwt(token).claims.exp).toBeGreaterThan(site.clock.now().getTime() / second);
  expectRefusedToken(await service.get("/me"));
  expectProblem(await program.post("/token"), 401);
});

test("nobody gets a token without a session", async ({ visitor }) => {
  for (const value of ["", "A", "A".repeat(43), "../..", "' OR 1=1", "null"]) {
    const program = visitor.asNewProgram();
    if (value) program.cookies.set("session_id", value);
    const answer = await program.post("/token");
    expectProblem(answer, 401);
    expect(answer.body).not.toContain("access_token");
  }
});

test("only who has passed the second factor of the account gets a token", async ({
  site,
  mailServer,
  visitor,
}) => {
  const before = visitor.asNewProgram();
  await signInOverHttp(before, mailServer, visitor.email);
  expect((await before.post("/token")).status).toBe(200);
  await untilNextMail(site);
  const owner = visitor.asNewProgram();
  await signInOverHttp(owner, mailServer, visitor.email);
  const { app } = await enrolApp(owner, site);
  await waitForNotice(mailServer, visitor.email, /^An authenticator app/);
  await untilNextMail(site);
  const refused = await before.post("/token");
  expectProblem(refused, 401);
  expect(refused.body).not.toContain("access_token");
  expect((await owner.post("/token")).status).toBe(200);

  const half = visitor.asNewProgram();
  await reachSecondFactor(half, mailServer, visitor.email);
  const value = half.cookies.get("two_factor") ?? "";
  expect(value).not.toBe("");
  expectProblem(await half.post("/token"), 401);
  expectRefusedToken(await half.get("/me", bearing(value)));
  const thief = visitor.asNewProgram();
  thief.cookies.set("session_id", value);
  expectProblem(await thief.post("/token"), 401);

  expect((await passFactor(half, app.code())).status).toBe(200);
  const token = await tokenFor(half);
  expect((await visitor.asNewProgram().get("/me", bearing(token))).status).toBe(200);
});

test("/token is for POST from the site's own pages", async ({ site, mailServer, visitor }) => {
  const program = visitor.asNewProgram();
  await signInOverHttp(program, mailServer, visitor.email);
  for (const method of ["GET", "PUT", "PATCH", "DELETE"]) {
    const answer = await program.request(method, "/token", { headers: { origin: site.url } });
    expectProblem(answer, 405, "POST");
  }
  expect((await program.request("HEAD", "/token")).status).toBe(405);
  const origins = [undefined, "null", "https://evil.example", `${site.url}.evil.example`];
  for (const origin of origins) {
    const answer = await program.post("/token", undefined, { origin });
    expectProblem(answer, 403);
    expect(answer.headers["access-control-allow-origin"]).toBeUndefined();
  }
  for (const body of [undefined, { form: {} }, { json: {} }, { raw: "nonsense" }] as const) {
    expect((await program.post("/token", body)).status).toBe(200);
  }
});

test("while sessions cannot be read the answer is 503, to cookie and token alike", async ({
  site,
  mailServer,
  visitor,
}) => {
  const program = visitor.asNewProgram();
  await signInOverHttp(program, mailServer, visitor.email);
  const service = visitor.asNewProgram(bearing(await tokenFor(program)));
  const bringBack = await hideSessions(site);
  try {
    for (const answer of [await program.post("/token"), await service.get("/me")]) {
      expectProblem(answer, 503);
      expect(answer.headers["retry-after"]).toMatch(/^\d+$/);
      expect(answer.setCookies).toEqual([]);
    }
  } finally {
    await bringBack();
  }
  expect((await service.get("/me")).status).toBe(200);
});

for (const example of listExamples()) {
  test(`the ${example.language} example of the documentation accepts a token and refuses every other`, async ({
    site,
    mailServer,
    visitor,
  }) => {
    const program = visitor.asNewProgram();
    await signInOverHttp(program, mailServer, visitor.email);
    const { id } = (await program.get("/me")).json() as { id: string };
    // The example goes by the real clock, and the site by that of the tests.
    const toRealTime = () => site.clock.advance(Date.now() - site.clock.now().getTime());
    await toRealTime();
    const token = await tokenFor(program);
    await site.clock.advance(-6 * 60_000);
    const tooOld = await tokenFor(program);
    await site.clock.advance(12 * 60_000);
    const tooEarly = await tokenFor(program);
    await toRealTime();
    const refused = { ...forgeries(token, await keysOf(program)), tooOld, tooEarly };
    const person = { id, email: visitor.email, scopes: ["authenticated"] };
    const [[first, ...others], elsewhere] = await Promise.all([
      askExample(example, site.url, [token, ...Object.values(refused), token]),
      // The same keys by another name: it is neither the issuer nor the audience there.
      askExample(example, site.url.replace("localhost", "127.0.0.1"), [token]),
    ]);
    expect([first, others.pop()]).toEqual([person, person]);
    expect(Object.keys(refused).map((what, index) => [what, others[index]])).toEqual(
      Object.keys(refused).map((what) => [what, null]),
    );
    expect(elsewhere).toEqual([null]);
  });
}

test("a site's first token is good at once in every process", async ({ mailServer, visitor }) => {
  const one = await startSite({ mailServer });
  const two = await startSite({ mailServer, beside: one });
  try {
    const owner = client(one);
    const atTwo = client(two, { origin: one.url });
    await signInOverHttp(owner, mailServer, visitor.email);
    for (const [name, value] of owner.cookies) atTwo.cookies.set(name, value);
    // Both have looked, and there was no key yet.
    for (const site of [one, two]) expect(await keysOf(client(site))).toEqual({ keys: [] });
    for (const [whose, program] of Object.entries({ one: owner, two: atTwo })) {
      const token = await tokenFor(program);
      for (const [where, site] of Object.entries({ one, two })) {
        const what = `a token of process ${whose} at process ${where}`;
        const { status } = await client(site).get("/me", bearing(token));
        expect.soft(status, what).toBe(200);
        const isKnown = isSignedBy(await keysOf(client(site)), token);
        expect.soft(isKnown, `${what}: its key is published`).toBe(true);
      }
    }
  } finally {
    await Promise.all([one, two].map((site) => site.stop()));
  }
});

/** Expects what RFC 6750 (3) says to whoever comes with a token that is no good. */
function expectRefusedToken(answer: HttpAnswer): void {
  expectProblem(answer, 401);
  expect(answer.headers["www-authenticate"]).toMatch(/^Bearer\b.*error="invalid_token"/);
  expect(answer.setCookies).toEqual([]);
}

/** An example of the documentation, and a program that asks it about tokens. */
interface Example {
  language: string;
  fence: string;
  program: string;
  file: string;
  asker: string;
}

/** Those whose language is installed here. */
function listExamples(): Example[] {
  const python = findPeer("python");
  const node = {
    language: "Node",
    fence: "js",
    program: process.execPath,
    file: "example.mjs",
    asker: `import { readFileSync } from "node:fs";
      import { whoIs } from "./example.mjs";
      const answers = [];
      for (const token of JSON.parse(readFileSync("tokens.json", "utf8")))
        answers.push(await whoIs(token).catch(() => null));
      console.log(JSON.stringify(answers));`,
  };
  if (!python) return [node];
  const asker = [
    "import json, jwt, example",
    "def ask(token):",
    "    try: return example.who_is(token)",
    "    except jwt.PyJWTError: return None",
    "print(json.dumps([ask(token) for token in json.load(open('tokens.json'))]))",
  ].join("\n");
  return [
    node,
    { language: "Python", fence: "python", program: python, file: "example.py", asker },
  ];
}

/**
 * Runs the example as it stands, with the address of a site put in, and asks it who these tokens
 * are from; null for one that it refuses.
 */
async function askExample(
  { language, fence, program, file, asker }: Example,
  url: string,
  tokens: string[],
): Promise<unknown[]> {
  const text = await readFile(join(root, "docs/access-tokens.md"), "utf8");
  const form = new RegExp(`^## ${language}\\n+\`\`\`${fence}\\n(.*?)^\`\`\``, "ms");
  const [, example] = form.exec(text) ?? [];
  if (!example?.includes("https://www.example.org")) throw new Error(`No example for ${language}`);
  const folder = await mkdtemp(join(tmpdir(), "latchkey-example-"));
  try {
    await symlink(join(root, "node_modules"), join(folder, "node_modules"));
    await writeFile(join(folder, file), example.replaceAll("https://www.example.org", url));
    await writeFile(join(folder, "tokens.json"), JSON.stringify(tokens));
    const ask = file.replace("example", "ask");
    await writeFile(join(folder, ask), asker);
    let output = "";
    const asked = startProcess([ask], {
      program,
      cwd: folder,
      env: { PATH: process.env.PATH, NODE_ENV: "production" },
      onOutput: (more) => {
        output += more;
      },
    });
    await expect.poll(() => asked.ending, { timeout: 20_000 }).toBeDefined();
    if (asked.ending?.code !== 0) throw new Error(`The example failed:\n${output}`);
    return JSON.parse(output) as unknown[];
  } finally {
    await rm(folder, { recursive: true });
  }
}
