import type { Page } from "@playwright/test";
import decodeQR from "qr/decode.js";
import { sendAct, textOf } from "./support/account";
import { countFactors, countSessions, listTraces } from "./support/database";
import type { HttpAnswer } from "./support/http";
import { expectProblem } from "./support/problem";
import { askOverHttp, isSignedIn, sendCode, signInOverHttp, tokenIn } from "./support/program";
import {
  appWith,
  beginApp,
  enrolApp,
  firstFactors,
  handOver,
  passFactor,
  reachSecondFactor,
  reachTwice,
  recoveryCodesIn,
  secretOn,
  sendFactor,
  signInWithApp,
  untilNextMail,
  untilNextStep,
  waitForNotice,
  withCookiesOf,
  wrongCode,
} from "./support/second-factor";
import { codeIn, linkIn, signIn } from "./support/sign-in";
import { startSite } from "./support/site";
import { expect, test } from "./support/test";
import { fromBase32 } from "./support/totp";

const minute = 60_000;
const asPage = { accept: "text/html" };
const newCodes = "/account/two-factor/recovery-codes/new";

test.describe("in a browser", () => {
  test("an app is set up by picture, link or secret, and no other site learns of it", async ({
    page,
    context,
    site,
    mailServer,
    visitor,
  }) => {
    const asked: string[] = [];
    page.on("request", (request) => asked.push(request.url()));
    await context.grantPermissions(["clipboard-read", "clipboard-write"]);
    const program = visitor.asNewProgram();
    await signInOverHttp(program, mailServer, visitor.email);
    await handOver(program, page, site);
    await page.goto("/account/two-factor");
    await page.getByRole("button", { name: "Set up an app" }).click();
    const picture = page.getByRole("img", { name: "The picture for your authenticator app" });
    await expect(picture).toBeVisible();

    const link = await page.getByRole("link", { name: "Open it in your app" }).getAttribute("href");
    const uri = new URL(link ?? "");
    expect(uri.protocol).toBe("otpauth:");
    expect(uri.host).toBe("totp");
    expect(decodeURIComponent(uri.pathname)).toBe(`/Latchkey:${visitor.email}`);
    expect(uri.searchParams.get("issuer")).toBe("Latchkey");
    for (const [name, usual] of [
      ["algorithm", "SHA1"],
      ["digits", "6"],
      ["period", "30"],
    ] as const)
      expect(uri.searchParams.get(name) ?? usual, name).toBe(usual);
    const secret = uri.searchParams.get("secret") ?? "";
    // RFC 4226, 4: 128 bits at least, 160 by recommendation.
    expect(fromBase32(secret).length).toBeGreaterThanOrEqual(20);
    const shown = await page.getByRole("main").getByRole("code").textContent();
    expect(shown?.replace(/\s/g, "")).toBe(secret);
    expect(await readQr(page)).toBe(link);

    const app = appWith(secret, site);
    await untilNextStep(site);
    await typeAppCode(page, wrongCode(app), "Confirm");
    await expect(page.getByRole("main").getByRole("alert")).toContainText("not the one");
    expect(await countFactors(site, visitor.email)).toEqual(none);
    const still = await page.getByRole("main").getByRole("code").textContent();
    expect(still?.replace(/\s/g, "")).toBe(secret);
    await typeAppCode(page, app.code(), "Confirm");
    await expect(page.getByRole("heading", { level: 1 })).toHaveText("Keep your recovery codes");
    const codes = await page.locator("main ol > li").allTextContents();
    expect(codes).toHaveLength(10);

    const download = page.waitForEvent("download");
    await page.getByRole("link", { name: "Download" }).click();
    const stream = await (await download).createReadStream();
    const file = Buffer.concat(await stream.toArray()).toString("utf8");
    await page.getByRole("button", { name: "Copy" }).click();
    await expect(page.getByText("Copied")).toBeVisible();
    const copied = await page.evaluate(() => navigator.clipboard.readText());
    for (const text of [file, copied]) {
      for (const code of codes) expect(text).toContain(code);
      expect(text).toContain(visitor.email);
    }
    await page.getByRole("link", { name: "I have kept them" }).click();
    await expect(page.getByText("Your authenticator app is set up.")).toBeVisible();
    await expect(page.getByRole("main")).toContainText("10 are left");
    expect(asked.filter((url) => !url.startsWith(site.url) && !url.startsWith("data:"))).toEqual(
      [],
    );
    for (const url of asked.filter((url) => url.startsWith("http"))) {
      expect(url).not.toContain(secret);
      expect(url).not.toContain(codes[0]);
    }
  });

  test.describe("without scripts", () => {
    test.use({ javaScript: false });

    test("one sets up an app, signs in with it, and is taken where one wanted to go", async ({
      page,
      context,
      site,
      mailServer,
      visitor,
    }) => {
      await signIn(page, mailServer, visitor.email, { by: "code" });
      await page.goto("/account/two-factor");
      await page.getByRole("button", { name: "Set up an app" }).click();
      await expect(page.getByLabel("Code from the app")).toBeVisible();
      const app = appWith(secretOn({ ...nothing, body: await page.content() }), site);
      await untilNextStep(site);
      await typeAppCode(page, app.code(), "Confirm");
      await expect(page.getByRole("heading", { level: 1 })).toHaveText("Keep your recovery codes");
      const codes = await page.locator("main ol > li").allTextContents();
      expect(codes).toHaveLength(10);
      await waitForNotice(mailServer, visitor.email, /^An authenticator app/);
      await context.clearCookies();
      await untilNextMail(site);

      await signIn(page, mailServer, visitor.email, {
        by: "link",
        keepSignedIn: true,
        next: "/account/activity",
      });
      await expect(page).toHaveURL("/two-factor");
      await expect(page.getByRole("heading", { level: 1 })).toHaveText("One more step");
      await expect(page.getByRole("main")).toContainText(visitor.email);
      expect((await context.cookies()).map(({ name }) => name)).not.toContain("session_id");
      await typeAppCode(page, wrongCode(app), "Go on");
      const field = page.getByLabel("Code from your authenticator app");
      await expect(field).toHaveAttribute("aria-invalid", "true");
      await expect(field).toHaveAccessibleDescription(/2 tries are left/);
      await expect(field).toHaveAttribute("autocomplete", "one-time-code");
      await page.getByText("Use a recovery code").click();
      await page.getByLabel("Recovery code", { exact: true }).fill("AAAA-BBBB-CCCC");
      await page.getByRole("button", { name: "Use this code" }).click();
      await expect(page.getByLabel("Recovery code", { exact: true })).toHaveAccessibleDescription(
        /sixteen letters/,
      );
      await typeAppCode(page, app.code(), "Go on");
      await expect(page).toHaveURL("/account/activity");
      await expect(page.getByRole("main")).toContainText(/and a code from the app/);
      const cookies = await context.cookies();
      const session = cookies.find(({ name }) => name === "session_id");
      // Kept signed in: a cookie that outlives the browser.
      expect(session?.expires).toBeGreaterThan(Date.now() / 1000 + 24 * 3600);
      expect(cookies.map(({ name }) => name)).not.toContain("two_factor");
    });
  });
});

