import { askForAddress, changeAddress, sendAct } from "./support/account";
import { countSessions } from "./support/database";
import type { HttpClient } from "./support/http";
import type { Mail } from "./support/mail";
import type { MailServer } from "./support/mail-server";
import { expectProblem } from "./support/problem";
import { askOverHttp, isSignedIn, sendCode, signInOverHttp, tokenIn } from "./support/program";
import { codeIn, linkIn, signIn } from "./support/sign-in";
import type { Site } from "./support/site";
import { expect, test, type Visitor } from "./support/test";

const minute = 60_000;
const day = 24 * 60 * minute;
const firefox = "Mozilla/5.0 (Android 14; Mobile; rv:130.0) Gecko/130.0 Firefox/130.0";
const newDevice = /^New sign-in to your account/;
const notMePath = "/not-me";

test("a sign-in on a new device is told, with device, network address and time", async ({
  site,
  mailServer,
  visitor,
}) => {
  const networkAddress = "198.51.100.77";
  const there = visitor.asNewProgram({ "user-agent": firefox, "x-forwarded-for": networkAddress });
  const first = visitor.asNewProgram();
  await signInOverHttp(first, mailServer, visitor.email);
  await site.clock.advance(2 * minute);
  // Signing in again where one has been in before is no news.
  await signInOverHttp(first, mailServer, visitor.email);
  await site.clock.advance(2 * minute);
  const time = site.clock.now().toISOString().slice(11, 15);
  await signInOverHttp(there, mailServer, visitor.email);
  const mail = await mailServer.waitForMail({ to: visitor.email, subject: newDevice });
  expectToldOf(mail, { networkAddress, device: "Firefox on Android" });
  expect(mail.text).toContain(`at ${time}`);
  expect(mail.recipients).toEqual([visitor.email]);
  expect(noticesTo(mailServer, visitor.email)).toHaveLength(1);
  expect(mail.source).not.toContain(there.cookies.get("session_id"));
});

test.describe("in Berlin", () => {
  test.use({ timezoneId: "Europe/Berlin" });

  test("pages and mails tell the time of the browser", async ({
    page,
    site,
    mailServer,
    visitor,
  }) => {
    const zone = /\d\d:\d\d (GMT\+[12]|CES?T)/;
    await signInOverHttp(visitor.asNewProgram(), mailServer, visitor.email);
    await site.clock.advance(2 * minute);
    const mail = await signIn(page, mailServer, visitor.email, { by: "code" });
    const notice = await mailServer.waitForMail({ to: visitor.email, subject: newDevice });
    for (const { text } of [mail, notice]) {
      expect(text).toMatch(zone);
      expect(text).not.toContain("UTC");
    }
    await page.goto("/account/sessions");
    await expect(page.getByRole("main")).toContainText(zone);
    await expect(page.getByRole("main")).not.toContainText("UTC");
  });
});

