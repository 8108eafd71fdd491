import { countSessions } from "./support/database";
import type { HttpAnswer } from "./support/http";
import type { Mail } from "./support/mail";
import {
  askOverHttp,
  isSignedIn,
  numberFor,
  otherCode,
  otherNumber,
  pathOf,
  sendLink,
  sendNumber,
} from "./support/program";
import { pressingScanner } from "./support/scanner";
import { askForMail, codeIn, linkIn, numberOn, typeCode, typeNumber } from "./support/sign-in";
import { expect, test } from "./support/test";

const minute = 60_000;
const asJson = { accept: "application/json" };
const asPage = { accept: "text/html" };

for (const javaScript of [true, false]) {
  test.describe(javaScript ? "with scripts" : "without scripts", () => {
    test.use({ javaScript });

    test("the number, typed on the telephone, lets the first screen in and nobody else", async ({
      page,
      mailServer,
      visitor,
    }) => {
      const mail = await askForMail(page, mailServer, visitor.email, { next: "/private?tab=1" });
      const number = await numberOn(page);
      const telephone = await (await visitor.asNewBrowser()).newPage();
      await telephone.goto(linkIn(mail));
      await expect(telephone.getByRole("main")).toContainText(visitor.email);

      const goesOn = page.waitForRequest("**/auth/continue", { timeout: 10_000 });
      await typeNumber(telephone, number);
      await expect(telephone.getByRole("heading", { level: 1 })).toHaveText(
        "The other screen may go on",
      );
      const approvedAt = performance.now();
      if (!javaScript) await page.reload();
      await goesOn;
      expect(performance.now() - approvedAt).toBeLessThan(2000);
      await expect(page).toHaveURL("/private?tab=1");
      await expect(page.getByRole("main")).toContainText(visitor.email);
      expect((await telephone.request.get("/me")).status()).toBe(401);
      await telephone.goto("/private");
      await expect(telephone).toHaveURL("/sign-in?next=/private");
    });

    test("two wrong numbers end the number, and the code of the mail still works there", async ({
      page,
      mailServer,
      visitor,
    }) => {
      const mail = await askForMail(page, mailServer, visitor.email);
      const number = await numberOn(page);
      const telephone = await (await visitor.asNewBrowser()).newPage();
      const fault = telephone.getByRole("main").getByRole("alert");
      await telephone.goto(linkIn(mail));
      for (const typed of ["", "4", "123", "ab"]) {
        await typeNumber(telephone, typed);
        await expect(fault).toContainText(/two digits/);
      }
      await typeNumber(telephone, otherNumber(number));
      await expect(fault).toContainText(/1 try is left/);
      await typeNumber(telephone, otherNumber(number, 2));
      await expect(fault).toContainText(/last try/);
      expect((await sendNumber(visitor.asNewProgram(), linkIn(mail), number)).status).toBe(422);
      expect((await page.request.get("/me")).status()).toBe(401);

      await typeCode(telephone, codeIn(mail));
      await expect(telephone).toHaveURL("/private");
      await expect(telephone.getByRole("main")).toContainText(visitor.email);
    });

    test("the number stays when another mail is sent, and works with either mail", async ({
      page,
      site,
      mailServer,
      visitor,
    }) => {
      const older = await askForMail(page, mailServer, visitor.email);
      const number = await numberOn(page);
      await site.clock.advance(2 * minute);
      await page.reload();
      await page.getByRole("button", { name: "Send another mail" }).click();
      await mailServer.waitForMail({ to: visitor.email, after: older });
      expect(await numberOn(page)).toBe(number);

      expect((await sendNumber(visitor.asNewProgram(), linkIn(older), number)).status).toBe(200);
      if (!javaScript) await page.reload();
      await expect(page).toHaveURL("/private");
    });
  });
}

test("a link's token leaves the address bar, and the page survives a reload", async ({
  page,
  mailServer,
  visitor,
}) => {
  const mail = await askForMail(page, mailServer, visitor.email);
  const number = await numberOn(page);
  const telephone = await (await visitor.asNewBrowser()).newPage();
  await telephone.goto(linkIn(mail));
  await expect(telephone).toHaveURL("/confirm");
  await telephone.reload();
  await expect(telephone.getByRole("main")).toContainText(visitor.email);
  await expect(telephone).toHaveURL("/confirm");
  await typeNumber(telephone, otherNumber(number));
  await expect(telephone.getByRole("main").getByRole("alert")).toContainText(/1 try is left/);
  await typeNumber(telephone, number);
  await expect(page).toHaveURL("/private");
});

const spellings: Record<string, (number: string) => string> = {
  "with spaces": (number) => ` ${[...number].join(" ")} `,
  "in full-width digits": (number) =>
    number.replace(/\d/g, (digit) => String.fromCodePoint(0xff10 + Number(digit))),
};

