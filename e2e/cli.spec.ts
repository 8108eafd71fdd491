import { cp, rm } from "node:fs/promises";
import { stepUpOverHttp, textOf } from "./support/account";
import { countFactors, countSessions } from "./support/database";
import { askOverHttp, isSignedIn, sendCode, signInOverHttp } from "./support/program";
import { reachSecondFactor, signInWithApp } from "./support/second-factor";
import { codeIn } from "./support/sign-in";
import { startSite } from "./support/site";
import { isOnPostgresql } from "./support/site-database";
import { expect, test } from "./support/test";

test.use({ siteEnv: { SIGN_UP: "invited" } });

interface Shown {
  id: string;
  email: string;
  scopes: string[];
  sessions: number;
  blocked: string | null;
  blocked_reason: string | null;
  invited: string | null;
}

test("an account that the shell makes is its person's at the first sign-in", async ({
  site,
  mailServer,
  visitor,
}) => {
  const { email } = visitor;
  const made = await site.latchkey("users", "create", email.toUpperCase(), "--json");
  expect(made.code, made.stderr).toBe(0);
  const invitation = await mailServer.waitForMail({
    to: email,
    subject: /^You have an account at/,
  });
  const link = `${site.url}/sign-in?email=${encodeURIComponent(email)}`;
  expect(invitation.text.split(/\r?\n/)).toContain(link);
  expect((await visitor.asNewProgram().get(link)).body).toContain(`value="${email}"`);
  const again = await site.latchkey("users", "create", email);
  expect(again).toMatchObject({ code: 1, stdout: "", stderr: expect.stringMatching(/already/) });
  const show = async () => (await site.latchkey("users", "show", email, "--json")).json() as Shown;
  expect(await show()).toMatchObject({ email, scopes: ["authenticated"], sessions: 0 });
  expect((await show()).invited).not.toBeNull();

  const program = visitor.asNewProgram();
  await signInOverHttp(program, mailServer, email);
  expect(await show()).toMatchObject({ sessions: 1, invited: null });
  expect((await site.latchkey("users", "invite", email)).code).toBe(1);
  const { id } = (await program.get("/me")).json() as { id: string };
  expect(made.json()).toEqual({ done: true, id });
});

test("blocking ends everything at once, while the site runs, and unblocking lets in again", async ({
  site,
  mailServer,
  visitor,
}) => {
  const { email } = visitor;
  await site.latchkey("users", "create", email);
  const [program, other] = [visitor.asNewProgram(), visitor.asNewProgram()];
  await signInOverHttp(program, mailServer, email);
  await site.clock.advance(61_000);
  const pending = await askOverHttp(other, mailServer, email);
  const [session] = (await site.latchkey("sessions", "list", email, "--json")).json() as unknown[];
  expect(session).toHaveProperty("id");
  expect(await isSignedIn(program)).toBe(true);
  const blocked = await site.latchkey("users", "block", email, "--reason", "Spam, “again”");
  expect(blocked.code, blocked.stderr).toBe(0);
  expect(await isSignedIn(program)).toBe(false);
  expect((await sendCode(other, codeIn(pending))).status).toBe(422);
  expect(await countSessions(site, email)).toBe(0);
  const shown = (await site.latchkey("users", "show", email, "--json")).json();
  expect(shown).toMatchObject({ blocked_reason: "Spam, “again”" });
  await mailServer.waitForMail({ to: email, subject: /has been blocked$/ });
  expect((await site.latchkey("users", "block", email, "--reason", "x")).code).toBe(1);

  expect((await site.latchkey("users", "unblock", email)).code).toBe(0);
  await mailServer.waitForMail({ to: email, subject: /is open again$/ });
  await site.clock.advance(61_000);
  await signInOverHttp(program, mailServer, email);
  const activity = textOf(await program.get("/account/activity"));
  expect(activity).toContain("Account blocked by an administrator");
  expect(activity).not.toContain("Spam");
});

test("scopes hold on the next request, and the last super stays", async ({
  site,
  mailServer,
  visitor,
}) => {
  const { email } = visitor;
  await site.latchkey("users", "create", email);
  const program = visitor.asNewProgram();
  await signInOverHttp(program, mailServer, email);
  expect((await program.get("/authorize?scope=admin")).status).toBe(403);
  expect((await site.latchkey("scopes", "grant", email, "super")).code).toBe(0);
  expect((await program.get("/authorize?scope=admin")).status).toBe(204);
  const refused = await site.latchkey("scopes", "revoke", email, "super");
  expect(refused.code).toBe(1);
  expect(refused.stderr).toMatch(/last account with the scope “super”/);
  // Who was invited and never came is nobody who could grant scopes.
  await site.latchkey("users", "create", `second-${email}`);
  await signInOverHttp(visitor.asNewProgram(), mailServer, `second-${email}`);
  await site.latchkey("scopes", "grant", `second-${email}`, "super");
  expect((await site.latchkey("scopes", "revoke", email, "super")).code).toBe(0);
  expect((await program.get("/authorize?scope=admin")).status).toBe(403);
  expect((await site.latchkey("scopes", "grant", email, "a b")).code).toBe(1);
});