test.describe("recovery codes", () => {
  test("are ten of 80 bits, shown once and to one, and kept by nobody else", async ({
    site,
    mailServer,
    visitor,
  }) => {
    const program = visitor.asNewProgram();
    await signInOverHttp(program, mailServer, visitor.email);
    const app = appWith(await beginApp(program), site);
    const answer = await program.post(
      "/account/two-factor/app/confirm",
      { form: { code: app.code() } },
      asPage,
    );
    expect(answer.status).toBe(200);
    expect(answer.headers["cache-control"]).toContain("no-store");
    const codes = shownCodes(answer);
    expect(codes).toHaveLength(10);
    expect(new Set(codes).size).toBe(10);
    for (const code of codes) expect(bitsOf(code)).toBe(80);
    const [, href = ""] = /href="(data:text\/plain[^"]+)"/.exec(answer.body) ?? [];
    const file = decodeURIComponent(href);
    for (const code of codes) expect(file).toContain(code);

    const before = mailServer.messages.length;
    await waitForNotice(mailServer, visitor.email, /^An authenticator app/);
    await untilNextMail(site);
    const other = visitor.asNewProgram();
    await reachSecondFactor(other, mailServer, visitor.email);
    await passFactor(other, app.code());
    for (const reader of [program, other, visitor.asNewProgram()]) {
      for (const path of [
        "/account/two-factor",
        "/account/two-factor/recovery-codes",
        "/account/two-factor/app",
        "/account/two-factor/app/confirm",
        "/account/activity",
      ]) {
        const { body } = await reader.get(path);
        for (const code of codes) expect(body, path).not.toContain(code);
        expect(body, path).not.toContain(app.secret);
      }
    }
    const exported = await sendAct(program, "/account/export/download");
    expect(exported.status).toBe(200);
    const secrets = [...codes, ...codes.map((code) => code.replaceAll("-", "")), app.secret];
    const forms = [
      ...secrets,
      fromBase32(app.secret).toString("hex"),
      fromBase32(app.secret).toString("base64"),
      fromBase32(app.secret).toString("base64url"),
    ];
    for (const secret of forms) {
      expect(await listTraces(site, secret)).toEqual([]);
      expect(site.output()).not.toContain(secret);
      expect(exported.body).not.toContain(secret);
    }
    for (const { source } of mailServer.messages.slice(before))
      for (const secret of secrets) expect(source).not.toContain(secret);
  });

  test("are taken as people type them, once each, and their owner is told", async ({
    page,
    site,
    mailServer,
    visitor,
  }) => {
    const program = visitor.asNewProgram();
    const { recoveryCodes, app } = await signInWithApp(program, { site, mailServer, visitor });
    const [first = "", second = ""] = recoveryCodes;
    const here = visitor.asNewProgram();
    await reachSecondFactor(here, mailServer, visitor.email);
    expectProblem(await passFactor(here, first.slice(0, -1), "recovery"), 422);
    expectProblem(await passFactor(here, `${first}0`, "recovery"), 422);
    expect(await isSignedIn(here)).toBe(false);
    const sloppy = ` ${first.toLowerCase().replaceAll("-", " ")} `
      .replaceAll("0", "o")
      .replaceAll("1", "l");
    const answer = await passFactor(here, sloppy, "recovery");
    expect(answer.status, answer.body).toBe(200);
    expect(await isSignedIn(here)).toBe(true);
    expect(textOf(await here.get("/account/two-factor"))).toContain("9 are left");
    expect(textOf(await here.get("/account/activity"))).toContain("and a recovery code");
    const notice = await waitForNotice(mailServer, visitor.email, /^A recovery code was used/);

    await untilNextMail(site);
    const there = visitor.asNewProgram();
    await reachSecondFactor(there, mailServer, visitor.email);
    expectProblem(await passFactor(there, first, "recovery"), 422);
    const wide = second.replace(/[!-~]/g, (sign) =>
      String.fromCharCode(sign.charCodeAt(0) + 0xfee0),
    );
    expect((await passFactor(there, wide, "recovery")).status).toBe(200);
    // The count of the account's tries begins anew, and the app goes on working.
    await untilNextMail(site);
    const later = visitor.asNewProgram();
    await reachSecondFactor(later, mailServer, visitor.email);
    expect((await passFactor(later, app.code())).status).toBe(200);

    await page.goto(linkIn(notice, "/not-me"));
    expect(await isSignedIn(here)).toBe(true);
    await page.getByRole("button", { name: "It wasn’t me, end it" }).click();
    await expect(page.getByRole("heading", { level: 1 })).toHaveText("It has ended");
    expect(await isSignedIn(here)).toBe(false);
    expect(await isSignedIn(later)).toBe(true);
  });

  test("let one in when used by several at once", async ({ site, mailServer, visitor }) => {
    const { recoveryCodes } = await signInWithApp(visitor.asNewProgram(), {
      site,
      mailServer,
      visitor,
    });
    const programs = await reachTwice({ site, mailServer, visitor });
    const [code = ""] = recoveryCodes;
    const before = await countSessions(site, visitor.email);
    const clients = programs.flatMap((program) => [
      withCookiesOf(program, visitor),
      withCookiesOf(program, visitor),
    ]);
    const answers = await Promise.all(clients.map((client) => passFactor(client, code)));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(await countSessions(site, visitor.email)).toBe(before + 1);
  });

  test("all stop working when new ones are made", async ({ site, mailServer, visitor }) => {
    const program = visitor.asNewProgram();
    await signInOverHttp(program, mailServer, visitor.email);
    // Without a second factor there is nothing that they could take the place of.
    expectProblem(await sendAct(program, newCodes), 422);
    const { recoveryCodes: old } = await enrolApp(program, site);
    const answer = await sendAct(program, newCodes);
    expect(answer.status).toBe(200);
    expect(answer.headers["cache-control"]).toContain("no-store");
    const fresh = recoveryCodesIn(answer);
    expect(new Set([...old, ...fresh]).size).toBe(20);
    await waitForNotice(mailServer, visitor.email, /^New recovery codes/);
    await waitForNotice(mailServer, visitor.email, /^An authenticator app/);
    await untilNextMail(site);
    const later = visitor.asNewProgram();
    await reachSecondFactor(later, mailServer, visitor.email);
    expectProblem(await passFactor(later, old[0] ?? "", "recovery"), 422);
    expectProblem(await passFactor(later, old[9] ?? "", "recovery"), 422);
    expect((await passFactor(later, fresh[9] ?? "", "recovery")).status).toBe(200);
    expect(textOf(await later.get("/account/two-factor"))).toContain("9 are left");
  });
});

