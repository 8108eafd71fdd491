import type { Page } from "@playwright/test";
import { countRows } from "./support/database";
import type { HttpAnswer, HttpClient } from "./support/http";
import type { Mail } from "./support/mail";
import { expectProblem } from "./support/problem";
import { askOverHttp, sendCode, signInOverHttp, tokenIn } from "./support/program";
import { fetchingScanner } from "./support/scanner";
import { askForMail, codeIn, linkIn, signIn, signOut } from "./support/sign-in";
import { expect, test } from "./support/test";

const minute = 60_000;
const hour = 60 * minute;
const asJson = { accept: "application/json" };
const stopButton = "Stop them for 24 hours";

for (const javaScript of [true, false]) {
  test.describe(javaScript ? "with scripts" : "without scripts", () => {
    test.use({ javaScript });

    test("a reader stops the mails that unknown browsers ask for, and lets them come again", async ({
      page,
      site,
      mailServer,
      visitor,
    }) => {
      const mail = await signIn(page, mailServer, visitor.email, { by: "code" });
      await signOut(page);
      const anywhere = await (await visitor.asNewBrowser()).newPage();
      await anywhere.goto(stopLink(mail));
      await expect(anywhere.getByRole("main")).toContainText(visitor.email);
      await anywhere.getByRole("button", { name: stopButton }).click();
      await expect(anywhere.getByRole("heading", { level: 1 })).toHaveText("Stopped for a day");

      await site.clock.advance(2 * minute);
      const stranger = await (await visitor.asNewBrowser()).newPage();
      expect(await ask(stranger, visitor.email)).toBe(429);
      await expect(stranger.getByRole("main")).toContainText(/has stopped sign-in mails/);
      const own = await askForMail(page, mailServer, visitor.email);
      expect(own.subject).toBe(mail.subject);
      expect(mailsTo(mailServer.messages, visitor.email)).toHaveLength(2);

      await anywhere.goto(stopLink(mail));
      await anywhere.getByRole("button", { name: "Let them come again" }).click();
      await expect(anywhere.getByRole("button", { name: stopButton })).toBeVisible();
      await site.clock.advance(2 * minute);
      expect(await ask(stranger, visitor.email)).toBeLessThan(400);
      await mailServer.waitForMail({ to: visitor.email, after: own });
    });
  });
}

test("mails are stopped for 24 hours and no longer, and a refusal says how long", async ({
  site,
  mailServer,
  visitor,
}) => {
  const mail = await askOverHttp(visitor.asNewProgram(), mailServer, visitor.email);
  const stopped = await sendStop(visitor.asNewProgram(), mail);
  expect(stopped.status).toBe(200);
  const { stopped_until: until } = stopped.json() as { stopped_until: string };
  const distance = Date.parse(until) - site.clock.now().getTime();
  expect(Math.abs(distance - 24 * hour)).toBeLessThan(minute);

  await site.clock.advance(20 * hour);
  const refused = await askFor(visitor.asNewProgram(), visitor.email);
  expectProblem(refused, 429);
  expect(refused.setCookies).toEqual([]);
  const seconds = Number(refused.headers["retry-after"]);
  expect(Math.abs(seconds - 4 * 3600)).toBeLessThan(60);
  await site.clock.advance((seconds - 30) * 1000);
  expect((await askFor(visitor.asNewProgram(), visitor.email)).status).toBe(429);
  await site.clock.advance(31_000);
  await askOverHttp(visitor.asNewProgram(), mailServer, visitor.email);
  expect(mailsTo(mailServer.messages, visitor.email)).toHaveLength(2);
});

test("only the address of the mail is stopped, and what has come already goes on working", async ({
  mailServer,
  visitor,
}) => {
  const [program, other] = [visitor.asNewProgram(), visitor.asNewProgram()];
  const mail = await askOverHttp(program, mailServer, visitor.email);
  await sendStop(visitor.asNewProgram(), mail);
  await askOverHttp(other, mailServer, `other-${visitor.email}`);
  expect((await sendCode(program, codeIn(mail))).status).toBe(200);
});

