import type { Page } from "@playwright/test";
import { sendAct, stepUpOverHttp } from "./support/account";
import { countSessions, listSessions } from "./support/database";
import type { MailServer } from "./support/mail-server";
import { expectProblem } from "./support/problem";
import { isSignedIn, sendLink, sendNumber, signInOverHttp } from "./support/program";
import { codeIn, followLink, linkIn, numberOn, signIn, typeCode } from "./support/sign-in";
import { expect, test, type Visitor } from "./support/test";

const minute = 60_000;
const asPage = { accept: "text/html" };

interface Scene {
  page: Page;
  mailServer: MailServer;
  visitor: Visitor;
}

/** How one says once more who one is, `/check-email` being open; ends when the site has been told. */
const ways: Record<string, (scene: Scene) => Promise<void>> = {
  code: async (scene) => typeCode(scene.page, codeIn(await stepUpMail(scene))),
  link: async (scene) => followLink(scene.page, linkIn(await stepUpMail(scene))),
  number: async ({ page, mailServer, visitor }) => {
    const link = linkIn(await stepUpMail({ page, mailServer, visitor }));
    const answer = await sendNumber(visitor.asNewProgram(), link, await numberOn(page));
    expect(answer.status, answer.body).toBe(200);
  },
};

/** Each sensitive act as a person does it, and how its success is seen. */
const acts: Record<
  string,
  { start(scene: Scene): Promise<void>; see(scene: Scene): Promise<void> }
> = {
  "a change of address": {
    async start({ page, visitor }) {
      await page.goto("/account/email");
      await page.getByLabel("New email address").fill(`new-${visitor.email}`);
      await page.getByRole("button", { name: "Change it" }).click();
    },
    async see({ page, mailServer, visitor }) {
      await expect(page.getByText("Confirm the new address")).toBeVisible();
      await mailServer.waitForMail({ to: `new-${visitor.email}` });
    },
  },
  deleting: {
    async start({ page, visitor }) {
      await page.goto("/account/delete");
      await page.getByLabel(/^Type .* to confirm$/).fill(visitor.email);
      await page.getByRole("button", { name: "Delete my account" }).click();
    },
    async see({ page, mailServer, visitor }) {
      const subject = /^Your account .* has been deleted$/;
      await mailServer.waitForMail({ to: visitor.email, subject });
      await expect(page.getByRole("link", { name: "Sign in" })).toBeVisible();
    },
  },
};

for (const javaScript of [true, false]) {
  test.describe(javaScript ? "with scripts" : "without scripts", () => {
    test.use({ javaScript });

    for (const [act, way] of [
      ["a change of address", "code"],
      ["deleting", "link"],
      ["a change of address", "number"],
    ] as const) {
      test(`${act} asks again after ten minutes, and goes on with its content by ${way}`, async ({
        page,
        site,
        mailServer,
        visitor,
      }) => {
        const scene = { page, mailServer, visitor };
        await signIn(page, mailServer, visitor.email, { by: "code" });
        await site.clock.advance(11 * minute);
        await acts[act]?.start(scene);
        await expect(page.getByRole("heading", { level: 1 })).toHaveText("Is it still you?");
        await expect(page.getByRole("main")).toContainText(visitor.email);
        await page.getByRole("button", { name: "Send me a mail" }).click();
        await page.waitForURL("**/check-email*");
        await ways[way]?.(scene);
        if (!javaScript) {
          if (way === "number") await page.reload();
          await expect(page).toHaveURL(/\/resume\?act=/);
          await page.getByRole("button", { name: "Go on" }).click();
        }
        await acts[act]?.see(scene);
      });
    }

    test("exporting asks again after ten minutes, and goes on by number", async ({
      page,
      site,
      mailServer,
      visitor,
    }) => {
      await signIn(page, mailServer, visitor.email, { by: "code" });
      await site.clock.advance(11 * minute);
      await page.goto("/account/export");
      await page.getByRole("button", { name: "Download it" }).click();
      await page.getByRole("button", { name: "Send me a mail" }).click();
      await page.waitForURL("**/check-email*");
      const download = page.waitForEvent("download");
      await ways.number?.({ page, mailServer, visitor });
      if (!javaScript) {
        await page.reload();
        await page.getByRole("button", { name: "Go on" }).click();
      }
      expect((await download).suggestedFilename()).toMatch(/\.json$/);
    });
  });
}