test.describe("a sign-in with an app", () => {
  test("needs a value of it in whichever way it began, and has no session before", async ({
    site,
    mailServer,
    visitor,
  }) => {
    const { app } = await signInWithApp(visitor.asNewProgram(), { site, mailServer, visitor });
    for (const [way, prove] of Object.entries(firstFactors)) {
      const before = await countSessions(site, visitor.email);
      const first = visitor.asNewProgram();
      const mail = await askOverHttp(first, mailServer, visitor.email, { next: "/account" });
      const [answer, program] = await prove(first, mail, visitor);
      expect(answer.status, answer.body).toBe(200);
      expect(answer.json()).toEqual({ status: "second_factor_required", next: "/two-factor" });
      expect(answer.setCookies.join()).not.toContain("session_id=");
      expect(program.cookies.has("session_id")).toBe(false);
      expect(await isSignedIn(program)).toBe(false);
      expect(await countSessions(site, visitor.email)).toBe(before);
      const [cookie = ""] = answer.setCookies.filter((line) => line.startsWith("two_factor="));
      expect(cookie).toMatch(/; HttpOnly/i);
      expect(cookie).toMatch(/; SameSite=(lax|strict)/i);
      expect(cookie).toMatch(/; Path=\//i);

      const half = program.cookies.get("two_factor") ?? "";
      // 128 bits at the least, of which the database keeps a hash.
      expect(half.length).toBeGreaterThanOrEqual(22);
      expect(await listTraces(site, half)).toEqual([]);
      const planted = "A".repeat(43);
      program.cookies.set("session_id", planted);
      const passed = await passFactor(program, app.code());
      expect(passed.status, passed.body).toBe(200);
      expect(passed.headers["cache-control"]).toContain("no-store");
      // The page that another browser asked for is that browser's own.
      const next = way.endsWith("with the code") ? expect.any(String) : "/account";
      expect(passed.json()).toEqual({ status: "signed_in", next });
      expect(await isSignedIn(program)).toBe(true);
      // Nor is it one that was there before, planted by somebody.
      expect([half, planted]).not.toContain(program.cookies.get("session_id"));
      expect(program.cookies.has("two_factor")).toBe(false);
      expect(await countSessions(site, visitor.email)).toBe(before + 1);
      // What was good for the second factor is spent.
      const copy = visitor.asNewProgram();
      copy.cookies.set("two_factor", half);
      expectProblem(await passFactor(copy, app.code(1)), 401);
      await site.clock.advance(15 * minute);
      await untilNextStep(site);
    }
  });

  test("takes a value once, of the step before, this or the next, and counts no typing mistake", async ({
    site,
    mailServer,
    visitor,
  }) => {
    const owner = visitor.asNewProgram();
    const { app } = await signInWithApp(owner, { site, mailServer, visitor });
    const [program, second] = await reachTwice({ site, mailServer, visitor });
    const late = app.code(-1);
    const early = app.code(1);
    expectProblem(await passFactor(program, app.code(-2)), 422);
    expectProblem(await passFactor(program, app.code(2)), 422);
    expect((await passFactor(program, late)).status).toBe(200);
    // A replayed value says so, and is no sign of guessing.
    for (let time = 0; time < 4; time++) expectProblem(await passFactor(second, late), 422);
    expect((await passFactor(second, early)).status).toBe(200);
    await untilNextMail(site);
    const third = visitor.asNewProgram();
    await reachSecondFactor(third, mailServer, visitor.email);
    const malformed = ["", " ", "12345", "1234567", "abcdef", "12 34", "١٢٣", "-12345", "\0", "😀"];
    for (const code of [...malformed, "9".repeat(5000)])
      expectProblem(await passFactor(third, code), 422);
    for (const json of [{}, { code: null }, { code: [app.code()] }, { code: { a: 1 } }])
      expectProblem(
        await third.post("/auth/two-factor", { json }, { accept: "application/json" }),
        422,
      );
    const code = app.code();
    const wide = [...code].map((digit) => String.fromCharCode(digit.charCodeAt(0) + 0xfee0));
    const typed = `${wide.slice(0, 3).join("")} - ${wide.slice(3).join("")}`;
    expect((await passFactor(third, typed)).status).toBe(200);
  });

  test("does not take the value that set the app up", async ({ site, mailServer, visitor }) => {
    const owner = visitor.asNewProgram();
    const program = visitor.asNewProgram();
    await signInOverHttp(owner, mailServer, visitor.email);
    await untilNextMail(site);
    const mail = await askOverHttp(program, mailServer, visitor.email);
    const app = appWith(await beginApp(owner), site);
    const value = app.code();
    expect((await sendFactor(owner, "/account/two-factor/app/confirm", value)).status).toBe(200);
    expect((await sendCode(program, codeIn(mail))).body).toContain("second_factor_required");
    expectProblem(await passFactor(program, value), 422);
    expect((await passFactor(program, app.code(1))).status).toBe(200);
  });

  test("of fifty clients with one value lets one in", async ({ site, mailServer, visitor }) => {
    const { app } = await signInWithApp(visitor.asNewProgram(), { site, mailServer, visitor });
    const programs = await reachTwice({ site, mailServer, visitor });
    const before = await countSessions(site, visitor.email);
    const clients = Array.from({ length: 25 }, () =>
      programs.map((program) => withCookiesOf(program, visitor)),
    ).flat();
    const value = app.code();
    const answers = await Promise.all(clients.map((client) => passFactor(client, value)));
    const statuses = answers.map(({ status }) => status);
    expect(statuses.filter((status) => status === 200)).toHaveLength(1);
    expect(statuses.filter((status) => status >= 500)).toEqual([]);
    expect(await countSessions(site, visitor.email)).toBe(before + 1);
  });

  test("waits ten minutes for it, and is ended by signing out", async ({
    site,
    mailServer,
    visitor,
  }) => {
    const { app } = await signInWithApp(visitor.asNewProgram(), { site, mailServer, visitor });
    const ended = visitor.asNewProgram();
    await reachSecondFactor(ended, mailServer, visitor.email);
    const copy = withCookiesOf(ended, visitor);
    const html = await ended.post("/sign_out", { form: {} }, asPage);
    expect(html.headers.location).toBe("/");
    expect(ended.cookies.has("two_factor")).toBe(false);
    expectProblem(await passFactor(copy, app.code()), 401);
    expect((await copy.get("/two-factor")).headers.location).toBe("/sign-in");

    await untilNextMail(site);
    const slow = visitor.asNewProgram();
    await reachSecondFactor(slow, mailServer, visitor.email);
    const reached = withCookiesOf(slow, visitor);
    await site.clock.advance(10 * minute - 3000);
    expect(textOf(await slow.get("/two-factor"))).toContain(visitor.email);
    await site.clock.advance(4000);
    expectProblem(await passFactor(slow, app.code()), 401);
    const page = await slow.post("/auth/two-factor", { form: { code: app.code() } }, asPage);
    const told = await slow.get(page.headers.location ?? "/");
    expect(textOf(told)).toContain("This sign-in has ended");
    expect(told.body).not.toContain(visitor.email);
    // What has expired does not come back to life when a clock is put back.
    await site.clock.advance(-minute);
    expectProblem(await passFactor(reached, app.code()), 401);
    await site.clock.advance(minute);
    expect(await isSignedIn(reached)).toBe(false);
  });

  test("ends with its account, and with the app of another account nothing begins", async ({
    site,
    mailServer,
    visitor,
  }) => {
    const owner = visitor.asNewProgram();
    const { app } = await signInWithApp(owner, { site, mailServer, visitor });
    const stranger = visitor.asNewProgram();
    const other = await signInWithApp(
      stranger,
      { site, mailServer, visitor },
      `other-${visitor.email}`,
    );
    const [program, second] = await reachTwice({ site, mailServer, visitor });
    expectProblem(await passFactor(program, other.app.code()), 422);
    expectProblem(await passFactor(program, other.recoveryCodes[0] ?? "", "recovery"), 422);
    for (const origin of ["https://elsewhere.example.org", "null", undefined])
      expectProblem(
        await second.post("/auth/two-factor", { json: { code: app.code() } }, { origin }),
        403,
      );
    await sendFactor(owner, "/auth/step-up", app.code(-1));
    const gone = await sendAct(owner, "/account/delete/now", { email: visitor.email });
    expect(gone.status, gone.body).toBe(204);
    const answer = await passFactor(second, app.code());
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(answer.status).toBeLessThan(500);
    expect(await isSignedIn(second)).toBe(false);
    expect(await listTraces(site, visitor.email.slice(0, 20))).not.toContain("Totp.userId");
  });
});

test.describe("wrong tries", () => {
  test("over two browsers and two processes end the sign-in, and are told by mail", async ({
    page,
    site,
    mailServer,
    visitor,
  }) => {
    const { app } = await signInWithApp(visitor.asNewProgram(), { site, mailServer, visitor });
    const [first, second] = await reachTwice({ site, mailServer, visitor });
    const env = { TRUSTED_PROXIES: "1" };
    const process = await startSite({ mailServer, beside: site, env });
    try {
      const there = new URL("/auth/two-factor", process.url).href;
      const headers = { accept: "application/json", origin: site.url };
      const left = async (answer: HttpAnswer) => expectProblem(answer, 422);
      const one = await passFactor(first, wrongCode(app, 1));
      await left(one);
      expect(one.body).toContain("2 tries are left");
      const two = await second.post(there, { json: { code: wrongCode(app, 2) } }, headers);
      await left(two);
      expect(two.body).toContain("1 try is left");
      const three = await first.post(there, { json: { code: wrongCode(app, 3) } }, headers);
      expectProblem(three, 429);
      const seconds = Number(three.headers["retry-after"]);
      expect(seconds).toBeGreaterThan(50);
      expect(seconds).toBeLessThanOrEqual(60);
    } finally {
      await process.stop();
    }
    const pauseEnds = site.clock.now().getTime() + minute;
    // The sign-in of the third is over, the right value or not.
    expectProblem(await passFactor(first, app.code()), 401);
    const mail = await waitForNotice(mailServer, visitor.email, /^Wrong codes/);
    expect(mail.recipients).toEqual([visitor.email]);
    expect(mail.text).toMatch(/This wasn't me/);

    // In the pause not even the right value is looked at: a guesser learns nothing.
    for (const code of [app.code(), wrongCode(app, 4)]) {
      const paused = await passFactor(second, code);
      expectProblem(paused, 429);
      expect(Number(paused.headers["retry-after"])).toBeGreaterThan(0);
    }
    const form = { code: app.code() };
    const answer = await second.post("/auth/two-factor", { form }, asPage);
    const told = answer.status === 303 ? await second.get(answer.headers.location ?? "") : answer;
    expect(textOf(told)).toContain("Too many wrong codes");
    // Told in whole minutes, rounded up: whoever comes then is not too early. Some seconds have passed since it began.
    const untils = [pauseEnds - 15_000, pauseEnds].map((time) =>
      new Date(Math.ceil(time / minute) * minute).toISOString().slice(11, 16),
    );
    expect(textOf(told)).toMatch(new RegExp(`at (${untils.join("|")}) UTC`));

    await page.goto(linkIn(mail, "/not-me"));
    await page.getByRole("button", { name: "It wasn’t me, end it" }).click();
    await expect(page.getByRole("heading", { level: 1 })).toHaveText("It has ended");
    await site.clock.advance(2 * minute);
    expectProblem(await passFactor(second, app.code()), 401);
  });

  test("make pauses that grow, after which the right value is taken and all is forgotten", async ({
    site,
    mailServer,
    visitor,
  }) => {
    const owner = visitor.asNewProgram();
    const { app } = await signInWithApp(owner, { site, mailServer, visitor });
    const minutes: number[] = [];
    for (let pause = 0; pause < 4; pause++) {
      const program = visitor.asNewProgram();
      await reachSecondFactor(program, mailServer, visitor.email);
      let last: HttpAnswer | undefined;
      for (let time = 1; time <= 3; time++) last = await passFactor(program, wrongCode(app, time));
      expect(last?.status, last?.body).toBe(429);
      const seconds = Number(last?.headers["retry-after"]);
      minutes.push(Math.round(seconds / 60));
      await site.clock.advance((seconds + 1) * 1000);
      // Five mails an hour are what an address gets.
      await site.clock.advance(15 * minute);
      await untilNextStep(site);
    }
    expect(minutes).toEqual([...minutes].sort((a, b) => a - b));
    expect(minutes.slice(0, 2)).toEqual([1, 5]);
    expect(minutes[3]).toBeGreaterThan(5);
    const program = visitor.asNewProgram();
    await reachSecondFactor(program, mailServer, visitor.email);
    expect((await passFactor(program, app.code())).status).toBe(200);

    await untilNextMail(site);
    const later = visitor.asNewProgram();
    await reachSecondFactor(later, mailServer, visitor.email);
    expect((await passFactor(later, wrongCode(app))).body).toContain("2 tries are left");
  });

  test("are counted together: app, recovery code and step-up", async ({
    site,
    mailServer,
    visitor,
  }) => {
    const owner = visitor.asNewProgram();
    const { app } = await signInWithApp(owner, { site, mailServer, visitor });
    await site.clock.advance(11 * minute);
    const program = visitor.asNewProgram();
    await reachSecondFactor(program, mailServer, visitor.email);
    await passFactor(program, wrongCode(app));
    const wrong = "0000-0000-0000-0000";
    expect((await passFactor(program, wrong, "recovery")).body).toContain("1 try is left");
    const third = await sendFactor(owner, "/auth/step-up", wrongCode(app, 2));
    expectProblem(third, 429);
    // Who is signed in stays so; only asking again has a pause.
    expect(await isSignedIn(owner)).toBe(true);
    expectProblem(await sendAct(owner, "/account/export/download"), 403);
    expectProblem(await sendFactor(owner, "/auth/step-up", app.code()), 429);
    expectProblem(await passFactor(program, app.code()), 429);
    await site.clock.advance(minute + 1000);
    expect((await sendFactor(owner, "/auth/step-up", app.code())).status).toBeLessThan(400);
    expect((await sendAct(owner, "/account/export/download")).status).toBe(200);
  });

  test("sent at once are each counted", async ({ site, mailServer, visitor }) => {
    const { app } = await signInWithApp(visitor.asNewProgram(), { site, mailServer, visitor });
    const programs = await reachTwice({ site, mailServer, visitor });
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, index) => {
        const program = programs[index % 2] ?? programs[0];
        return passFactor(withCookiesOf(program, visitor), wrongCode(app, index + 1));
      }),
    );
    const judged = answers.filter(({ body }) => body.includes("This code is wrong"));
    expect(judged.length).toBeLessThanOrEqual(3);
    expect(answers.filter(({ status }) => status >= 500)).toEqual([]);
    const mail = await waitForNotice(mailServer, visitor.email, /^Wrong codes/);
    expect(
      mailServer.messages.filter(
        (one) => one.subject === mail.subject && one.recipients[0] === visitor.email,
      ),
    ).toHaveLength(1);
  });
});

