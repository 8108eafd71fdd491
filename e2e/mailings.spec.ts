import { randomBytes } from "node:crypto";
import type { Page } from "@playwright/test";
import { sendAct, textOf } from "./support/account";
import { addAccounts } from "./support/database";
import type { HttpClient } from "./support/http";
import { expectProblem } from "./support/problem";
import { signInOverHttp } from "./support/program";
import { signIn } from "./support/sign-in";
import { expect, test } from "./support/test";

const [ann, bob] = ["ann@example.org", "bob@example.org"];
const message = { subject: "News of the house", text: "The door is green.\n\nCome and see." };

test.use({ siteEnv: { ADMIN_EMAILS: `${ann}, ${bob}` }, javaScript: false });

test("an administrator writes to many: looks at it, sends it, and sees how far it is", async ({
  page,
  site,
  mailServer,
}) => {
  await signIn(page, mailServer, ann, { by: "code" });
  const word = newWord();
  const emails = await addAccounts(site, word, 3);
  await page.goto(`/admin/mail/new?search=${word}`);
  await expect(page.getByLabel("Search")).toHaveValue(word);
  await page.getByLabel("Subject").fill(" ");
  await page
    .getByLabel("Text", { exact: true })
    .fill(`${message.text}\n\nhttps://example.com/door`);
  await page.getByLabel("Mails a minute").fill("6000");
  await page.getByRole("button", { name: "Look at it" }).click();
  await expect(page.getByRole("main").getByRole("alert")).toHaveText(/^A subject has 1 to 150/);
  await expect(page.getByLabel("Text", { exact: true })).toHaveValue(/^The door is green\./);
  await expectToFit(page);
  await page.getByLabel("Subject").fill(message.subject);
  await page.getByRole("button", { name: "Look at it" }).click();
  await expect(page.getByRole("main")).toContainText("It goes to 3 accounts, 6,000 mails a minute");
  await expectToFit(page);
  const frame = page.frameLocator("iframe");
  await expect(frame.getByRole("heading", { name: message.subject })).toBeVisible();
  await expect(frame.getByRole("link", { name: "https://example.com/door" })).toBeVisible();
  await page.getByRole("button", { name: "Send it to 3" }).click();

  await page.waitForURL("**/admin/mail/mailings/*");
  await expect(page.getByRole("main")).toContainText("3 of 3 done");
  await expect(page.getByRole("progressbar")).toHaveJSProperty("value", 3);
  await expectToFit(page);
  for (const to of emails) {
    const mail = await mailServer.waitForMail({ to, subject: /^News of the house$/ });
    expect(mail.text).toContain("The door is green.\n\nCome and see.");
    expect(mail.text).toContain(to);
    expect(mail.recipients).toEqual([to]);
  }
  await page.getByRole("link", { name: "All mailings" }).click();
  await expect(page.getByRole("link", { name: message.subject })).toBeVisible();
});

