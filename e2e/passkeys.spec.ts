import { generateKeyPairSync } from "node:crypto";
import type { Page } from "@playwright/test";
import { sendAct, textOf } from "./support/account";
import { countFactors, countSessions, setBlocked } from "./support/database";
import type { HttpClient } from "./support/http";
import { addPasskey, makePasskey, type Passkey, signInByPasskey } from "./support/passkey";
import { expectProblem } from "./support/problem";
import { isSignedIn, signInOverHttp, tokenIn } from "./support/program";
import {
  enrolApp,
  handOver,
  reachSecondFactor,
  reachTwice,
  type Setting,
  sendFactor,
  untilNextMail,
  untilNextStep,
  waitForNotice,
  withCookiesOf,
  wrongCode,
} from "./support/second-factor";
import { linkIn } from "./support/sign-in";
import { expect, test } from "./support/test";
import { addVirtualAuthenticator } from "./support/virtual-authenticator";

const minute = 60_000;
const asJson = { accept: "application/json" };
const elsewhere = "https://elsewhere.example.org";
const passkeyGone = /^A passkey of your account .* is gone/;

test("a passkey is added, named, used, renamed and removed", async ({
  page,
  context,
  site,
  mailServer,
  visitor,
}) => {
  const device = await addVirtualAuthenticator(page);
  await signInOverHttp(visitor.asNewProgram(), mailServer, visitor.email);
  await untilNextMail(site);
  await bringSignedIn({ site, mailServer, visitor }, page);
  await page.goto("/account/two-factor");
  await expect(page.getByRole("main")).toContainText("no second key yet");
  await page.getByRole("link", { name: "Add a passkey" }).click();
  await page.getByLabel("Name").fill("Ann’s phone");
  await page.getByRole("button", { name: "Create it" }).click();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Keep your recovery codes");
  await expect(page.locator("main ol > li")).toHaveCount(10);
  expect(await device.countPasskeys()).toBe(1);
  await page.getByRole("link", { name: "I have kept them" }).click();
  await expect(page.getByText("The passkey is added.")).toBeVisible();
  await expect(page.getByRole("main")).toContainText("Ann’s phone");
  await expect(page.getByRole("main")).toContainText("Not used yet");
  const mail = await waitForNotice(mailServer, visitor.email, /^A passkey for your account/);
  expect(mail.text).toMatch(/This wasn't me/);

  // Whoever was signed in before still is, and can be sent away (ASVS 7.4.3).
  expect(await countSessions(site, visitor.email)).toBe(2);
  await page.getByRole("button", { name: "End all other sessions" }).click();
  await page.waitForURL("**/account/sessions*");
  expect(await countSessions(site, visitor.email)).toBe(1);

  // The same device makes no second one.
  await page.goto("/account/two-factor/passkeys");
  await page.getByRole("button", { name: "Create it" }).click();
  await expect(page.getByRole("main").getByRole("alert")).toContainText("cannot be added twice");
  await page.goto("/account/two-factor");
  await page.getByText("Rename", { exact: true }).click();
  await page.getByLabel("Name of the passkey “Ann’s phone”").fill("<b>Old</b> phone");
  await page.getByRole("button", { name: "Save" }).click();
  await expect(page.getByText("<b>Old</b> phone", { exact: true })).toBeVisible();

  await context.clearCookies();
  await device.setPresent(false);
  await page.goto("/sign-in?next=/account/two-factor");
  await page.getByLabel(/keep me signed in/i).check();
  await device.setPresent(true);
  await page.getByRole("button", { name: "Sign in with a passkey" }).click();
  await expect(page).toHaveURL("/account/two-factor");
  const session = (await context.cookies()).find(({ name }) => name === "session_id");
  expect(session?.expires).toBeGreaterThan(Date.now() / 1000 + 24 * 3600);
  await expect(page.getByRole("main")).toContainText("Last used on");

  await page.getByRole("button", { name: "Remove the passkey “<b>Old</b> phone”" }).click();
  await expect(page.getByText("The passkey is removed.")).toBeVisible();
  await expect(page.getByRole("main")).toContainText("no second key yet");
  expect(await countFactors(site, visitor.email)).toEqual({ Totp: 0, Passkey: 0, RecoveryCode: 0 });
  await waitForNotice(mailServer, visitor.email, passkeyGone);
});

test("the field of the address offers a passkey, which signs in by itself", async ({
  page,
  context,
  site,
  mailServer,
  visitor,
}) => {
  const device = await addVirtualAuthenticator(page);
  await bringSignedIn({ site, mailServer, visitor }, page);
  await addInBrowser(page);
  await context.clearCookies();
  await page.goto("/sign-in");
  await expect(page).toHaveURL("/private");
  const session = (await context.cookies()).find(({ name }) => name === "session_id");
  expect(session?.expires).toBe(-1);

  // Who is not there types an address all the same; what the device does not know is said.
  await context.clearCookies();
  await device.setPresent(false);
  await page.goto("/sign-in");
  await expect(page.getByLabel("Email address")).toHaveAttribute("autocomplete", /webauthn$/);
  await expect(page.getByRole("button", { name: "Sign in with a passkey" })).toBeVisible();
});

test("a passkey is the second factor, and says who one is once more", async ({
  page,
  context,
  site,
  mailServer,
  visitor,
}) => {
  await addVirtualAuthenticator(page);
  await bringSignedIn({ site, mailServer, visitor }, page);
  await addInBrowser(page);
  await waitForNotice(mailServer, visitor.email, /^A passkey for your account/);
  await untilNextMail(site);
  await context.clearCookies();
  const program = visitor.asNewProgram();
  await reachSecondFactor(program, mailServer, visitor.email, { next: "/account/export" });
  await handOver(program, page, site);
  await page.goto("/two-factor");
  await page.getByRole("button", { name: "Use a passkey" }).click();
  await expect(page).toHaveURL("/account/export");

  await site.clock.advance(11 * minute);
  await page.getByRole("button", { name: "Download it" }).click();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Is it still you?");
  const download = page.waitForEvent("download");
  await page.getByRole("button", { name: "Use a passkey" }).click();
  expect((await download).suggestedFilename()).toMatch(/\.json$/);
});

test.describe("without scripts", () => {
  test.use({ javaScript: false });

  test("pages say that passkeys need them, and offer the other ways", async ({
    page,
    site,
    mailServer,
    visitor,
  }) => {
    const program = visitor.asNewProgram();
    await signInOverHttp(program, mailServer, visitor.email);
    await addPasskey(program, site);
    await handOver(program, page, site);
    await page.goto("/account/two-factor/passkeys");
    await expect(page.getByText("Passkeys need scripts")).toBeVisible();
    await page.context().clearCookies();
    await page.goto("/sign-in");
    await expect(page.getByRole("button", { name: "Sign in with a passkey" })).toBeHidden();
    await waitForNotice(mailServer, visitor.email, /^A passkey for your account/);
    await untilNextMail(site);
    const half = visitor.asNewProgram();
    await reachSecondFactor(half, mailServer, visitor.email);
    await handOver(half, page, site);
    await page.goto("/two-factor");
    await expect(page.getByText("Passkeys need scripts")).toBeVisible();
    await expect(page.getByText("Use a recovery code")).toBeVisible();
  });
});

test("a passkey alone is two factors only where its person was verified", async ({
  site,
  mailServer,
  visitor,
}) => {
  const { passkey } = await signInWithPasskey({ site, mailServer, visitor });
  const program = visitor.asNewProgram();
  const unverified = await passkey.answer(program, "sign-in", { isVerified: false });
  expectProblem(await sendPasskey(program, "/auth/passkey", unverified), 422);
  expect(program.cookies.has("session_id")).toBe(false);
  expect(await isSignedIn(program)).toBe(false);
  const asForm = await program.post(
    "/auth/passkey",
    { form: { passkey: unverified, next: "/account", remember: "on" } },
    { accept: "text/html" },
  );
  const told = asForm.status === 303 ? await program.get(asForm.headers.location ?? "") : asForm;
  expect(textOf(told)).toContain("not unlocked with your finger");

  const kept = await signInByPasskey(program, passkey, { next: "/account", remember: "on" });
  expect(kept.json()).toEqual({ status: "signed_in", next: "/account" });
  expect(kept.setCookies.join("\n")).toMatch(/session_id=\S+;.*(Max-Age|Expires)=/);
  const off = await signInByPasskey(visitor.asNewProgram(), passkey, {
    next: elsewhere,
    remember: "off",
  });
  expect(off.json()).toEqual({ status: "signed_in", next: "/private" });
  const [cookie] = off.setCookies.filter((line) => line.startsWith("session_id="));
  expect(cookie).not.toMatch(/Max-Age|Expires/i);
});

test("an answer of a passkey works once, here, and for what it was asked", async ({
  site,
  mailServer,
  visitor,
}) => {
  const { owner, passkey } = await signInWithPasskey({ site, mailServer, visitor });
  const [half, otherHalf] = await reachTwice({ site, mailServer, visitor });
  const before = await countSessions(site, visitor.email);

  // Made for signing in alone, and sent where the second factor or the person is asked for.
  const alone = await passkey.answer(half, "sign-in");
  expectProblem(await sendPasskey(half, "/auth/two-factor", alone), 422);
  const stepUp = await passkey.answer(owner, "step-up");
  const second = await passkey.answer(otherHalf, "second-factor");
  expectProblem(await sendPasskey(otherHalf, "/auth/two-factor", stepUp), 422);
  for (const answer of [stepUp, second]) {
    expectProblem(await sendPasskey(visitor.asNewProgram(), "/auth/passkey", answer), 422);
    expectProblem(await sendPasskey(otherHalf, "/auth/passkey", answer), 422);
  }
  expectProblem(await sendPasskey(owner, "/auth/step-up", second), 422);
  expect(await countSessions(site, visitor.email)).toBe(before);
  // Made in one browser, and sent from another.
  expectProblem(await sendPasskey(visitor.asNewProgram(), "/auth/two-factor", second), 401);
  const thief = visitor.asNewProgram();
  const stolen = await passkey.answer(half, "sign-in");
  await passkey.answer(thief, "sign-in");
  expectProblem(await sendPasskey(thief, "/auth/passkey", stolen), 422);

  const passed = await sendPasskey(otherHalf, "/auth/two-factor", second);
  expect(passed.status, passed.body).toBe(200);
  const replayer = withCookiesOf(half, visitor);
  expect((await sendPasskey(half, "/auth/passkey", stolen)).status).toBe(200);
  expectProblem(await sendPasskey(replayer, "/auth/passkey", stolen), 422);
  expect((await sendPasskey(owner, "/auth/step-up", stepUp)).status).toBe(200);
  expectProblem(await sendPasskey(owner, "/auth/step-up", stepUp), 422);
  expect(await isSignedIn(replayer)).toBe(false);
});

test("a copy of a passkey that counts is found out", async ({ site, mailServer, visitor }) => {
  const { passkey } = await signInWithPasskey({ site, mailServer, visitor });
  for (const [counter, status] of [
    [5, 200],
    [6, 200],
    [6, 422],
    [5, 422],
    [0, 422],
    [7, 200],
  ] as const) {
    const program = visitor.asNewProgram();
    const answer = await passkey.answer(program, "sign-in", { counter });
    const { status: seen, body } = await sendPasskey(program, "/auth/passkey", answer);
    expect(seen, `${counter}: ${body}`).toBe(status);
  }
});

test("an answer used by twenty at once lets one in", async ({ site, mailServer, visitor }) => {
  const { passkey } = await signInWithPasskey({ site, mailServer, visitor });
  const program = visitor.asNewProgram();
  const answer = await passkey.answer(program, "sign-in");
  const before = await countSessions(site, visitor.email);
  const answers = await Promise.all(
    Array.from({ length: 20 }, () =>
      sendPasskey(withCookiesOf(program, visitor), "/auth/passkey", answer),
    ),
  );
  expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
  expect(answers.filter(({ status }) => status >= 500)).toEqual([]);
  expect(await countSessions(site, visitor.email)).toBe(before + 1);
});

test("an answer that is late, forged, or of another site is refused", async ({
  site,
  mailServer,
  visitor,
}) => {
  const { passkey } = await signInWithPasskey({ site, mailServer, visitor });
  const stranger = await signInWithPasskey({ site, mailServer, visitor }, `other-${visitor.email}`);
  const program = visitor.asNewProgram();
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  for (const wishes of [
    { origin: elsewhere },
    { origin: site.url.replace("localhost", "127.0.0.1") },
    { rpId: "elsewhere.example.org" },
    { key: privateKey },
  ]) {
    const answer = await passkey.answer(program, "sign-in", wishes);
    expectProblem(await sendPasskey(program, "/auth/passkey", answer), 422);
  }
  const good = await passkey.answer(program, "sign-in");
  for (const value of ["", "x", "{}", "[]", "null", '{"id":1}', good.slice(1), `${good}}`])
    expectProblem(await sendPasskey(program, "/auth/passkey", value), 422);
  const { response, ...rest } = JSON.parse(good) as { response: object };
  for (const changed of [
    { ...rest, response: { ...response, signature: "AAAA" } },
    { ...rest, response: { ...response, authenticatorData: "AAAA" } },
    { ...rest, response: { ...response, clientDataJSON: "AAAA" } },
    { ...rest, response: null },
    { ...rest, id: stranger.passkey.id, rawId: stranger.passkey.id, response },
  ])
    expectProblem(await sendPasskey(program, "/auth/passkey", JSON.stringify(changed)), 422);
  for (const origin of [elsewhere, "null", undefined])
    for (const path of ["/auth/passkey", "/auth/passkey/options"])
      expectProblem(await program.post(path, { json: { passkey: good } }, { origin }), 403);
  expect(await isSignedIn(program)).toBe(false);

  const late = await passkey.answer(program, "sign-in");
  await site.clock.advance(10 * minute + 1000);
  expectProblem(await sendPasskey(program, "/auth/passkey", late), 422);

  // The passkey of another account is no second factor of this one, whoever signs with it.
  const half = visitor.asNewProgram();
  await reachSecondFactor(half, mailServer, visitor.email);
  const foreign = await stranger.passkey.answer(half, "second-factor");
  expectProblem(await sendPasskey(half, "/auth/two-factor", foreign), 422);
  expect(await isSignedIn(half)).toBe(false);
  const own = await passkey.answer(half, "second-factor", { isVerified: false });
  expect((await sendPasskey(half, "/auth/two-factor", own)).status).toBe(200);
});

test("a passkey works while codes have a pause", async ({ site, mailServer, visitor }) => {
  const { owner, passkey } = await signInWithPasskey({ site, mailServer, visitor });
  const { app } = await enrolApp(owner, site);
  await untilNextStep(site);
  const [first, second] = await reachTwice({ site, mailServer, visitor });
  for (let time = 1; time <= 3; time++)
    await sendFactor(first, "/auth/two-factor", wrongCode(app, time));
  expectProblem(await sendFactor(second, "/auth/two-factor", app.code()), 429);
  const answer = await passkey.answer(second, "second-factor");
  expect((await sendPasskey(second, "/auth/two-factor", answer)).status).toBe(200);
  expect(await isSignedIn(second)).toBe(true);
});

test("the passkey of a blocked account opens nothing", async ({ site, mailServer, visitor }) => {
  const { passkey } = await signInWithPasskey({ site, mailServer, visitor });
  const [half] = await reachTwice({ site, mailServer, visitor });
  const second = await passkey.answer(half, "second-factor");
  await setBlocked(site, visitor.email, site.clock.now());
  const before = await countSessions(site, visitor.email);
  const program = visitor.asNewProgram();
  const alone = await signInByPasskey(program, passkey);
  expectProblem(alone, 422);
  const refused = await sendPasskey(half, "/auth/two-factor", second);
  expect(refused.status).toBeGreaterThanOrEqual(400);
  expect(refused.status).toBeLessThan(500);
  expect(await isSignedIn(program)).toBe(false);
  expect(await isSignedIn(half)).toBe(false);
  expect(await countSessions(site, visitor.email)).toBe(before);
  await setBlocked(site, visitor.email, null);
});

test("a passkey that was made elsewhere, twice or for another is not stored", async ({
  site,
  mailServer,
  visitor,
}) => {
  const owner = visitor.asNewProgram();
  await signInOverHttp(owner, mailServer, visitor.email);
  const add = (program: HttpClient, passkey: string, name = "Key") =>
    program.post("/account/two-factor/passkeys/add", { json: { passkey, name } }, asJson);
  for (const wishes of [{ origin: elsewhere }, { rpId: "elsewhere.example.org" }])
    expectProblem(
      await add(owner, (await makePasskey(owner, site, "new-passkey", wishes)).answer),
      422,
    );
  for (const value of ["", "{}", "x".repeat(5000)]) expectProblem(await add(owner, value), 422);
  const made = await makePasskey(owner, site);
  const stranger = visitor.asNewProgram();
  await signInOverHttp(stranger, mailServer, `other-${visitor.email}`);
  expectProblem(await add(stranger, made.answer), 422);
  expect((await add(owner, made.answer)).status).toBe(200);
  expectProblem(await add(owner, made.answer), 422);
  expect((await countFactors(site, visitor.email)).Passkey).toBe(1);
  const long = (await makePasskey(owner, site)).answer;
  const named = await add(owner, long, "x".repeat(500));
  expect(named.status, named.body).toBeLessThan(500);
});

test("nobody renames or removes the passkey of another", async ({ site, mailServer, visitor }) => {
  const { owner, passkey } = await signInWithPasskey({ site, mailServer, visitor });
  const page = await owner.get("/account/two-factor");
  const [, id = ""] = /name="passkey" value="([^"]+)"/.exec(page.body) ?? [];
  expect(id).not.toBe("");
  const stranger = visitor.asNewProgram();
  await signInOverHttp(stranger, mailServer, `other-${visitor.email}`);
  for (const path of ["rename", "remove"]) {
    const act = `/account/two-factor/passkeys/${path}`;
    expectProblem(await sendAct(stranger, act, { passkey: id, name: "Mine" }), 422);
    expectProblem(await sendAct(visitor.asNewProgram(), act, { passkey: id, name: "x" }), 401);
    expectProblem(await sendAct(owner, act, { passkey: "unknown", name: "x" }), 422);
  }
  const rename = "/account/two-factor/passkeys/rename";
  for (const name of ["", "x".repeat(500), "\u202e", "a\u0000b"])
    expectProblem(await sendAct(owner, rename, { passkey: id, name }), 422);
  expect(textOf(await owner.get("/account/two-factor"))).toContain("My phone");
  expect((await signInByPasskey(visitor.asNewProgram(), passkey)).status).toBe(200);
});