test.describe("step-up of who has an app", () => {
  test("takes a value of it, once, gives the session a new value, and sends no mail", async ({
    site,
    mailServer,
    visitor,
  }) => {
    const owner = visitor.asNewProgram();
    const { app } = await signInWithApp(owner, { site, mailServer, visitor });
    await site.clock.advance(11 * minute);
    await untilNextStep(site);
    const copy = withCookiesOf(owner, visitor);
    for (const path of [
      "/account/two-factor/app/begin",
      "/account/two-factor/app/remove",
      newCodes,
      "/account/two-factor/passkeys/add",
      "/account/two-factor/passkeys/remove",
    ])
      expectProblem(await sendAct(owner, path), 403);
    expect((await owner.get("/account/two-factor/app")).headers.location).toMatch(/^\/step-up\?/);
    const mails = mailServer.messages.length;
    // A mail alone does not say that it is the person: it is but the first of the two.
    expectProblem(await sendAct(owner, "/auth/step-up", { next: "/account" }), 422);
    expectProblem(await sendFactor(owner, "/auth/step-up", wrongCode(app)), 422);
    expectProblem(await sendAct(owner, "/account/export/download"), 403);
    const value = app.code();
    expect((await sendFactor(owner, "/auth/step-up", value)).status).toBe(200);
    expect(mailServer.messages.length).toBe(mails);
    expect(await isSignedIn(copy)).toBe(false);
    expect(await isSignedIn(owner)).toBe(true);
    expect((await sendAct(owner, "/account/export/download")).status).toBe(200);
    const program = visitor.asNewProgram();
    await reachSecondFactor(program, mailServer, visitor.email);
    expectProblem(await passFactor(program, value), 422);
    expectProblem(await sendFactor(visitor.asNewProgram(), "/auth/step-up", app.code(1)), 401);
  });

  test("goes on with what was interrupted", async ({ page, site, mailServer, visitor }) => {
    const owner = visitor.asNewProgram();
    const { app } = await signInWithApp(owner, { site, mailServer, visitor });
    await handOver(owner, page, site);
    await site.clock.advance(11 * minute);
    await page.goto("/account/two-factor");
    await page.getByRole("button", { name: "Remove the app" }).click();
    await expect(page.getByRole("heading", { level: 1 })).toHaveText("Is it still you?");
    await expect(page.getByRole("button", { name: "Send me a mail" })).toHaveCount(0);
    await untilNextStep(site);
    await typeAppCode(page, app.code(), "Go on");
    await expect(page.getByText("The app is removed.")).toBeVisible();
    await waitForNotice(mailServer, visitor.email, /^No authenticator app/);
    expect(await countFactors(site, visitor.email)).toEqual(none);

    // Without an app the mail alone is enough again, and nothing of the codes is left.
    await untilNextMail(site);
    const program = visitor.asNewProgram();
    await signInOverHttp(program, mailServer, visitor.email);
    expect(await isSignedIn(program)).toBe(true);
    expect(textOf(await program.get("/account/two-factor"))).toContain("no second key yet");
  });

  test("by a mail that was asked for before does not get past the app", async ({
    site,
    mailServer,
    visitor,
  }) => {
    const owner = visitor.asNewProgram();
    await signInOverHttp(owner, mailServer, visitor.email);
    await untilNextMail(site);
    await site.clock.advance(10 * minute);
    const after = mailServer.messages.at(-1);
    // Asked for while there was no app; the app comes from another browser meanwhile.
    expect((await sendAct(owner, "/auth/step-up", { next: "/account" })).status).toBe(204);
    const mail = await mailServer.waitForMail({ to: visitor.email, after });
    await untilNextMail(site);
    const other = visitor.asNewProgram();
    await signInOverHttp(other, mailServer, visitor.email);
    const { app } = await enrolApp(other, site);
    const answer = await sendCode(owner, codeIn(mail));
    expect(answer.body).not.toContain("signed_in");
    expectProblem(await sendAct(owner, "/account/export/download"), 403);
    expectProblem(await sendAct(owner, newCodes), 403);
    expect((await sendFactor(owner, "/auth/step-up", app.code(1))).status).toBe(200);
  });
});

