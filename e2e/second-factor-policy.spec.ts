import { sendAct, textOf } from "./support/account";
import { countFactors, countSessions } from "./support/database";
import type { HttpAnswer, HttpClient } from "./support/http";
import { addPasskey, makePasskey, signInByPasskey } from "./support/passkey";
import { expectProblem } from "./support/problem";
import { isSignedIn, signInOverHttp } from "./support/program";
import {
  appWith,
  beginApp,
  handOver,
  otpauthOn,
  passFactor,
  reachSecondFactor,
  recoveryCodesIn,
  secretOn,
  sendFactor,
  untilNextMail,
  untilNextStep,
  waitForNotice,
  withCookiesOf,
  wrongCode,
} from "./support/second-factor";
import type { Site } from "./support/site";
import { expect, test } from "./support/test";
import { addVirtualAuthenticator } from "./support/virtual-authenticator";

const asJson = { accept: "application/json" };
const enrol = "/auth/two-factor/enrol";
const removePasskey = "/account/two-factor/passkeys/remove";
const admin = "admin@example.org";
const otherAdmin = "other.admin@example.org";

test.use({
  siteEnv: {
    TWO_FACTOR: "everyone",
    TOTP_ISSUER: "Example & Sons",
    ADMIN_EMAILS: `${admin},${otherAdmin}`,
  },
});

test.describe("where everyone needs a second factor", () => {
  test("a new account sets up an app before it gets in, and keeps where it wanted to go", async ({
    site,
    mailServer,
    visitor,
  }) => {
    const program = visitor.asNewProgram();
    await reachSecondFactor(program, mailServer, visitor.email, {
      next: "/account/activity",
      remember: "on",
    });
    expect(program.cookies.has("session_id")).toBe(false);
    expect(await countSessions(site, visitor.email)).toBe(0);
    const page = await program.get("/two-factor");
    expect(textOf(page)).toContain("Set up a second factor");
    const uri = otpauthOn(page);
    expect(uri.searchParams.get("issuer")).toBe("Example & Sons");
    expect(decodeURIComponent(uri.pathname)).toBe(`/Example & Sons:${visitor.email}`);
    // Looking again makes no other secret: the app may have this one already.
    expect(secretOn(await program.get("/two-factor"))).toBe(secretOn(page));

    await expectNothingWithin(program);
    await untilNextStep(site);
    const app = appWith(secretOn(page), site);
    // What is asked for where there is a factor already does not get past here.
    expectProblem(await passFactor(program, app.code()), 422);
    expectProblem(await sendFactor(program, enrol, wrongCode(app)), 422);
    expectProblem(await sendFactor(program, enrol, ""), 422);
    expect(await isSignedIn(program)).toBe(false);
    const copy = withCookiesOf(program, visitor);
    const answer = await sendFactor(program, enrol, app.code());
    expect(answer.status, answer.body).toBe(200);
    expect(recoveryCodesIn(answer)).toHaveLength(10);
    expect(answer.body).toContain("/account/activity");
    expect(answer.setCookies.join("\n")).toMatch(/session_id=\S+;.*(Max-Age|Expires)=/);
    expect(await isSignedIn(program)).toBe(true);
    expectProblem(await sendFactor(copy, enrol, app.code(1)), 401);
    await waitForNotice(mailServer, visitor.email, /^An authenticator app/);

    await untilNextMail(site);
    const later = visitor.asNewProgram();
    await reachSecondFactor(later, mailServer, visitor.email);
    // Whoever has one is asked for it, and cannot set up another instead.
    expect((await later.get("/two-factor")).body).not.toContain("otpauth:");
    expectProblem(await sendFactor(later, enrol, app.code()), 401);
    expect(await isSignedIn(later)).toBe(false);
    expect((await passFactor(later, recoveryCodesIn(answer)[0] ?? "", "recovery")).status).toBe(
      200,
    );
  });

  test("an app that was set up elsewhere meanwhile is the one that is asked for", async ({
    site,
    mailServer,
    visitor,
  }) => {
    const [first, second] = [visitor.asNewProgram(), visitor.asNewProgram()];
    await reachSecondFactor(first, mailServer, visitor.email);
    await untilNextMail(site);
    await reachSecondFactor(second, mailServer, visitor.email);
    const [mine, other] = [
      appWith(secretOn(await first.get("/two-factor")), site),
      appWith(secretOn(await second.get("/two-factor")), site),
    ];
    expect(mine.secret).not.toBe(other.secret);
    await untilNextStep(site);
    const answers = await Promise.all([
      sendFactor(first, enrol, mine.code()),
      sendFactor(second, enrol, other.code()),
    ]);
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(await countFactors(site, visitor.email)).toEqual({
      Totp: 1,
      Passkey: 0,
      RecoveryCode: 10,
    });
    expect(await countSessions(site, visitor.email)).toBe(1);
  });

  test("a new account sets up a passkey in a browser, which gets it in", async ({
    page,
    context,
    site,
    mailServer,
    visitor,
  }) => {
    await addVirtualAuthenticator(page);
    const program = visitor.asNewProgram();
    await reachSecondFactor(program, mailServer, visitor.email, { next: "/account/activity" });
    await handOver(program, page, site);
    await page.goto("/account");
    await expect(page).toHaveURL(/\/sign-in\?next=/);
    await page.goto("/two-factor");
    await page.getByRole("button", { name: "Add a passkey" }).click();
    await expect(page.getByRole("heading", { level: 1 })).toHaveText("Keep your recovery codes");
    await expect(page.locator("main ol > li")).toHaveCount(10);
    await page.getByRole("link", { name: "I have kept them" }).click();
    await expect(page).toHaveURL("/account/activity");
    await context.clearCookies();
    await page.goto("/sign-in?next=/account");
    await expect(page).toHaveURL("/account");
  });

  test("the last second factor can be replaced, and not removed", async ({
    site,
    mailServer,
    visitor,
  }) => {
    const program = visitor.asNewProgram();
    await reachSecondFactor(program, mailServer, visitor.email);
    const made = await makePasskey(program, site, "enrolment");
    const foreign = await makePasskey(program, site, "enrolment", {
      origin: "https://elsewhere.example.org",
    });
    expectProblem(await program.post(enrol, { json: { passkey: foreign.answer } }, asJson), 422);
    const again = await makePasskey(program, site, "enrolment");
    const answer = await program.post(enrol, { json: { passkey: again.answer } }, asJson);
    expect(answer.status, answer.body).toBe(200);
    expect(await isSignedIn(program)).toBe(true);
    expectProblem(
      await program.post(
        "/account/two-factor/passkeys/add",
        { json: { passkey: made.answer } },
        asJson,
      ),
      422,
    );
    const page = await program.get("/account/two-factor");
    expect(textOf(page)).toContain("This site asks you to have one.");
    const fields = { passkey: passkeyIdOn(page) };
    expectProblem(await sendAct(program, removePasskey, fields), 422);
    expect((await countFactors(site, visitor.email)).Passkey).toBe(1);

    // With an app beside it, of two that are removed at once one stays.
    await untilNextStep(site);
    const app = appWith(await beginApp(program), site);
    await sendFactor(program, "/account/two-factor/app/confirm", app.code());
    const answers = await Promise.all([
      sendAct(program, removePasskey, fields),
      sendAct(program, "/account/two-factor/app/remove"),
    ]);
    expect(answers.map(({ status }) => status).sort()).toEqual([204, 422]);
    const { Totp, Passkey } = await countFactors(site, visitor.email);
    expect(Totp + Passkey).toBe(1);
    expect((await signInByPasskey(visitor.asNewProgram(), again.passkey)).status).toBe(
      Passkey === 1 ? 200 : 422,
    );
  });
});

