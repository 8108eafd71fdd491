import type { Page } from "@playwright/test";
import { askOverHttp, isSignedIn, otherCode, sendCode, sendLink } from "./support/program";
import { askForMail, codeIn, linkIn, signIn, signOut, typeCode } from "./support/sign-in";
import { expect, test } from "./support/test";

const minute = 60_000;

const spellings: Record<string, (code: string) => string> = {
  "with a space": (code) => `${code.slice(0, 3)} ${code.slice(3)}`,
  "with spaces everywhere": (code) => ` ${[...code].join(" ")} `,
  "with a hyphen": (code) => `${code.slice(0, 3)}-${code.slice(3)}`,
  "with a dash": (code) => `${code.slice(0, 3)} – ${code.slice(3)}`,
  "with a no-break space": (code) => `${code.slice(0, 3)}\u00a0${code.slice(3)}`,
  "in full-width digits": (code) =>
    code.replace(/\d/g, (digit) => String.fromCodePoint(0xff10 + Number(digit))),
};

for (const [how, spell] of Object.entries(spellings)) {
  test(`a code works when typed ${how}`, async ({ mailServer, visitor }) => {
    const program = visitor.asNewProgram();
    const mail = await askOverHttp(program, mailServer, visitor.email);
    expect((await sendCode(program, spell(codeIn(mail)))).status).toBe(200);
    expect(await isSignedIn(program)).toBe(true);
  });
}

test("a code that is pasted with spaces fits into its field", async ({
  page,
  mailServer,
  visitor,
}) => {
  const mail = await askForMail(page, mailServer, visitor.email);
  await typeCode(page, ` ${[...codeIn(mail)].join(" ")} `);
  await expect(page).toHaveURL("/private");
});

for (const javaScript of [true, false]) {
  test.describe(javaScript ? "with scripts" : "without scripts", () => {
    test.use({ javaScript });

    test("a wrong code says how many tries are left, five kill it, and a new mail works", async ({
      page,
      site,
      mailServer,
      visitor,
    }) => {
      const mail = await askForMail(page, mailServer, visitor.email);
      for (const left of [4, 3, 2, 1]) {
        await typeCode(page, otherCode(codeIn(mail), left));
        await expect(faultOn(page)).toContainText(new RegExp(`\\b${left} (try|tries)`));
      }
      await typeCode(page, otherCode(codeIn(mail), 5));
      await expect(faultOn(page)).toContainText(/last try/i);
      await typeCode(page, codeIn(mail));
      await expect(faultOn(page)).toBeVisible();
      await expectSignedOut(page);

      await site.clock.advance(2 * minute);
      // A browser counts down by a clock of its own, which a test does not move.
      await page.reload();
      await newMailOffer(page).click();
      const next = await mailServer.waitForMail({ to: visitor.email, after: mail });
      await typeCode(page, codeIn(next));
      await expect(page).toHaveURL("/private");
    });

    test("a code that is incomplete costs no try", async ({ page, mailServer, visitor }) => {
      const mail = await askForMail(page, mailServer, visitor.email);
      for (const typed of ["12345", "1234567", "abcdef", "12345a", "½23456"]) {
        await typeCode(page, typed);
        await expect(faultOn(page)).toContainText(/six digits/i);
      }
      await typeCode(page, codeIn(mail));
      await expect(page).toHaveURL("/private");
    });

    test("a used code says so and offers a new mail", async ({
      page,
      context,
      mailServer,
      visitor,
    }) => {
      const mail = await askForMail(page, mailServer, visitor.email);
      const otherTab = await context.newPage();
      // A page that follows by itself would take the field away before anything can be typed.
      await otherTab.route("**/auth/progress", (route) => route.abort());
      await otherTab.goto("/check-email");
      await typeCode(page, codeIn(mail));
      await expect(page).toHaveURL("/private");
      await signOut(page);
      const answered = otherTab.waitForResponse((answer) => answer.request().method() === "POST");
      await typeCode(otherTab, codeIn(mail));
      expect((await answered).status()).toBeLessThan(500);
      await expect(otherTab.getByRole("main")).toContainText(/used/i);
      const offer = otherTab.getByRole("main").getByRole("link", { name: /new mail/i });
      await expect(offer.or(newMailOffer(otherTab))).toBeVisible();
      await expectSignedOut(otherTab);
    });

    test("an expired code says so and offers a new mail", async ({
      page,
      site,
      mailServer,
      visitor,
    }) => {
      const mail = await askForMail(page, mailServer, visitor.email);
      await site.clock.advance(10 * minute + 1000);
      await typeCode(page, codeIn(mail));
      await expect(page.getByRole("main")).toContainText(/too old|expired/i);
      await expectSignedOut(page);
      await newMailOffer(page).click();
      const next = await mailServer.waitForMail({ to: visitor.email, after: mail });
      await typeCode(page, codeIn(next));
      await expect(page).toHaveURL("/private");
    });
  });
}