test("an app that replaces another puts it out of use, and a new secret is told to one session", async ({
  site,
  mailServer,
  visitor,
}) => {
  const owner = visitor.asNewProgram();
  const { app, recoveryCodes } = await signInWithApp(owner, { site, mailServer, visitor });
  const program = visitor.asNewProgram();
  await reachSecondFactor(program, mailServer, visitor.email);
  await passFactor(program, app.code());
  await untilNextStep(site);
  const secret = await beginApp(owner);
  expect(secret).not.toBe(app.secret);
  // The secret of one that is being set up belongs to the session that does it.
  expect((await program.get("/account/two-factor/app")).headers.location).toBe(
    "/account/two-factor",
  );
  const fresh = appWith(secret, site);
  expectProblem(await sendFactor(program, "/account/two-factor/app/confirm", fresh.code()), 422);
  expectProblem(await sendFactor(owner, "/account/two-factor/app/confirm", app.code(1)), 422);
  const answer = await sendFactor(owner, "/account/two-factor/app/confirm", fresh.code());
  expect(answer.status, answer.body).toBeLessThan(300);
  await waitForNotice(mailServer, visitor.email, /^Another authenticator app/);
  await untilNextMail(site);
  const later = visitor.asNewProgram();
  await reachSecondFactor(later, mailServer, visitor.email);
  expectProblem(await passFactor(later, app.code()), 422);
  // The codes that are at home in a drawer go on working, unless new ones were given out.
  const codes = answer.body.includes("recovery_codes") ? recoveryCodesIn(answer) : recoveryCodes;
  expect((await passFactor(later, codes[0] ?? "", "recovery")).status).toBe(200);
});

