import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { askOverHttp, isSignedIn, sendCode, sendLink } from "./support/program";
import { passFactor, reachSecondFactor, signInWithApp } from "./support/second-factor";
import { codeIn, linkIn } from "./support/sign-in";
import { isOnPostgresql, onDatabase } from "./support/site-database";
import { expect, test } from "./support/test";

const asJson = { accept: "application/json" };

test.use({ siteEnv: { MAILS_PER_MINUTE: "5", MAILS_PER_HOUR: "5" } });

test("a site moves to a database of the other kind, and for its people nothing has happened", async ({
  site,
  mailServer,
  visitor,
}) => {
  // Six runs of the shell beside the site's own two.
  test.setTimeout(120_000);
  const { email } = visitor;
  const { target, remove } = await makeTarget();
  const signedIn = visitor.asNewProgram();
  const half = visitor.asNewProgram();
  const opening = visitor.asNewProgram();
  const waiting = visitor.asNewProgram();
  const { app, recoveryCodes } = await signInWithApp(signedIn, { site, mailServer, visitor });
  await reachSecondFactor(half, mailServer, email);
  const pending = await askOverHttp(opening, mailServer, `link-${email}`);
  const token = (await signedIn.post("/token")).body;
  const keys = (await signedIn.get("/.well-known/jwks.json")).body;
  expect(token).toContain("access_token");
  const asking = visitor.asNewProgram();
  const ask = () => asking.post("/auth", { json: { email: `limit-${email}` } }, asJson);
  for (let mail = 0; mail < 5; mail++) expect((await ask()).status).toBe(202);
  await mailServer.behave("refuse connections");
  await waiting.post("/auth", { json: { email: `queued-${email}` } }, asJson);

  for (const [wrong, message] of [
    [["--to", "mysql://user:s3cret@db.example.org/name"], /^error: --to must be file: and a path/],
    [["--to", site.databaseUrl], /^error: --to is the database of the site itself/],
  ] as const) {
    const answer = await site.latchkey("db", "copy", ...wrong);
    expect(answer).toMatchObject({ code: 2, stdout: "", stderr: expect.stringMatching(message) });
    expect(answer.stderr).not.toContain("s3cret");
  }
  const whileItRuns = await site.latchkey("db", "copy", "--to", target);
  expect(whileItRuns).toMatchObject({ code: 1, stdout: "" });
  expect(whileItRuns.stderr).toMatch(/is in use.*: stop /);
  await site.kill("SIGTERM");

  const withWrongPassword = Object.assign(postgresqlServer(), { password: "s3cret" }).href;
  const notLetIn = await site.latchkey("db", "copy", "--to", withWrongPassword);
  expect(notLetIn).toMatchObject({ code: 1, stdout: "" });
  expect(notLetIn.stderr).toMatch(/^--to: .* refuses the password of [^\n]*\n$/);
  expect(notLetIn.stderr).not.toContain("s3cret");

  const copied = await site.latchkey("db", "copy", "--to", target, "--json");
  expect(copied.code, copied.stderr).toBe(0);
  expect(copied.json()).toMatchObject({ done: true, replaced_texts: 0 });
  const steps = copied.stderr
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  expect(steps).toContainEqual({ act: "copying", table: "User", rows: 1, total: 1 });
  expect(steps).toContainEqual({ act: "verifying", table: "User", rows: 1, total: 1 });

  await mailServer.behave("accept");
  await site.clock.advance(30_000);
  await site.restart({ DATABASE_URL: target });
  expect(await isSignedIn(signedIn)).toBe(true);
  expect((await passFactor(half, app.code())).status).toBe(200);
  expect((await sendLink(opening, linkIn(pending))).status).toBe(200);
  const queued = await mailServer.waitForMail({ to: `queued-${email}` });
  expect((await sendCode(waiting, codeIn(queued))).status).toBe(200);
  expect((await signedIn.get("/.well-known/jwks.json")).body).toBe(keys);
  expect((await ask()).status).toBe(429);
  const recovering = visitor.asNewProgram();
  await reachSecondFactor(recovering, mailServer, email);
  expect((await passFactor(recovering, recoveryCodes[0] ?? "", "recovery")).status).toBe(200);

  await site.kill("SIGTERM");
  await remove();
});

/** An empty database of the kind that the site is not on. */
async function makeTarget() {
  const url = postgresqlServer();
  url.pathname = `latchkey_copy_${process.pid}`;
  if (isOnPostgresql()) {
    const file = join(tmpdir(), `${url.pathname.slice(1)}.db`);
    return { target: `file:${file}`, remove: () => rm(file) };
  }
  const name = url.pathname.slice(1);
  const onServer = (sql: string) =>
    onDatabase(postgresqlServer().href, (database) => database.executeScript(sql));
  await onServer(`CREATE DATABASE ${name}`);
  return { target: url.href, remove: () => onServer(`DROP DATABASE ${name} WITH (FORCE)`) };
}

function postgresqlServer(): URL {
  return Object.assign(new URL(process.env.TEST_POSTGRES_TEMPLATE ?? ""), {
    pathname: "/postgres",
  });
}
