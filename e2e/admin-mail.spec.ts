import { sendAct, textOf } from "./support/account";
import { listMails } from "./support/database";
import { expectForEverybody } from "./support/everybody";
import { expectProblem } from "./support/problem";
import { signInOverHttp } from "./support/program";
import { handOver } from "./support/second-factor";
import { expect, test } from "./support/test";

const [ann, bob] = ["ann@example.org", "bob@example.org"];
const minute = 60_000;
const asPage = { accept: "text/html" };

test.use({ siteEnv: { ADMIN_EMAILS: `${ann}, ${bob}` } });

test("administrators see what became of each mail, and send again what was given up", async ({
  site,
  mailServer,
  visitor,
}) => {
  const { email } = visitor;
  const [admin, user] = [visitor.asNewProgram(), visitor.asNewProgram()];
  await signInOverHttp(admin, mailServer, ann);
  const signIn = await signInOverHttp(user, mailServer, email);
  await mailServer.behave({ answer: 550, at: "RCPT", words: "5.1.1 no <b>such</b> mailbox" });
  await site.latchkey("users", "block", email, "--reason", "spam");
  const settled = async () =>
    (await listMails(site, email)).every(({ state }) => state !== "queued");
  await expect.poll(settled).toBe(true);
  await mailServer.behave("accept");
  const look = async (query: string) => await admin.get(`/admin/mail${query}`);

  const all = await look(`?recipient=${email.toUpperCase()}`);
  expect(all.status).toBe(200);
  expect(all.headers["cache-control"]).toContain("no-store");
  expect(textOf(all)).toMatch(/Security notice · Refused by the mail server/);
  expect(textOf(all)).toContain("550 5.1.1 no &lt;b&gt;such&lt;/b&gt; mailbox");
  expect(textOf(all)).toMatch(/Sign-in · Accepted by the mail server/);
  expect(textOf(all)).toMatch(/Refused by the mail server 1 /);
  expect(all.body).toContain('href="/admin/mail/new"');
  // Neither the secrets of a mail nor what seals them.
  const code = /^\d{6}$/m.exec(signIn.text)?.[0];
  expect(all.body).not.toContain(code ?? "none");
  expect(all.body).not.toMatch(/sealed/i);
  expect(textOf(all).split("Send again").length - 1).toBe(1);
  expect(textOf(await look(`?recipient=${email}&state=accepted`))).not.toContain("Send again");
  expect(textOf(await look("?state=expired"))).toContain("There is no such mail.");
  for (const query of ["?state=eaten", "?recipient=x", `?recipient=${"x".repeat(9000)}`]) {
    const answer = await look(query);
    expect(answer.status).toBe(422);
    const wrong = textOf(answer);
    expect(wrong).toContain("see what is wrong with the filter");
    expect(wrong).not.toContain("Send again");
  }
  expect(textOf(await look(`?recipient=${email}&after=made-up`))).toContain("Send again");

  const [accepted, refused] = await listMails(site, email);
  const form = { form: { mail: refused?.id ?? "", recipient: email, state: "refused" } };
  const again = await admin.post("/admin/mail/resend", form, asPage);
  expect([again.status, again.headers.location]).toEqual([
    303,
    `/admin/mail?state=refused&recipient=${encodeURIComponent(email)}&done=resent`,
  ]);
  await mailServer.waitForMail({ to: email, subject: /has been blocked$/ });
  const trail = textOf(await admin.get(`/admin/audit?person=${email}&act=mail-resent`));
  expect(trail).toMatch(/A mail sent again template: security/);
  expect(trail).toContain(`By ${ann}`);

  await expect.poll(settled).toBe(true);
  const before = await listMails(site, email);
  for (const mail of [accepted?.id ?? "", refused?.id ?? ""])
    expectProblem(await sendAct(admin, "/admin/mail/resend", { mail }), 409);
  for (const mail of ["", "made-up", "'", "x".repeat(10_240), "\0"])
    expectProblem(await sendAct(admin, "/admin/mail/resend", { mail }), 404);
  const back = await admin.post("/admin/mail/resend", form, asPage);
  expect(back.headers.location).toContain("refused=not-resendable");
  expect(textOf(await look("?refused=not-resendable"))).toContain("cannot be sent again");
  expect(await listMails(site, email)).toEqual(before);
});

test("nobody else sees or sends mails, and an administrator sends after a fresh sign-in", async ({
  site,
  mailServer,
  visitor,
}) => {
  const stranger = visitor.asNewProgram();
  expect((await stranger.get("/admin/mail")).headers.location).toBe("/sign-in?next=/admin/mail");
  expectProblem(await sendAct(stranger, "/admin/mail/resend", { mail: "x" }), 401);
  const user = visitor.asNewProgram();
  await signInOverHttp(user, mailServer, visitor.email);
  const page = await user.get("/admin/mail", asPage);
  expect(page.status).toBe(403);
  expect(textOf(page)).toContain("admin");
  expectProblem(await sendAct(user, "/admin/mail/resend", { mail: "x" }), 403);
  expectProblem(await user.get("/admin/mail/resend"), 405, "POST");

  const admin = visitor.asNewProgram();
  await signInOverHttp(admin, mailServer, bob);
  await site.clock.advance(11 * minute);
  expectProblem(await sendAct(admin, "/admin/mail/resend", { mail: "x" }), 403);
  expect((await admin.get("/admin/mail")).status).toBe(200);
});

test("the mails can be used with the keyboard, at 320 px, in both schemes", async ({
  page,
  site,
  mailServer,
  visitor,
}) => {
  await site.clock.advance(minute);
  const admin = visitor.asNewProgram();
  await signInOverHttp(admin, mailServer, bob);
  const email = `${"w".repeat(50)}${visitor.email.slice("person-".length)}`;
  await site.latchkey("users", "create", email);
  await mailServer.behave({
    answer: 550,
    at: "RCPT",
    words: `5.1.1 ${"no-such-mailbox-".repeat(10)}`,
  });
  await site.latchkey("users", "block", email, "--reason", "spam");
  await expect.poll(async () => (await listMails(site, email)).at(-1)?.state).toBe("refused");
  await mailServer.behave("accept");
  await handOver(admin, page, site);
  await page.goto("/admin/mail");
  await page.getByLabel("Recipient").focus();
  await page.keyboard.type(email);
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/recipient=w/);
  await expectForEverybody(page);
  await page.getByRole("button", { name: `Send again: Security notice to ${email}` }).focus();
  await page.keyboard.press("Enter");
  await expect(page.getByRole("status")).toHaveText("It is on its way again.");
  await mailServer.waitForMail({ to: email, subject: /has been blocked$/ });
});