test("a code works until its ten minutes are over", async ({ site, mailServer, visitor }) => {
  const program = visitor.asNewProgram();
  const mail = await askOverHttp(program, mailServer, visitor.email);
  await site.clock.advance(10 * minute - 2000);
  expect((await sendCode(program, codeIn(mail))).status).toBe(200);
  expect(await isSignedIn(program)).toBe(true);
});

test("an expired code does not come back to life when the clock is set back", async ({
  site,
  mailServer,
  visitor,
}) => {
  const program = visitor.asNewProgram();
  const mail = await askOverHttp(program, mailServer, visitor.email);
  await site.clock.advance(11 * minute);
  expect((await sendCode(program, codeIn(mail))).status).not.toBe(200);
  await site.clock.advance(-5 * minute);
  const late = await sendCode(program, codeIn(mail));
  await site.clock.advance(5 * minute);
  expect(late.status).not.toBe(200);
  expect(await isSignedIn(program)).toBe(false);
});

test("the page of the code sends who has asked for none to sign in", async ({ page }) => {
  await page.goto("/check-email");
  await expect(page).toHaveURL(/\/sign-in/);
  await expect(page.getByLabel("Email address")).toBeVisible();
});

for (const code of ["123456", "000000", "", "१२३४५६", "9".repeat(5000), "1\u00002345", "-12345"]) {
  test(`a browser that asked for nothing gets nothing for ${JSON.stringify(code.slice(0, 9))}`, async ({
    visitor,
  }) => {
    const program = visitor.asNewProgram();
    const asPage = await program.post("/auth/code", { form: { code } }, { accept: "text/html" });
    const asJson = await sendCode(program, code);
    expect([303, 422]).toContain(asPage.status);
    expect(asJson.status).toBe(422);
    expect(program.cookies.has("session_id")).toBe(false);
    const { body } = await program.get(asPage.headers.location ?? "/sign-in");
    expect(body).toContain("/sign-in");
  });
}

test("the last of five tries may be the right one", async ({ mailServer, visitor }) => {
  const program = visitor.asNewProgram();
  const mail = await askOverHttp(program, mailServer, visitor.email);
  for (const distance of [1, 2, 3, 4]) {
    expect((await sendCode(program, otherCode(codeIn(mail), distance))).status).toBe(422);
  }
  expect((await sendCode(program, codeIn(mail))).status).toBe(200);
});

test("twenty wrong tries at once are no more than five", async ({ mailServer, visitor }) => {
  const program = visitor.asNewProgram();
  const mail = await askOverHttp(program, mailServer, visitor.email);
  const distances = Array.from({ length: 20 }, (_, index) => index + 1);
  const tries = distances.map((distance) => sendCode(program, otherCode(codeIn(mail), distance)));
  for (const { status } of await Promise.all(tries)) expect([422, 429]).toContain(status);
  expect([422, 429]).toContain((await sendCode(program, codeIn(mail))).status);
  expect(await isSignedIn(program)).toBe(false);
});

test("the right code sent twenty times at once signs in once", async ({ mailServer, visitor }) => {
  const program = visitor.asNewProgram();
  const mail = await askOverHttp(program, mailServer, visitor.email);
  const tries = Array.from({ length: 20 }, () => sendCode(program, codeIn(mail)));
  const answers = await Promise.all(tries);
  expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
  expect(answers.filter(({ setCookies }) => /session_id=\w/.test(`${setCookies}`))).toHaveLength(1);
  for (const { status } of answers) expect(status).toBeLessThan(500);
});