test("the last passkey goes only after it has been shown once more", async ({
  site,
  mailServer,
  visitor,
}) => {
  const { owner, passkey } = await signInWithPasskey({ site, mailServer, visitor });
  const page = await owner.get("/account/two-factor");
  const [, id = ""] = /name="passkey" value="([^"]+)"/.exec(page.body) ?? [];
  await site.clock.advance(10 * minute);
  const remove = "/account/two-factor/passkeys/remove";
  expectProblem(await sendAct(owner, remove, { passkey: id }), 403);
  // A mail is no way around it.
  const mails = mailServer.messages.length;
  expectProblem(await sendAct(owner, "/auth/step-up", { next: "/account" }), 422);
  expect(mailServer.messages.length).toBe(mails);
  expectProblem(await sendAct(owner, remove, { passkey: id }), 403);
  const answer = await passkey.answer(owner, "step-up");
  expect((await sendPasskey(owner, "/auth/step-up", answer)).status).toBe(200);
  expect((await sendAct(owner, remove, { passkey: id })).status).toBe(204);
  const mail = await waitForNotice(mailServer, visitor.email, passkeyGone);
  expect(mail.recipients).toEqual([visitor.email]);
  expectProblem(await signInByPasskey(visitor.asNewProgram(), passkey), 422);
});