test("where it becomes a must, first admins are asked and then all, at their next sign-in", async ({
  site,
  mailServer,
  visitor,
}) => {
  await site.restart({ TWO_FACTOR: "admins" });
  const other = visitor.asNewProgram();
  try {
    await signInOverHttp(other, mailServer, visitor.email);
    expect(await isSignedIn(other)).toBe(true);
    const passkey = await addPasskey(other, site);
    await waitForNotice(mailServer, visitor.email, /^A passkey for your account/);
    const page = await other.get("/account/two-factor");
    expect(textOf(page)).not.toContain("This site asks you");
    const removed = await sendAct(other, removePasskey, { passkey: passkeyIdOn(page) });
    expect(removed.status, removed.body).toBe(204);
    expectProblem(await signInByPasskey(visitor.asNewProgram(), passkey), 422);
    await waitForNotice(mailServer, visitor.email, /^A passkey of your account .* is gone/);

    for (const email of [admin, "Other.Admin@Example.org"]) {
      const program = visitor.asNewProgram();
      await reachSecondFactor(program, mailServer, email);
      await expectNothingWithin(program);
      await enrolAtSignIn(program, site);
      expectProblem(await sendAct(program, "/account/two-factor/app/remove"), 422);
    }
  } finally {
    await site.restart({ TWO_FACTOR: "everyone" });
  }
  await untilNextMail(site);
  const program = visitor.asNewProgram();
  await reachSecondFactor(program, mailServer, visitor.email);
  await expectNothingWithin(program);
  await enrolAtSignIn(program, site);
  expect(textOf(await program.get("/private"))).toContain(visitor.email);
});

/** Sets up an app at the sign-in that asks for one, and expects to be in. */
async function enrolAtSignIn(program: HttpClient, site: Site) {
  const page = await program.get("/two-factor");
  expect(textOf(page)).toContain("Set up a second factor");
  await untilNextStep(site);
  const app = appWith(secretOn(page), site);
  expect((await sendFactor(program, enrol, app.code())).status).toBe(200);
  expect(await isSignedIn(program)).toBe(true);
}

/** The name by which forms know the first passkey of an account. */
function passkeyIdOn({ body }: HttpAnswer): string {
  const [, id = ""] = /name="passkey" value="([^"]+)"/.exec(body) ?? [];
  expect(id).not.toBe("");
  return id;
}

/** Expects whoever still has to set up a second factor to be treated as a stranger. */
async function expectNothingWithin(program: HttpClient) {
  expect(await isSignedIn(program)).toBe(false);
  for (const path of ["/private", "/account", "/account/two-factor", "/account/two-factor/app"]) {
    const { status, headers } = await program.get(path);
    expect(status, path).toBe(307);
    expect(headers.location, path).toMatch(/^\/sign-in\?next=/);
  }
  for (const path of [
    "/account/two-factor/app/begin",
    "/account/two-factor/app/confirm",
    "/account/two-factor/passkeys/add",
    "/account/two-factor/recovery-codes/new",
    "/account/export/download",
    "/auth/step-up",
  ])
    expectProblem(await sendAct(program, path), 401);
}