test("“this wasn't me” about an app ends the session that set it up, and opens nothing", async ({
  site,
  mailServer,
  visitor,
}) => {
  const thief = visitor.asNewProgram();
  await signInOverHttp(thief, mailServer, visitor.email);
  await enrolApp(thief, site);
  const notice = await waitForNotice(mailServer, visitor.email, /^An authenticator app/);
  const reader = visitor.asNewProgram();
  const token = tokenIn(linkIn(notice, "/not-me"));
  const answer = await sendAct(reader, "/auth/not-me", { token });
  expect(answer.status).toBe(204);
  expect(await isSignedIn(thief)).toBe(false);
  expect(await isSignedIn(reader)).toBe(false);
  // It can only reduce access: the mailbox alone must not take the second factor off.
  await untilNextMail(site);
  await reachSecondFactor(reader, mailServer, visitor.email);
  expect(await isSignedIn(reader)).toBe(false);
});

test("who has an app and changes their address keeps it", async ({ site, mailServer, visitor }) => {
  const owner = visitor.asNewProgram();
  const { app } = await signInWithApp(owner, { site, mailServer, visitor });
  const to = `new-${visitor.email}`;
  await sendAct(owner, "/account/email/change", { email: to });
  const mail = await mailServer.waitForMail({ to });
  expect((await sendAct(owner, "/account/email/prove", { code: codeIn(mail) })).status).toBe(204);
  await mailServer.waitForMail({ to: visitor.email, subject: /has changed$/ });
  await untilNextMail(site);
  const program = visitor.asNewProgram();
  await reachSecondFactor(program, mailServer, to);
  expect((await passFactor(program, app.code())).status).toBe(200);
});