test("opening the link stops nothing, however often and by whomever", async ({
  site,
  mailServer,
  visitor,
}) => {
  const mail = await askOverHttp(visitor.asNewProgram(), mailServer, visitor.email);
  const before = await countRows(site);
  const answers = await fetchingScanner(stopLink(mail), 2);
  expect(answers.length).toBeGreaterThan(10);
  for (const { status, url } of answers) expect(status, url).toBeLessThan(500);
  const headers = { "sec-purpose": "prefetch;prerender" };
  await visitor.asNewProgram().get(`${stopLink(mail)}&act=stop`, headers);
  expect(await countRows(site)).toEqual(before);
  await site.clock.advance(2 * minute);
  await askOverHttp(visitor.asNewProgram(), mailServer, visitor.email);
});

test("every mail can stop those of its address, and each of them undoes it", async ({
  site,
  mailServer,
  visitor,
}) => {
  const program = visitor.asNewProgram();
  const older = await signInOverHttp(program, mailServer, visitor.email);
  await site.clock.advance(2 * minute);
  const newer = await askOverHttp(program, mailServer, visitor.email);
  expect((await sendStop(visitor.asNewProgram(), older)).status).toBe(200);
  await site.clock.advance(2 * minute);
  expect((await askFor(visitor.asNewProgram(), visitor.email)).status).toBe(429);
  const resumed = await sendStop(visitor.asNewProgram(), newer, "resume");
  expect([resumed.status, resumed.json()]).toEqual([200, { stopped_until: null }]);
  await askOverHttp(visitor.asNewProgram(), mailServer, visitor.email);
});

test("a link that is none of ours stops nothing and says so", async ({
  page,
  site,
  mailServer,
  visitor,
}) => {
  const mail = await askOverHttp(visitor.asNewProgram(), mailServer, visitor.email);
  const token = tokenIn(stopLink(mail));
  const [id = "", proof = ""] = token.split(".");
  const before = await countRows(site);
  const broken = ["", id, `${id}.`, `.${proof}`, `${id}.${"A".repeat(43)}`, token.slice(0, -3)];
  for (const madeUp of [...broken, tokenIn(linkIn(mail)), "'; --", "A".repeat(5000)]) {
    const body = { json: { token: madeUp, act: "stop" } };
    const answer = await visitor.asNewProgram().post("/auth/stop", body, asJson);
    expect([422], madeUp).toContain(answer.status);
  }
  for (const act of ["", "restart", "STOP", 1, null, ["stop"]]) {
    const answer = await visitor
      .asNewProgram()
      .post("/auth/stop", { json: { token, act } }, asJson);
    expect(answer.status, `act ${JSON.stringify(act)}`).toBe(422);
  }
  expect(await countRows(site)).toEqual(before);
  await page.goto(`/stop-mails?token=${id}.${"A".repeat(43)}`);
  await expect(page.getByRole("main")).toContainText(/This link no longer works/);
  await expect(page.getByRole("main").getByRole("button")).toHaveCount(0);
  expect(await page.content()).not.toContain(visitor.email);
});

test("no other site stops mails, and no other method does", async ({
  site,
  mailServer,
  visitor,
}) => {
  const mail = await askOverHttp(visitor.asNewProgram(), mailServer, visitor.email);
  const before = await countRows(site);
  const program = visitor.asNewProgram();
  const body = { form: { token: tokenIn(stopLink(mail)), act: "stop" } };
  for (const origin of [undefined, "null", "https://evil.example"]) {
    expectProblem(await program.post("/auth/stop", body, { ...asJson, origin }), 403);
  }
  for (const method of ["GET", "PUT", "DELETE"]) {
    expectProblem(await program.request(method, "/auth/stop"), 405, "POST");
  }
  expect(await countRows(site)).toEqual(before);
});

function stopLink(mail: Mail): string {
  return linkIn(mail, "/stop-mails");
}

function sendStop(program: HttpClient, mail: Mail, act = "stop"): Promise<HttpAnswer> {
  return program.post("/auth/stop", { json: { token: tokenIn(stopLink(mail)), act } }, asJson);
}

function askFor(program: HttpClient, email: string): Promise<HttpAnswer> {
  return program.post("/auth", { json: { email } }, asJson);
}

/** Fills in the sign-in page and tells the status of the answer. */
async function ask(page: Page, email: string): Promise<number> {
  await page.goto("/sign-in");
  await page.getByLabel("Email address").fill(email);
  const answered = page.waitForResponse("**/auth");
  await page.getByRole("button", { name: "Email me a link" }).click();
  return (await answered).status();
}

function mailsTo(mails: readonly Mail[], email: string): Mail[] {
  return mails.filter(({ recipients }) => recipients.includes(email));
}
