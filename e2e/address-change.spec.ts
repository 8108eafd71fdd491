import { askForAddress, changeAddress, sendAct, textOf } from "./support/account";
import type { HttpClient } from "./support/http";
import type { Mail } from "./support/mail";
import { expectProblem } from "./support/problem";
import { isSignedIn, otherCode, sendLink, signInOverHttp, tokenIn } from "./support/program";
import { codeIn, linkIn, signIn } from "./support/sign-in";
import { expect, test } from "./support/test";

const minute = 60_000;
const day = 24 * 60 * minute;
const confirmPath = "/account/email/confirm";
const undoPath = "/undo-address";

for (const [by, javaScript] of [
  ["code", true],
  ["link", true],
  ["link", false],
] as const) {
  test.describe(javaScript ? "with scripts" : "without scripts", () => {
    test.use({ javaScript });

    test(`one changes the address by ${by}, and the former one takes it back`, async ({
      page,
      site,
      mailServer,
      visitor,
    }) => {
      const newEmail = `new-${visitor.email}`;
      const other = visitor.asNewProgram();
      await signInOverHttp(other, mailServer, visitor.email);
      await site.clock.advance(2 * minute);
      await signIn(page, mailServer, visitor.email, { by: "code" });
      await page.goto("/account/email");
      await page.getByLabel("New email address").fill(newEmail);
      await page.getByRole("button", { name: "Change it" }).click();
      await expect(page.getByText("Confirm the new address")).toBeVisible();
      const mail = await mailServer.waitForMail({ to: newEmail });
      if (by === "code") {
        await page.getByLabel("Six-digit code").fill(codeIn(mail));
      } else {
        await page.goto(linkIn(mail, confirmPath));
        await expect(page.getByRole("heading", { level: 1 })).toHaveText("Use this address?");
        await expect(page.getByRole("main")).toContainText(newEmail);
      }
      await page.getByRole("button", { name: "Confirm", exact: true }).click();
      await expect(page.getByText("Your account goes by this address now.")).toBeVisible();
      expect(await (await page.request.get("/me")).json()).toMatchObject({
        email_address: newEmail,
      });
      expect(await isSignedIn(other)).toBe(false);

      const told = await mailServer.waitForMail({ to: visitor.email, subject: /has changed$/ });
      const reader = await (await visitor.asNewBrowser()).newPage();
      await reader.goto(linkIn(told, undoPath));
      await expect(reader.getByRole("main")).toContainText(visitor.email);
      // A machine that presses buttons undoes nothing.
      await reader.getByRole("button", { name: "Undo the change" }).click();
      await expect(reader.getByRole("main").getByRole("alert")).toContainText("not that address");
      await reader.getByLabel(/^Type .* to confirm$/).fill(visitor.email.toUpperCase());
      await reader.getByRole("button", { name: "Undo the change" }).click();
      await expect(reader.getByRole("heading", { level: 1 })).toHaveText("Your address is back");
      expect((await reader.request.get("/me")).status()).toBe(401);
      expect((await page.request.get("/me")).status()).toBe(401);
      await mailServer.waitForMail({ to: visitor.email, subject: /is back$/ });
    });
  });
}

test("of two changes under way, the newer one alone can be confirmed", async ({
  site,
  mailServer,
  visitor,
}) => {
  const program = visitor.asNewProgram();
  await signInOverHttp(program, mailServer, visitor.email);
  const older = await askForAddress(program, mailServer, `a-${visitor.email}`);
  await site.clock.advance(2 * minute);
  const newer = await askForAddress(program, mailServer, `b-${visitor.email}`);
  expectProblem(await prove(program, { token: tokenIn(linkIn(older, confirmPath)) }), 422);
  expectProblem(await prove(program, { code: codeIn(older) }), 422);
  expect(await addressOf(program)).toBe(visitor.email);
  expect((await prove(program, { code: codeIn(newer) })).status).toBe(204);
  expect(await addressOf(program)).toBe(`b-${visitor.email}`);
  expectProblem(await prove(program, { token: tokenIn(linkIn(older, confirmPath)) }), 422);
  expectProblem(await prove(program, { token: tokenIn(linkIn(newer, confirmPath)) }), 422);
});

test("of two accounts that confirm the same address at once, one gets it", async ({
  site,
  mailServer,
  visitor,
}) => {
  const wanted = `wanted-${visitor.email}`;
  const claims: { program: HttpClient; code: string }[] = [];
  for (const who of ["a", "b"]) {
    const program = visitor.asNewProgram();
    await signInOverHttp(program, mailServer, `${who}-${visitor.email}`);
    const mail = await askForAddress(program, mailServer, wanted);
    claims.push({ program, code: codeIn(mail) });
    // One mail a minute goes to an address, whoever asks.
    await site.clock.advance(2 * minute);
  }
  const statuses = await Promise.all(
    claims.map(async ({ program, code }) => (await prove(program, { code })).status),
  );
  expect(statuses.filter((status) => status === 204)).toHaveLength(1);
});