const none = { Totp: 0, Passkey: 0, RecoveryCode: 0 };

const nothing: HttpAnswer = {
  status: 200,
  headers: {},
  setCookies: [],
  body: "",
  json: () => undefined,
};

async function typeAppCode(page: Page, code: string, button: "Confirm" | "Go on") {
  await page.getByLabel(/^Code from (the|your authenticator) app$/).fill(code);
  await page.getByRole("button", { name: button, exact: true }).click();
}

/** What a camera reads from the picture on the page. */
async function readQr(page: Page): Promise<string> {
  const png = await page.getByRole("img", { name: /authenticator app/ }).screenshot();
  const { width, height, pixels } = await page.evaluate(async (base64) => {
    const bytes = Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
    const bitmap = await createImageBitmap(new Blob([bytes], { type: "image/png" }));
    const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
    const drawing = canvas.getContext("2d");
    drawing?.drawImage(bitmap, 0, 0);
    const data = drawing?.getImageData(0, 0, bitmap.width, bitmap.height).data ?? [];
    return { width: bitmap.width, height: bitmap.height, pixels: [...data] };
  }, png.toString("base64"));
  return decodeQR({ width, height, data: Uint8ClampedArray.from(pixels) });
}

/** The recovery codes that an answer shows. */
function shownCodes({ body }: HttpAnswer): string[] {
  const list = /<ol\b.*?<\/ol>/s.exec(body)?.[0] ?? "";
  return [...list.matchAll(/<li[^>]*>([^<]+)<\/li>/g)].map(([, code = ""]) => code);
}

/** How many bits a code can hold that is written with 32 signs. */
function bitsOf(code: string): number {
  expect(code).toMatch(/^[0-9A-Z]{4}(-[0-9A-Z]{4})+$/);
  return code.replaceAll("-", "").length * 5;
}