test("a mail to one, once however often it is sent, and only by who may", async ({
  site,
  mailServer,
  visitor,
}) => {
  const [admin, other, person] = [newProgram(), newProgram(), newProgram()];
  await signInOverHttp(admin, mailServer, bob);
  await signInOverHttp(person, mailServer, visitor.email);
  await site.clock.advance(61_000);
  await signInOverHttp(other, mailServer, ann);
  const { id: to } = (await person.get("/me")).json() as { id: string };
  for (const path of ["/admin/mail/new", "/admin/mail/mailings", "/admin/mail/mailings/x"])
    expect((await person.get(path)).status, path).toBe(403);
  expectProblem(await sendAct(person, "/admin/mail/new/draft", { ...message, to }), 403);

  expect((await admin.get("/admin/mail/new?to=nobody")).status).toBe(404);
  expect(textOf(await admin.get(`/admin/mail/new?to=${to}`))).toContain(visitor.email);
  const wrong = await sendAct(admin, "/admin/mail/new/draft", { to, url: "javascript:x" });
  expectProblem(wrong, 422);
  expect(wrong.json()).toMatchObject({
    errors: ["subject", "text", "label", "url"].map((field) => ({ field })),
  });
  expectProblem(await sendAct(admin, "/admin/mail/new/draft", { ...message, filter: "x" }), 422);

  // As long as texts may be, of signs that are long themselves; a longer one comes back whole.
  const long = await typeIn(admin, { ...message, to, text: "語".repeat(10_001) });
  expect(long.path).toMatch(/^\/admin\/mail\/new\?draft=/);
  expect(long.body).toContain("語".repeat(10_001));
  expect(long.body).toContain("A text has 1 to 10000 characters");
  const fine = await typeIn(admin, { ...message, to, text: "語".repeat(10_000) });
  expect(fine.path).toMatch(/^\/admin\/mail\/new\/preview\?draft=/);
  const draft = new URL(fine.path, site.url).searchParams.get("draft") ?? "";
  expect((await other.get(fine.path)).status).toBe(307);
  expectProblem(await sendAct(other, "/admin/mail/new/send", { draft }), 422);

  const sent = await Promise.all(
    [1, 2, 3].map(() => sendAct(admin, "/admin/mail/new/send", { draft })),
  );
  expect(sent.map(({ status }) => status).sort()).toEqual([200, 422, 422]);
  const mail = await mailServer.waitForMail({ to: visitor.email, subject: /^News of the house$/ });
  expect(mail.text).toContain("語".repeat(10));
  expect(textOf(await person.get("/account/activity"))).toContain(
    "A mail sent by the site’s owner",
  );

  const word = newWord();
  await addAccounts(site, word, 2);
  const slow = { ...message, search: word, perMinute: "1" };
  const saved = (await sendAct(admin, "/admin/mail/new/draft", slow)).json() as { draft: string };
  const begun = (await sendAct(admin, "/admin/mail/new/send", saved)).json() as { mailing: string };
  const itsPage = `/admin/mail/mailings/${begun.mailing}`;
  expect((await admin.get(itsPage)).body).toMatch(/<meta http-equiv="refresh" content="3;url=/i);
  expectProblem(await sendAct(person, "/admin/mail/mailings/stop", begun), 403);
  expect((await sendAct(admin, "/admin/mail/mailings/stop", begun)).status).toBe(204);
  const stopped = await admin.get(itsPage);
  expect(textOf(stopped)).toContain("It has been stopped.");
  expect(stopped.body).not.toMatch(/http-equiv="refresh"/i);
  expectProblem(await sendAct(admin, "/admin/mail/mailings/stop", begun), 409);

  await site.clock.advance(11 * 60_000);
  expectProblem(await sendAct(admin, "/admin/mail/new/send", { draft }), 403);

  function newProgram(): HttpClient {
    return visitor.asNewProgram();
  }
});

test("from the shell: to one, and to many after a look, with what came of it", async ({
  site,
  mailServer,
}) => {
  const word = newWord();
  const [first = "", ...others] = await addAccounts(site, word, 3);
  const words = ["--subject", message.subject, "--text", message.text];
  const one = await site.latchkey("mail", "send", "--to", first, ...words, "--json");
  expect(one.json()).toEqual({ done: true, id: expect.any(String) });
  await mailServer.waitForMail({ to: first, subject: /^News/ });

  const many = ["mail", "send", "--search", word, "--per-minute", "6000", ...words];
  const look = await site.latchkey(...many);
  expect(look.code).toBe(1);
  expect(look.stdout).toMatch(/^Subject: News of the house\n\n[\s\S]*The door is green\./);
  expect(look.stderr).toContain("To send it to 3, repeat it with --yes.");
  await mailServer.behave({ answer: 550, at: "RCPT", words: "5.1.1 no such mailbox", to: first });
  const sent = await site.latchkey(...many, "--yes", "--json");
  expect(sent.code).toBe(1);
  const counts = { total: 3, queued: 3, accepted: 2, refused: 1, expired: 0 };
  expect(sent.json()).toMatchObject({ done: true, ...counts });
  expect(sent.stderr).toContain("3 of 3, 1 of them not sent");
  for (const to of others) await mailServer.waitForMail({ to, subject: /^News/ });

  const refused = (await site.latchkey("mail", "list", "--state", "refused", "--json")).json();
  expect(refused).toMatchObject([{ to: first, kind: "message", answer: /no such mailbox/ }]);
  await mailServer.behave("accept");
  const after = mailServer.messages.at(-1);
  const retried = await site.latchkey("mail", "retry", "--all-refused", "--json");
  expect(retried.json()).toEqual({ done: true, count: 1 });
  await mailServer.waitForMail({ to: first, after, subject: /^News/ });
  expect((await site.latchkey("mail", "retry", "made-up")).stderr).toContain("no such mail");

  for (const wrong of [
    ["mail", "send", ...words],
    ["mail", "send", "--to", first, "--filter", "all", ...words],
    ["mail", "send", "--search", " ", "--yes", ...words],
    ["mail", "send", "--to", first, "--subject", "x"],
    [...many, "--per-minute", "0"],
  ])
    expect((await site.latchkey(...wrong)).code, wrong.join(" ")).toBe(2);
  const invalid = await site.latchkey(
    "mail",
    "send",
    "--to",
    first,
    "--subject",
    "a\nb",
    "--text",
    "x",
  );
  expect(invalid).toMatchObject({ code: 1, stderr: expect.stringContaining("on one line") });
});

async function expectToFit(page: Page): Promise<void> {
  await page.setViewportSize({ width: 320, height: 640 });
  const width = await page.evaluate(() => document.documentElement.scrollWidth);
  expect(width, "at 320 px").toBeLessThanOrEqual(320);
}

/** Sends the form as a browser does, and goes where it leads. */
async function typeIn(program: HttpClient, fields: Record<string, string>) {
  const sent = await program.post(
    "/admin/mail/new/draft",
    { multipart: fields },
    { accept: "text/html" },
  );
  const path = sent.headers.location ?? "";
  return { path, body: (await program.get(path)).body };
}

/** What finds the accounts of one test. */
function newWord(): string {
  return `w${randomBytes(6).toString("hex")}`;
}