for (const [how, spell] of Object.entries(spellings)) {
  test(`a number works when typed ${how}`, async ({ mailServer, visitor }) => {
    const first = visitor.asNewProgram();
    const mail = await askOverHttp(first, mailServer, visitor.email);
    const answer = await sendNumber(
      visitor.asNewProgram(),
      linkIn(mail),
      spell(await numberFor(first)),
    );
    expect([answer.status, answer.body]).toEqual([200, '{"status":"approved"}']);
  });
}

test("a number is two digits, and not one that people would guess first", async ({
  mailServer,
  visitor,
}) => {
  const numbers = new Set<string>();
  for (let person = 0; person < 10; person++) {
    const program = visitor.asNewProgram();
    await askOverHttp(program, mailServer, `${person}-${visitor.email}`);
    numbers.add(await numberFor(program));
  }
  for (const number of numbers) {
    expect(Number(number)).toBeGreaterThanOrEqual(13);
    expect(Number(number)).toBeLessThanOrEqual(98);
  }
  expect(numbers.size).toBeGreaterThan(2);
});

test("only the browser that asked goes on, once it may, and only by a real visit", async ({
  site,
  mailServer,
  visitor,
}) => {
  const [first, second, stranger] = [
    visitor.asNewProgram(),
    visitor.asNewProgram(),
    visitor.asNewProgram(),
  ];
  const mail = await askOverHttp(first, mailServer, visitor.email, { next: "/private?tab=1" });
  await askOverHttp(stranger, mailServer, `stranger-of-${visitor.email}`);
  const goOn = "/auth/continue";
  for (const program of [first, stranger, second]) {
    expect(opensSession(await program.get(goOn, asPage))).toBe(false);
    expect((await program.get(goOn, asJson)).status).toBe(422);
  }

  const answer = await sendNumber(second, linkIn(mail), await numberFor(first));
  expect([answer.status, answer.body, answer.setCookies]).toEqual([
    200,
    '{"status":"approved"}',
    [],
  ]);
  for (const program of [stranger, second]) {
    expect(opensSession(await program.get(goOn, asPage))).toBe(false);
    expect(await isSignedIn(program)).toBe(false);
  }
  expect(opensSession(await first.request("HEAD", goOn))).toBe(false);
  for (const purpose of ["prefetch", "prefetch;prerender"]) {
    expect(opensSession(await first.get(goOn, { "sec-purpose": purpose }))).toBe(false);
  }
  expect(await isSignedIn(first)).toBe(false);
  expect(await countSessions(site, visitor.email)).toBe(0);

  const goesOn = await first.get(goOn, asPage);
  expect([goesOn.status, goesOn.headers.location]).toEqual([303, "/private?tab=1"]);
  expect(await isSignedIn(first)).toBe(true);
  expect(opensSession(await first.get(goOn, asPage))).toBe(false);
  expect(await countSessions(site, visitor.email)).toBe(1);
  for (const program of [first, second]) {
    expect((await sendLink(program, linkIn(mail), codeIn(mail))).status).toBe(422);
  }
});

test("of twenty who go on at once, one gets in", async ({ site, mailServer, visitor }) => {
  const first = visitor.asNewProgram();
  const mail = await askOverHttp(first, mailServer, visitor.email);
  await sendNumber(visitor.asNewProgram(), linkIn(mail), await numberFor(first));
  const visits = Array.from({ length: 20 }, () => first.get("/auth/continue", asPage));
  const answers = await Promise.all([...visits, sendLink(first, linkIn(mail))]);
  expect(answers.filter(opensSession)).toHaveLength(1);
  for (const { status } of answers) expect(status).toBeLessThan(500);
  expect(await countSessions(site, visitor.email)).toBe(1);
});

test("twenty wrong numbers at once are no more than two", async ({ mailServer, visitor }) => {
  const [first, second] = [visitor.asNewProgram(), visitor.asNewProgram()];
  const mail = await askOverHttp(first, mailServer, visitor.email);
  const number = await numberFor(first);
  const distances = Array.from({ length: 20 }, (_, index) => index + 1);
  const answers = await Promise.all(
    distances.map((distance) => sendNumber(second, linkIn(mail), otherNumber(number, distance))),
  );
  // So many wrong tries for one address are a pause as well.
  for (const { status } of answers) expect([422, 429]).toContain(status);
  expect([422, 429]).toContain((await sendNumber(second, linkIn(mail), number)).status);
  expect((await first.get("/auth/continue", asJson)).status).toBe(422);
  expect(await isSignedIn(first)).toBe(false);
  expect((await sendLink(first, linkIn(mail))).status).toBe(200);
});