test("a lost second factor is taken away from the shell", async ({ site, mailServer, visitor }) => {
  const { email } = visitor;
  await site.latchkey("users", "create", email);
  await signInWithApp(visitor.asNewProgram(), { site, mailServer, visitor });
  await site.clock.advance(61_000);
  const half = visitor.asNewProgram();
  await reachSecondFactor(half, mailServer, email);
  const status = (await site.latchkey("two-factor", "status", email, "--json")).json();
  expect(status).toMatchObject({ recovery_codes: 10, passkeys: [] });
  expect((await site.latchkey("two-factor", "disable", email)).code).toBe(0);
  expect(await countFactors(site, email)).toEqual({ Totp: 0, Passkey: 0, RecoveryCode: 0 });
  await mailServer.waitForMail({ to: email, subject: /has been turned off$/ });
  expect((await half.get("/two-factor")).headers.location).toBe("/sign-in");
  await site.clock.advance(61_000);
  await signInOverHttp(half, mailServer, email);
  expect((await site.latchkey("two-factor", "disable", email)).code).toBe(1);
});

test("people read tables and help, programs JSON and exit codes", async ({ site, visitor }) => {
  const { email } = visitor;
  await site.latchkey("users", "create", email, "--name", "Ann Example", "--no-mail");
  const [local = ""] = email.split("@");
  const table = await site.latchkey("users", "list", "--search", local);
  expect(table.stdout).toMatch(/│ id .*│ email /);
  expect(table.stdout).toContain("Ann Example");
  const rows = (await site.latchkey("users", "list", "--search", local, "--json")).json();
  expect(rows).toMatchObject([{ email, name: "Ann Example", blocked: null }]);

  const help = await site.latchkey("--help");
  expect(help).toMatchObject({ code: 0, stderr: "" });
  expect(help.stdout).toContain("Exit codes: 0 done, 1 refused, 2 wrong use.");
  for (const wrong of [
    ["users", "show"],
    ["users", "list", "--limit", "0"],
    ["users", "delete", email],
  ]) {
    const result = await site.latchkey(...wrong);
    expect(result.code, wrong.join(" ")).toBe(2);
    expect(result.stderr).toMatch(/^error: /);
  }
  const unknown = await site.latchkey("users", "show", `no-${email}`);
  expect(unknown).toMatchObject({ code: 1, stdout: "" });
  expect(unknown.stderr).toContain("There is no account");
  expect((await site.latchkey("users", "create", "a@b@c")).code).toBe(1);
  expect((await site.latchkey("db", "migrate")).stdout).toContain("Nothing to apply");
});

test("a backup is restored by the steps of docs/backup.md", async ({ site, visitor }) => {
  const { email } = visitor;
  await site.latchkey("users", "create", email, "--no-mail");
  if (isOnPostgresql()) {
    const refused = await site.latchkey("db", "backup", "latchkey.db");
    expect(refused).toMatchObject({ code: 1, stdout: "" });
    expect(refused.stderr).toContain("pg_dump --format=custom");
    return;
  }
  const file = `${site.databaseFile}.copy`;
  expect((await site.latchkey("db", "backup", file, "--json")).json()).toEqual({
    done: true,
    file,
  });
  const restored = await startSite();
  await restored.kill();
  // As docs/backup.md says it.
  await cp(file, restored.databaseFile);
  await rm(`${restored.databaseFile}-wal`, { force: true });
  await rm(`${restored.databaseFile}-shm`, { force: true });
  await restored.restart();
  const inCopy = (await restored.latchkey("users", "show", email, "--json")).json();
  await restored.stop();
  expect(inCopy).toMatchObject({ email });
  const twice = await site.latchkey("db", "backup", file);
  expect(twice).toMatchObject({ code: 1, stdout: "", stderr: expect.stringMatching(/already/) });
});

test("an account that is deleted from the shell is gone, and told", async ({
  site,
  mailServer,
  visitor,
}) => {
  const { email } = visitor;
  await site.latchkey("users", "create", email);
  const program = visitor.asNewProgram();
  await signInOverHttp(program, mailServer, email);
  await site.clock.advance(11 * 60_000);
  await stepUpOverHttp(program, mailServer, email);
  expect((await site.latchkey("users", "delete", email, "--yes")).code).toBe(0);
  expect(await isSignedIn(program)).toBe(false);
  await mailServer.waitForMail({ to: email, subject: /has been deleted$/ });
  expect((await site.latchkey("users", "show", email)).code).toBe(1);
});