test("every mail about an account goes to the address that it concerns", async ({
  site,
  mailServer,
  visitor,
}) => {
  const networkAddress = "198.51.100.78";
  const program = visitor.asNewProgram({
    "user-agent": firefox,
    "x-forwarded-for": networkAddress,
  });
  await signInOverHttp(program, mailServer, visitor.email);
  const to = `new-${visitor.email}`;
  const asked = await askForAddress(program, mailServer, to);
  expect(asked.recipients).toEqual([to]);
  expectToldOf(asked, { networkAddress, device: "Firefox on Android" });
  const after = mailServer.messages.at(-1);
  await sendAct(program, "/account/email/prove", { code: codeIn(asked) });
  const changed = await mailServer.waitForMail({ to: visitor.email, after });
  expect(changed.subject).toMatch(/has changed$/);
  expect(changed.recipients).toEqual([visitor.email]);
  expectToldOf(changed, { networkAddress, device: "Firefox on Android" });
  expect(changed.text).toContain(to);
  expect(linkIn(changed, "/undo-address")).toContain("token=");
  expect(changed.text).toMatch(/wasn't me/);

  // Whoever took an account over cannot make an end of it while its owner can take it back.
  expectProblem(await sendAct(program, "/account/delete/now", { email: to }), 422);
  await site.clock.advance(7 * day + minute);
  const later = visitor.asNewProgram({ "user-agent": firefox, "x-forwarded-for": networkAddress });
  await signInOverHttp(later, mailServer, to);
  expect((await sendAct(later, "/account/delete/now", { email: to })).status).toBe(204);
  const subject = /^Your account .* has been deleted$/;
  const deleted = await mailServer.waitForMail({ to, subject });
  expect(deleted.recipients).toEqual([to]);
  expectToldOf(deleted, { networkAddress, device: "Firefox on Android" });
});

test("“this wasn't me” ends that session and what is under way, once", async ({
  page,
  site,
  mailServer,
  visitor,
}) => {
  const { owner, thief, notice } = await signInTwice({ site, mailServer, visitor });
  await site.clock.advance(2 * minute);
  const pending = await askOverHttp(thief, mailServer, visitor.email);
  const link = linkIn(notice, notMePath);
  await page.goto(link);
  await page.reload();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("This wasn’t you?");
  expect(await isSignedIn(thief)).toBe(true);
  await page.getByRole("button", { name: "It wasn’t me, end it" }).click();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("It has ended");
  expect((await page.request.get("/me")).status()).toBe(401);
  expect(await isSignedIn(thief)).toBe(false);
  expect(await isSignedIn(owner)).toBe(true);
  expect((await sendCode(thief, codeIn(pending))).status).toBe(422);
  expect(await isSignedIn(thief)).toBe(false);

  await site.clock.advance(2 * minute);
  const later = await askOverHttp(owner, mailServer, visitor.email);
  expectProblem(
    await sendAct(visitor.asNewProgram(), "/auth/not-me", { token: tokenIn(link) }),
    422,
  );
  // A link that has been used cannot be used to keep its reader out.
  expect((await sendCode(owner, codeIn(later))).status).toBe(200);
  await page.goto(link);
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("This link no longer works");
});

test("“this wasn't me” about a change of address takes it back and ends every session", async ({
  mailServer,
  visitor,
  site,
}) => {
  const program = visitor.asNewProgram();
  await signInOverHttp(program, mailServer, visitor.email);
  const to = `new-${visitor.email}`;
  const told = await changeAddress(program, mailServer, { from: visitor.email, to });
  const reader = visitor.asNewProgram();
  const answer = await sendAct(reader, "/auth/undo-address", {
    token: tokenIn(linkIn(told, "/undo-address")),
    email: visitor.email,
  });
  expect(answer.status).toBe(204);
  expect(answer.setCookies.join()).not.toContain("session_id");
  expect(await isSignedIn(reader)).toBe(false);
  expect(await isSignedIn(program)).toBe(false);
  expect(await countSessions(site, to)).toBe(0);
  // Whoever has lost the account by it is told as well.
  await mailServer.waitForMail({ to, subject: /goes by another address$/ });
});

test("of ten who press “this wasn't me” at once, one does something", async ({
  site,
  mailServer,
  visitor,
}) => {
  const { thief, notice } = await signInTwice({ site, mailServer, visitor });
  const token = tokenIn(linkIn(notice, notMePath));
  const answers = await Promise.all(
    Array.from({ length: 10 }, () => sendAct(visitor.asNewProgram(), "/auth/not-me", { token })),
  );
  expect(answers.filter(({ status }) => status === 204)).toHaveLength(1);
  expect(await isSignedIn(thief)).toBe(false);
});

test("a “this wasn't me” that is forged, foreign or stale does nothing", async ({
  site,
  mailServer,
  visitor,
}) => {
  const { thief, notice } = await signInTwice({ site, mailServer, visitor });
  const token = tokenIn(linkIn(notice, notMePath));
  const [id = "", mark = ""] = token.split(".");
  const reader = visitor.asNewProgram();
  const forged = ["", "x", id, `${id}.`, `${id}.${mark.slice(1)}`, `${mark}.${id}`, `${token}A`];
  for (const value of [...forged, token.repeat(50), `${id}.${"A".repeat(mark.length)}`]) {
    const answer = await sendAct(reader, "/auth/not-me", { token: value });
    expectProblem(answer, 422);
    const page = await reader.get(`/not-me?${new URLSearchParams({ token: value })}`);
    expect(page.status, value).toBe(200);
  }
  for (const origin of ["https://elsewhere.example.org", "null", undefined]) {
    expectProblem(await reader.post("/auth/not-me", { form: { token } }, { origin }), 403);
  }
  for (const method of ["GET", "PUT"]) {
    expect((await reader.request(method, "/auth/not-me")).status).toBe(405);
  }
  expect(await isSignedIn(thief)).toBe(true);

  await site.clock.advance(31 * day);
  const fresh = visitor.asNewProgram();
  await signInOverHttp(fresh, mailServer, visitor.email);
  expectProblem(await sendAct(reader, "/auth/not-me", { token }), 422);
  expect(await isSignedIn(fresh)).toBe(true);
});

interface Setting {
  site: Site;
  mailServer: MailServer;
  visitor: Visitor;
}

/** Signs a person in, and then somebody else who reads their mail; hands back the notice of that. */
async function signInTwice({ site, mailServer, visitor }: Setting) {
  const [owner, thief]: [HttpClient, HttpClient] = [visitor.asNewProgram(), visitor.asNewProgram()];
  await signInOverHttp(owner, mailServer, visitor.email);
  await site.clock.advance(2 * minute);
  await signInOverHttp(thief, mailServer, visitor.email);
  const notice = await mailServer.waitForMail({ to: visitor.email, subject: newDevice });
  return { owner, thief, notice };
}

function noticesTo(mailServer: MailServer, email: string): Mail[] {
  return mailServer.messages.filter(
    ({ recipients, subject }) => recipients.includes(email) && newDevice.test(subject),
  );
}

/** Expects both parts of a mail to say what it was done with, from where, and when. */
function expectToldOf(mail: Mail, told: { networkAddress: string; device: string }) {
  for (const part of [mail.text, mail.html.replace(/<[^>]+>/g, "")]) {
    expect(part).toContain(told.networkAddress);
    expect(part).toContain(told.device);
    expect(part).toMatch(/on \w+ \d+, \d{4} at \d\d:\d\d UTC/);
  }
}