test("neither a number nor what it allowed outlives the mail", async ({
  site,
  mailServer,
  visitor,
}) => {
  const [late, slow, phone] = [
    visitor.asNewProgram(),
    visitor.asNewProgram(),
    visitor.asNewProgram(),
  ];
  const mail = await askOverHttp(late, mailServer, visitor.email);
  const slowMail = await askOverHttp(slow, mailServer, `slow-${visitor.email}`);
  expect((await sendNumber(phone, linkIn(slowMail), await numberFor(slow))).status).toBe(200);
  const number = await numberFor(late);
  await site.clock.advance(10 * minute + 1000);
  expect((await sendNumber(phone, linkIn(mail), number)).status).toBe(422);
  expect((await slow.get("/auth/continue", asJson)).status).toBe(422);
  await site.clock.advance(-5 * minute);
  const answers = [
    await slow.get("/auth/continue", asJson),
    await sendNumber(phone, linkIn(mail), number),
    await late.get("/auth/continue", asJson),
  ];
  await site.clock.advance(5 * minute);
  for (const { status } of answers) expect(status).toBe(422);
});

test("the number of one browser does not let another one in that asked for the same address", async ({
  site,
  mailServer,
  visitor,
}) => {
  const [person, stranger] = [visitor.asNewProgram(), visitor.asNewProgram()];
  let strangersMail: Mail;
  let own: string;
  let tries = 0;
  do {
    // Two browsers may have the same number by chance, for one address in 86.
    const email = `${tries++}-${visitor.email}`;
    strangersMail = await askOverHttp(stranger, mailServer, email);
    await site.clock.advance(2 * minute);
    await askOverHttp(person, mailServer, email);
    own = await numberFor(person);
  } while (own === (await numberFor(stranger)) && tries < 5);
  expect((await sendNumber(visitor.asNewProgram(), linkIn(strangersMail), own)).status).toBe(422);
  for (const program of [person, stranger]) {
    expect((await program.get("/auth/continue", asJson)).status).toBe(422);
  }
});

test("a scanner that only presses spends no try of number or code, and the number still works", async ({
  browser,
  page,
  mailServer,
  visitor,
}) => {
  const mail = await askForMail(page, mailServer, visitor.email);
  const number = await numberOn(page);
  const { signedIn, log } = await pressingScanner(browser, linkIn(mail), {
    fills: false,
    patience: 200,
  });
  expect(signedIn, log.join("\n")).toBe(false);
  expect(log.join("\n")).toContain('pressed "Sign in there"');
  const telephone = visitor.asNewProgram();
  expect(await detailOf(sendLink(telephone, linkIn(mail), otherCode(codeIn(mail))))).toMatch(
    /4 tries are left/,
  );
  expect(await detailOf(sendNumber(telephone, linkIn(mail), otherNumber(number)))).toMatch(
    /1 try is left/,
  );
  expect((await sendNumber(telephone, linkIn(mail), number)).status).toBe(200);
  await expect(page).toHaveURL("/private");
});

test("a number needs a link of ours, and a write from the site itself", async ({
  mailServer,
  visitor,
}) => {
  const [first, second] = [visitor.asNewProgram(), visitor.asNewProgram()];
  const mail = await askOverHttp(first, mailServer, visitor.email);
  const number = await numberFor(first);
  const madeUp = linkIn(mail).replace(/.$/, (last) => (last === "A" ? "B" : "A"));
  // The last character of a token may hold fewer bits than it could; another one is safe to change.
  const changed = madeUp.replace(/token=./, (start) =>
    start.endsWith("A") ? "token=B" : "token=A",
  );
  expect(await detailOf(sendNumber(second, changed, number))).toMatch(/not a link or code of ours/);
  const body = { json: { token: new URL(linkIn(mail)).searchParams.get("token"), number } };
  for (const origin of [undefined, "null", "https://evil.example"]) {
    expect((await second.post("/auth/number", body, { ...asJson, origin })).status).toBe(403);
  }
  for (const method of ["GET", "PUT", "DELETE"]) {
    expect((await second.request(method, "/auth/number")).headers.allow).toBe("POST");
  }
  expect((await second.get(`${pathOf(mail)}&number=${number}`)).status).toBe(200);
  expect((await first.get("/auth/continue", asJson)).status).toBe(422);
  expect((await sendNumber(second, linkIn(mail), number)).status).toBe(200);
});

async function detailOf(answering: Promise<HttpAnswer>): Promise<string> {
  const { status, body } = await answering;
  expect(status, body).toBe(422);
  return (JSON.parse(body) as { detail: string }).detail;
}

function opensSession({ setCookies }: HttpAnswer): boolean {
  return setCookies.some((line) => /^(__Host-)?session_id=[^;]/.test(line));
}