test("“this wasn't me” about a passkey puts it out of use", async ({
  site,
  mailServer,
  visitor,
}) => {
  const { owner, passkey } = await signInWithPasskey({ site, mailServer, visitor });
  const notice = await waitForNotice(mailServer, visitor.email, /^A passkey for your account/);
  const token = tokenIn(linkIn(notice, "/not-me"));
  const stranger = visitor.asNewProgram();
  // A scanner that presses the button does not know what to type.
  expectProblem(await sendAct(stranger, "/auth/not-me", { token }), 422);
  expectProblem(await sendAct(stranger, "/auth/not-me", { token, email: "a@example.org" }), 422);
  expect(await isSignedIn(owner)).toBe(true);
  const typed = { token, email: visitor.email.toUpperCase() };
  expect((await sendAct(stranger, "/auth/not-me", typed)).status).toBe(204);
  expect(await isSignedIn(owner)).toBe(false);
  expectProblem(await signInByPasskey(visitor.asNewProgram(), passkey), 422);
  // It can only reduce access: who reads the mail still needs a second factor.
  const half = visitor.asNewProgram();
  await reachSecondFactor(half, mailServer, visitor.email);
  const answer = await passkey.answer(half, "second-factor");
  expectProblem(await sendPasskey(half, "/auth/two-factor", answer), 422);
  expect(await isSignedIn(half)).toBe(false);
});

function sendPasskey(program: HttpClient, path: string, passkey: string) {
  return program.post(path, { json: { passkey, next: "/account" } }, asJson);
}

/** Signs a new person in and adds a passkey; the next mail to them may be asked for at once. */
async function signInWithPasskey(
  { site, mailServer, visitor }: Setting,
  email = visitor.email,
): Promise<{ owner: HttpClient; passkey: Passkey }> {
  const owner = visitor.asNewProgram();
  await signInOverHttp(owner, mailServer, email);
  const passkey = await addPasskey(owner, site);
  await waitForNotice(mailServer, email, /^A passkey for your account/);
  await untilNextMail(site);
  return { owner, passkey };
}

async function bringSignedIn({ site, mailServer, visitor }: Setting, page: Page) {
  const program = visitor.asNewProgram();
  await signInOverHttp(program, mailServer, visitor.email);
  await handOver(program, page, site);
}

async function addInBrowser(page: Page) {
  await page.goto("/account/two-factor/passkeys");
  await page.getByRole("button", { name: "Create it" }).click();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Keep your recovery codes");
}