test("one change confirmed twice at once happens once", async ({ mailServer, visitor }) => {
  const program = visitor.asNewProgram();
  await signInOverHttp(program, mailServer, visitor.email);
  const to = `new-${visitor.email}`;
  const mail = await askForAddress(program, mailServer, to);
  const answers = await Promise.all([1, 2, 3, 4].map(() => prove(program, { code: codeIn(mail) })));
  expect(answers.filter(({ status }) => status === 204)).toHaveLength(1);
  expect(await addressOf(program)).toBe(to);
});

test("an address that is taken looks like any other, and its owner alone is told", async ({
  site,
  mailServer,
  visitor,
}) => {
  const [owner, first, second] = [1, 2, 3].map(() => visitor.asNewProgram());
  if (!owner || !first || !second) throw new Error("There is no program");
  const taken = `taken-${visitor.email}`;
  const free = `freed-${visitor.email}`;
  await signInOverHttp(owner, mailServer, taken);
  await signInOverHttp(first, mailServer, `a-${visitor.email}`);
  await signInOverHttp(second, mailServer, `b-${visitor.email}`);
  // One mail a minute goes to an address, whatever it is about.
  await site.clock.advance(2 * minute);

  const ofTaken = await sendAct(first, "/account/email/change", { email: taken });
  const ofFree = await sendAct(second, "/account/email/change", { email: free });
  expect([ofTaken.status, ofTaken.body]).toEqual([ofFree.status, ofFree.body]);
  const pages = await Promise.all([first, second].map((program) => program.get("/account/email")));
  const [sayOfTaken, sayOfFree] = pages.map((page) =>
    textOf(page)
      .replaceAll(taken, "it")
      .replaceAll(free, "it")
      .replaceAll(/[ab]-person/g, "who"),
  );
  expect(sayOfTaken).toBe(sayOfFree);
  const wrongs = await Promise.all(
    [first, second].map(async (program) => (await prove(program, { code: "12345" })).body),
  );
  expect(wrongs[0]).toBe(wrongs[1]);

  const mail = await mailServer.waitForMail({ to: taken, subject: /^Somebody wanted/ });
  expect(mail.text).not.toContain(`a-${visitor.email}`);
  expect(mail.text).not.toMatch(/^\d{6}$/m);
  expect(await addressOf(owner)).toBe(taken);
});

test("what is no address, or the present one, is refused, and no mail goes", async ({
  mailServer,
  visitor,
}) => {
  const program = visitor.asNewProgram();
  await signInOverHttp(program, mailServer, visitor.email);
  const mails = mailServer.messages.length;
  const wrong = [
    "",
    "x",
    "a@b@example.org",
    `${"x".repeat(300)}@example.org`,
    "a\r\nb@example.org",
  ];
  for (const email of [...wrong, visitor.email, ` ${visitor.email.toUpperCase()} `]) {
    expectProblem(await sendAct(program, "/account/email/change", { email }), 422);
  }
  expect(mailServer.messages).toHaveLength(mails);
});

test("a change needs its own browser, a right code in five tries, and ten minutes", async ({
  site,
  mailServer,
  visitor,
}) => {
  const [program, stranger] = [visitor.asNewProgram(), visitor.asNewProgram()];
  await signInOverHttp(program, mailServer, visitor.email);
  await signInOverHttp(stranger, mailServer, `stranger-${visitor.email}`);
  const mail = await askForAddress(program, mailServer, `a-${visitor.email}`);
  const link = new URL(linkIn(mail, confirmPath));
  const path = link.pathname + link.search;
  for (const method of ["GET", "HEAD"]) {
    expect((await program.request(method, path)).status).toBe(200);
  }
  expect((await stranger.get(path)).body).not.toContain(`a-${visitor.email}`);
  const outside = await visitor.asNewProgram().get(path);
  expect(outside.status).toBe(307);
  expect(outside.headers.location).toMatch(/^\/sign-in\?/);
  expectProblem(await prove(stranger, { token: tokenIn(link.href) }), 422);
  expectProblem(await prove(stranger, { code: codeIn(mail) }), 422);
  // A link that proves an address is none that signs in.
  const misused = await sendLink(visitor.asNewProgram(), link.href, codeIn(mail));
  expect(misused.status).toBe(422);
  for (let tries = 1; tries <= 5; tries++) {
    expectProblem(await prove(program, { code: otherCode(codeIn(mail), tries) }), 422);
  }
  expectProblem(await prove(program, { code: codeIn(mail) }), 422);
  expect(await addressOf(program)).toBe(visitor.email);

  await site.clock.advance(2 * minute);
  const next = await askForAddress(program, mailServer, `b-${visitor.email}`);
  await site.clock.advance(10 * minute + 1000);
  expectProblem(await prove(program, { token: tokenIn(linkIn(next, confirmPath)) }), 422);
  expectProblem(await prove(program, { code: codeIn(next) }), 422);
  expect(await addressOf(program)).toBe(visitor.email);
});