test("each sensitive act needs a sign-in of the last ten minutes, and does nothing without", async ({
  site,
  mailServer,
  visitor,
}) => {
  const program = visitor.asNewProgram();
  await signInOverHttp(program, mailServer, visitor.email);
  const newEmail = `new-${visitor.email}`;
  await site.clock.advance(10 * minute - 3000);
  expect((await sendAct(program, "/account/export/download")).status).toBe(200);
  await site.clock.advance(4000);
  for (const { path, fields } of [
    { path: "/account/email/change", fields: { email: newEmail } },
    { path: "/account/export/download", fields: {} },
    { path: "/account/delete/now", fields: { email: visitor.email } },
  ]) {
    expectProblem(await sendAct(program, path, fields), 403);
    const asForm = await program.post(path, { form: fields }, asPage);
    expect(asForm.status, path).toBe(303);
    expect(asForm.headers.location, path).toMatch(/^\/step-up\?next=/);
    // What was typed is kept by the site, not by the address bar.
    expect(decodeURIComponent(`${asForm.headers.location}`)).not.toContain(visitor.email);
  }
  expect(await isSignedIn(program)).toBe(true);
  expect(mailServer.messages.filter(({ recipients }) => recipients.includes(newEmail))).toEqual([]);

  await stepUpOverHttp(program, mailServer, visitor.email);
  expect((await sendAct(program, "/account/export/download")).status).toBe(200);
});

test("saying who one is keeps the device and gives its cookie a new value", async ({
  site,
  mailServer,
  visitor,
}) => {
  const program = visitor.asNewProgram();
  await signInOverHttp(program, mailServer, visitor.email);
  const [before] = await listSessions(site, visitor.email);
  const copy = visitor.asNewProgram();
  for (const [name, value] of program.cookies) copy.cookies.set(name, value);
  await site.clock.advance(11 * minute);
  await stepUpOverHttp(program, mailServer, visitor.email);
  expect(program.cookies.get("session_id")).not.toBe(copy.cookies.get("session_id"));
  expect(await isSignedIn(program)).toBe(true);
  expect(await isSignedIn(copy)).toBe(false);
  expect(await countSessions(site, visitor.email)).toBe(1);
  expect((await listSessions(site, visitor.email))[0]?.id).toBe(before?.id);
});

test("an interrupted act goes on for nobody else, and not without asking again", async ({
  site,
  mailServer,
  visitor,
}) => {
  const program = visitor.asNewProgram();
  await signInOverHttp(program, mailServer, visitor.email);
  await site.clock.advance(11 * minute);
  const newEmail = `new-${visitor.email}`;
  const form = { email: newEmail };
  const { headers } = await program.post("/account/email/change", { form }, asPage);
  const stepUp = new URL(`${headers.location}`, site.url);
  const resume = stepUp.searchParams.get("next") ?? "";
  expect(resume).toMatch(/^\/resume\?act=/);
  const early = await program.get(resume);
  expect(early.body).not.toContain(newEmail);

  const stranger = visitor.asNewProgram();
  expect((await stranger.get(resume)).body).not.toContain(newEmail);
  await signInOverHttp(stranger, mailServer, `stranger-${visitor.email}`);
  expect((await stranger.get(resume)).body).not.toContain(newEmail);

  await stepUpOverHttp(program, mailServer, visitor.email);
  expect((await program.get(resume)).body).toContain(newEmail);
  await site.clock.advance(11 * minute);
  expect((await program.get(resume)).body).not.toContain(newEmail);
});

test("the mail of another account does not say who one is", async ({
  site,
  mailServer,
  visitor,
}) => {
  const [program, other] = [visitor.asNewProgram(), visitor.asNewProgram()];
  await signInOverHttp(program, mailServer, visitor.email);
  await signInOverHttp(other, mailServer, `other-${visitor.email}`);
  await site.clock.advance(11 * minute);
  const after = mailServer.messages.at(-1);
  await sendAct(other, "/auth/step-up", { next: "/account" });
  const mail = await mailServer.waitForMail({ to: `other-${visitor.email}`, after });
  const answer = await sendLink(program, linkIn(mail));
  expect(answer.status).toBe(422);
  expectProblem(await sendAct(program, "/account/export/download"), 403);
  expectProblem(await sendAct(visitor.asNewProgram(), "/auth/step-up"), 401);
});

test("a second tab needs not be asked again, and going back does nothing twice", async ({
  page,
  context,
  site,
  mailServer,
  visitor,
}) => {
  const scene = { page, mailServer, visitor };
  await signIn(page, mailServer, visitor.email, { by: "code" });
  const second = await context.newPage();
  await second.goto("/account/export");
  await site.clock.advance(11 * minute);
  await acts["a change of address"]?.start(scene);
  await page.getByRole("button", { name: "Send me a mail" }).click();
  await page.waitForURL("**/check-email*");
  await ways.code?.(scene);
  await acts["a change of address"]?.see(scene);
  const download = second.waitForEvent("download");
  await second.getByRole("button", { name: "Download it" }).click();
  await download;

  const newEmail = `new-${visitor.email}`;
  await site.clock.advance(2 * minute);
  for (let steps = 0; steps < 4; steps++) {
    await page.goBack();
    await page.waitForLoadState("networkidle");
  }
  await page.goto("/account/email");
  await expect(page.getByText("Confirm the new address")).toBeVisible();
  expect(
    mailServer.messages.filter(({ recipients }) => recipients.includes(newEmail)),
  ).toHaveLength(1);
});

function stepUpMail({ mailServer, visitor }: Scene) {
  return mailServer.waitForMail({ to: visitor.email, subject: /^Confirm that it is you/ });
}