test("a second browser cannot use the code of the first, which goes on working there", async ({
  page,
  mailServer,
  visitor,
}) => {
  const mail = await askForMail(page, mailServer, visitor.email);
  const stranger = await (await visitor.asNewBrowser()).newPage();
  await askForMail(stranger, mailServer, `stranger-of-${visitor.email}`);
  await typeCode(stranger, codeIn(mail));
  await expect(faultOn(stranger)).toBeVisible();
  await expectSignedOut(stranger);

  const program = visitor.asNewProgram();
  expect((await sendCode(program, codeIn(mail))).status).toBe(422);
  expect(await isSignedIn(program)).toBe(false);

  await typeCode(page, codeIn(mail));
  await expect(page).toHaveURL("/private");
});

test("a second browser that asked for the same address has a code of its own", async ({
  site,
  mailServer,
  visitor,
}) => {
  const [first, second] = [visitor.asNewProgram(), visitor.asNewProgram()];
  const mail = await askOverHttp(first, mailServer, visitor.email);
  await site.clock.advance(2 * minute);
  const newer = await askOverHttp(second, mailServer, visitor.email);
  expect((await sendCode(second, codeIn(mail))).status).toBe(422);
  expect(await isSignedIn(second)).toBe(false);
  expect((await sendCode(second, codeIn(newer))).status).toBe(200);
  expect(await isSignedIn(second)).toBe(true);
});

for (const javaScript of [true, false]) {
  test.describe(javaScript ? "scripts on the telephone" : "no scripts on the telephone", () => {
    test.use({ javaScript });

    test("link and code together sign in where they are used", async ({
      page,
      mailServer,
      visitor,
    }) => {
      const mail = await askForMail(page, mailServer, visitor.email, { next: "/private?tab=1" });
      const telephone = await (await visitor.asNewBrowser()).newPage();
      await telephone.goto(linkIn(mail));
      await expect(telephone.getByRole("main")).toContainText(visitor.email);
      await typeCode(telephone, otherCode(codeIn(mail)));
      await expect(faultOn(telephone)).toContainText(/4 tries/);
      await expectSignedOut(telephone);
      await typeCode(telephone, codeIn(mail));
      await expect(telephone).toHaveURL("/private?tab=1");
      await expect(telephone.getByRole("main")).toContainText(visitor.email);
      await expectSignedOut(page);
    });
  });
}

test("five wrong codes elsewhere end it there, and leave the person's own tries alone", async ({
  mailServer,
  visitor,
}) => {
  const [first, second] = [visitor.asNewProgram(), visitor.asNewProgram()];
  const mail = await askOverHttp(first, mailServer, visitor.email);
  for (const distance of [1, 2, 3, 4, 5]) {
    await sendLink(second, linkIn(mail), otherCode(codeIn(mail), distance));
  }
  const late = visitor.asNewProgram();
  for (const program of [second, late]) {
    expect((await sendLink(program, linkIn(mail), codeIn(mail))).status).toBe(422);
    expect(await isSignedIn(program)).toBe(false);
  }
  expect((await sendCode(first, codeIn(mail))).status).toBe(200);
});

test("a newer mail leaves the code of the older one alone, and the first used ends both", async ({
  site,
  mailServer,
  visitor,
}) => {
  const program = visitor.asNewProgram();
  const older = await askOverHttp(program, mailServer, visitor.email);
  await site.clock.advance(2 * minute);
  const newer = await askOverHttp(program, mailServer, visitor.email);
  expect((await sendCode(program, codeIn(older))).status).toBe(200);
  expect(await isSignedIn(program)).toBe(true);
  await program.post("/sign_out");
  expect((await sendCode(program, codeIn(newer))).status).toBe(422);
  expect((await sendLink(program, linkIn(newer))).status).toBe(422);
  expect(await isSignedIn(program)).toBe(false);
});

test("a used code says so to who is signed in already", async ({ page, mailServer, visitor }) => {
  const mail = await signIn(page, mailServer, visitor.email, { by: "code" });
  const answer = await page.request.post("/auth/code", {
    form: { code: codeIn(mail) },
    headers: { origin: new URL(page.url()).origin, accept: "application/json" },
  });
  expect(answer.status()).toBe(422);
  expect((await answer.json()).detail).toMatch(/used/i);
});

function faultOn(page: Page) {
  return page.getByRole("main").getByRole("alert");
}

function newMailOffer(page: Page) {
  return page.getByRole("main").getByRole("button", { name: /another mail|new mail/i });
}

async function expectSignedOut(page: Page) {
  expect((await page.request.get("/me")).status()).toBe(401);
}