test("the first address takes the account back after a second change too, once", async ({
  site,
  mailServer,
  visitor,
}) => {
  const program = visitor.asNewProgram();
  await signInOverHttp(program, mailServer, visitor.email);
  const [a, b, c] = [visitor.email, `b-${visitor.email}`, `c-${visitor.email}`];
  const toldFirst = await changeAddress(program, mailServer, { from: a, to: b });
  await site.clock.advance(2 * minute);
  const toldSecond = await changeAddress(program, mailServer, { from: b, to: c });
  expect(await addressOf(program)).toBe(c);

  const reader = visitor.asNewProgram();
  expect((await undo(reader, toldFirst)).status).toBeLessThan(400);
  expect(await isSignedIn(program)).toBe(false);
  expect(await isSignedIn(reader)).toBe(false);
  await mailServer.waitForMail({ to: a, subject: /is back$/ });
  await undo(reader, toldFirst);
  await undo(reader, toldSecond);

  await site.clock.advance(2 * minute);
  const [asFirst, asLast] = [visitor.asNewProgram(), visitor.asNewProgram()];
  await signInOverHttp(asFirst, mailServer, a);
  await signInOverHttp(asLast, mailServer, c);
  const [first, last] = [(await asFirst.get("/me")).json(), (await asLast.get("/me")).json()];
  expect(first).toMatchObject({ email_address: a });
  expect((first as { id: string }).id).not.toBe((last as { id: string }).id);
  expect(textOf(await asFirst.get("/account/activity"))).toContain("Change of address undone");
});

test("a change is undone within seven days, by who has the link, and by no visit alone", async ({
  site,
  mailServer,
  visitor,
}) => {
  const program = visitor.asNewProgram();
  await signInOverHttp(program, mailServer, visitor.email);
  const to = `new-${visitor.email}`;
  const told = await changeAddress(program, mailServer, { from: visitor.email, to });
  const reader = visitor.asNewProgram();
  const link = new URL(linkIn(told, undoPath));
  for (const method of ["GET", "HEAD"]) {
    expect((await reader.request(method, link.pathname + link.search)).status).toBe(200);
  }
  const action = await actionOf(reader, link);
  const token = tokenIn(link.href);
  const forged = [token.slice(0, -1), `${token}A`, token.split(".").reverse().join("."), "", "x"];
  for (const value of forged) {
    const answer = await sendAct(reader, action, { token: value, email: visitor.email });
    expectProblem(answer, 422);
  }
  const foreign = { origin: "https://elsewhere.example.org" };
  expectProblem(await reader.post(action, { form: { token } }, foreign), 403);
  expect(await addressOf(program)).toBe(to);

  await site.clock.advance(7 * day + minute);
  expectProblem(await sendAct(reader, action, { token, email: visitor.email }), 422);
  const again = visitor.asNewProgram();
  await signInOverHttp(again, mailServer, to);
  expect(textOf(await again.get("/account/activity"))).toContain("Address changed from");
});

function prove(program: HttpClient, fields: Record<string, string>) {
  return sendAct(program, "/account/email/prove", fields);
}

async function addressOf(program: HttpClient): Promise<string> {
  return ((await program.get("/me")).json() as { email_address: string }).email_address;
}

async function undo(reader: HttpClient, told: Mail) {
  const link = new URL(linkIn(told, undoPath));
  const [email = ""] = told.recipients;
  return sendAct(reader, "/auth/undo-address", { token: tokenIn(link.href), email });
}

/** Where the form of a page leads. */
async function actionOf(reader: HttpClient, { pathname, search }: URL): Promise<string> {
  const { body } = await reader.get(pathname + search);
  const action = /<form[^>]* action="([^"]+)"/.exec(body.replace(/^.*<main/s, ""))?.[1];
  if (!action) throw new Error(`No form on ${pathname}`);
  return action;
}
