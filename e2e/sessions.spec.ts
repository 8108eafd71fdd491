import { sendAct, textOf } from "./support/account";
import { countSessions, hideSessions, listSessions, lockDatabase } from "./support/database";
import { client, type HttpAnswer, type HttpClient } from "./support/http";
import { expectProblem } from "./support/problem";
import { askOverHttp, isSignedIn, sendCode, signInOverHttp } from "./support/program";
import { codeIn, signIn } from "./support/sign-in";
import { startSite } from "./support/site";
import { expect, test } from "./support/test";

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;
const asPage = { accept: "text/html" };
const firefox = "Mozilla/5.0 (Android 14; Mobile; rv:130.0) Gecko/130.0 Firefox/130.0";

test("who is ended elsewhere is refused by the very next page, handler and form", async ({
  site,
  mailServer,
  visitor,
}) => {
  const here = visitor.asNewProgram();
  await signInOverHttp(here, mailServer, visitor.email);
  const requests: Record<string, (program: HttpClient) => Promise<HttpAnswer>> = {
    "a page": (program) => program.get("/account"),
    "another page": (program) => program.get("/private"),
    "a handler": (program) => program.get("/me"),
    "a form": (program) => program.post("/account/name", { form: { name: "Eve" } }, asPage),
    "a program's form": (program) => sendAct(program, "/account/name", { name: "Eve" }),
  };
  const before = visitor.asNewProgram();
  for (const [what, ask] of Object.entries(requests)) {
    // An address gets five mails an hour.
    await site.clock.advance(15 * minute);
    const there = visitor.asNewProgram();
    await signInOverHttp(there, mailServer, visitor.email);
    for (const [name, value] of there.cookies) before.cookies.set(name, value);
    const id = (await listSessions(site, visitor.email)).at(-1)?.id ?? "";
    const answer = await here.post("/account/sessions/end", { form: { session: id } }, asPage);
    expect(answer.status).toBe(303);
    const refused = await ask(there);
    if (what.includes("page") || what === "a form") {
      expect([303, 307], what).toContain(refused.status);
      expect(refused.headers.location, what).toMatch(/^\/sign-in\b/);
    } else {
      expectProblem(refused, 401);
    }
    expect(refused.body, what).not.toContain(visitor.email);
    expect(await isSignedIn(before)).toBe(false);
  }
  expect(await isSignedIn(here)).toBe(true);
  expect((await here.get("/account")).body).not.toContain("Eve");
});

for (const javaScript of [true, false]) {
  test.describe(javaScript ? "with scripts" : "without scripts", () => {
    test.use({ javaScript });

    test("one ends another device, whose Back button shows nothing private any more", async ({
      page,
      site,
      mailServer,
      visitor,
    }) => {
      await signIn(page, mailServer, visitor.email, { by: "code" });
      await page.goto("/account");
      await page.goto("/account/sessions");
      await expect(page.getByText("You are signed in nowhere else.")).toBeVisible();
      await site.clock.advance(2 * minute);
      const other = await (await visitor.asNewBrowser()).newPage();
      await signIn(other, mailServer, visitor.email, { by: "code" });
      await other.goto("/account/sessions");
      await expect(other.getByText("This device", { exact: true })).toHaveCount(1);
      await other.getByRole("button", { name: /^End the session with Chrome on / }).click();
      await expect(other.getByText("One session has ended.")).toBeVisible();
      await expect(other.getByText("You are signed in nowhere else.")).toBeVisible();

      await page.reload();
      await expect(page).toHaveURL(/\/sign-in\?/);
      await page.goBack();
      await expect(page).toHaveURL(/\/sign-in\?/);
      expect(await page.content()).not.toContain(visitor.email);
      expect((await other.request.get("/me")).status()).toBe(200);
    });
  });
}

test("devices are told apart by name, network address and time, the own one first of all", async ({
  site,
  mailServer,
  visitor,
}) => {
  const networkAddress = "198.51.100.23";
  const there = visitor.asNewProgram({ "x-forwarded-for": networkAddress, "user-agent": firefox });
  await signInOverHttp(there, mailServer, visitor.email);
  await site.clock.advance(2 * minute);
  const here = visitor.asNewProgram();
  await signInOverHttp(here, mailServer, visitor.email);
  const list = textOf(await here.get("/account/sessions"));
  expect(list).toMatch(/an unknown browser ?This device.*Firefox on Android/);
  expect(list.match(/This device/g)).toHaveLength(1);
  expect(list).toContain(`Network address ${networkAddress}`);
  expect(list.match(/Signed in on \w+ \d+, \d{4} at \d\d:\d\d UTC/g)).toHaveLength(2);
  expect(list.match(/Last seen on \w+ \d+, \d{4} at \d\d:\d\d UTC/g)).toHaveLength(2);

  here.cookies.set("time_zone", "Europe/Berlin");
  const inBerlin = textOf(await here.get("/account/sessions"));
  expect(inBerlin).toMatch(/Last seen on [\w ,]+ at \d\d:\d\d (GMT\+[12]|CES?T)/);
  expect(inBerlin).not.toContain("UTC");
  for (const value of ["Mars/Olympus", "x".repeat(500), "%00", "../../etc/passwd"]) {
    here.cookies.set("time_zone", value);
    const { status, body } = await here.get("/account/sessions");
    expect(status, value).toBe(200);
    expect(body, value).toContain("UTC");
  }
});

test("all others end at once, and the own one stays", async ({ site, mailServer, visitor }) => {
  const programs = [1, 2, 3].map(() => visitor.asNewProgram());
  for (const program of programs) {
    await signInOverHttp(program, mailServer, visitor.email);
    await site.clock.advance(2 * minute);
  }
  const [first, ...rest] = programs;
  if (!first) throw new Error("There is no program");
  expect((await sendAct(first, "/account/sessions/end", { session: "others" })).status).toBe(204);
  expect(await Promise.all(rest.map(isSignedIn))).toEqual([false, false]);
  expect(await isSignedIn(first)).toBe(true);
  expect(await countSessions(site, visitor.email)).toBe(1);
});

test("nobody ends a session of somebody else", async ({ site, mailServer, visitor }) => {
  const [owner, thief, stranger] = [1, 2, 3].map(() => visitor.asNewProgram());
  if (!owner || !thief || !stranger) throw new Error("There is no program");
  await signInOverHttp(owner, mailServer, visitor.email);
  await signInOverHttp(thief, mailServer, `thief-${visitor.email}`);
  const [session] = await listSessions(site, visitor.email);
  for (const id of [session?.id ?? "", "others", "", "' OR 1=1", "x".repeat(1000)]) {
    const answer = await sendAct(thief, "/account/sessions/end", { session: id });
    expect(answer.status, answer.body).toBe(id === "others" ? 204 : 422);
    expectProblem(await sendAct(stranger, "/account/sessions/end", { session: id }), 401);
  }
  const foreign = { origin: "https://elsewhere.example.org" };
  const forged = await owner.post(
    "/account/sessions/end",
    { form: { session: "others" } },
    foreign,
  );
  expectProblem(forged, 403);
  expect(await isSignedIn(owner)).toBe(true);
  expect(await isSignedIn(thief)).toBe(true);
});

test("a session that shall stay ends seven days after the last visit", async ({
  site,
  mailServer,
  visitor,
}) => {
  const program = await signInToStay(visitor.asNewProgram(), mailServer, visitor.email);
  await site.clock.advance(7 * day - minute);
  expect((await program.get("/private")).status).toBe(200);
  await expectRenewedRow();
  await site.clock.advance(7 * day - minute);
  expect(await isSignedIn(program)).toBe(true);
  await expectRenewedRow();
  await site.clock.advance(7 * day + minute);
  expect(await isSignedIn(program)).toBe(false);

  async function expectRenewedRow() {
    const now = site.clock.now().getTime();
    await expect(async () => {
      const [session] = await listSessions(site, visitor.email);
      expect(session?.lastSeenAt).toBeGreaterThan(now - minute);
    }).toPass({ intervals: [20], timeout: 5000 });
  }
});

test("a session that has ended does not come back to life when the clock is set back", async ({
  site,
  mailServer,
  visitor,
}) => {
  const program = visitor.asNewProgram();
  await signInOverHttp(program, mailServer, visitor.email);
  await site.clock.advance(25 * hour);
  expect(await isSignedIn(program)).toBe(false);
  await site.clock.advance(-2 * hour);
  expect(await isSignedIn(program)).toBe(false);
});

test("a visit renews cookie and row alike, and at most once in five minutes", async ({
  site,
  mailServer,
  visitor,
}) => {
  const program = await signInToStay(visitor.asNewProgram(), mailServer, visitor.email);
  const [before] = await listSessions(site, visitor.email);
  await site.clock.advance(4 * minute);
  const early = await program.get("/private");
  expect(early.setCookies.join()).not.toContain("session_id");
  await site.clock.advance(2 * minute);
  expect(await listSessions(site, visitor.email)).toEqual([before]);

  const { setCookies } = await program.get("/private");
  const renewed = setCookies.find((line) => line.startsWith("session_id=")) ?? "";
  const cookieEndsAt = Date.parse(/expires=([^;]+)/i.exec(renewed)?.[1] ?? "");
  expect(cookieEndsAt).toBeGreaterThan(before?.expiresAt ?? 0);
  await expect(async () => {
    const [after] = await listSessions(site, visitor.email);
    // The cookie tells whole seconds.
    expect(Math.abs((after?.expiresAt ?? 0) - cookieEndsAt)).toBeLessThan(2000);
  }).toPass({ intervals: [20], timeout: 5000 });
  expect(await isSignedIn(program)).toBe(true);
});

test("without the wish to stay nothing renews a session beyond its 24 hours", async ({
  site,
  mailServer,
  visitor,
}) => {
  const program = visitor.asNewProgram();
  await signInOverHttp(program, mailServer, visitor.email);
  for (let hours = 0; hours < 23; hours += 11) {
    const { setCookies } = await program.get("/private");
    expect(setCookies.filter((line) => /^session_id=.*(expires|max-age)=/i.test(line))).toEqual([]);
    await site.clock.advance(11 * hour);
    if (hours < 11) expect(await isSignedIn(program)).toBe(true);
  }
  await site.clock.advance(2 * hour + minute);
  expect(await isSignedIn(program)).toBe(false);
});

test("who signs out while a visit renews the session stays signed out", async ({
  site,
  mailServer,
  visitor,
}) => {
  for (const together of [false, true]) {
    const program = await signInToStay(visitor.asNewProgram(), mailServer, visitor.email);
    const copy = visitor.asNewProgram();
    for (const [name, value] of program.cookies) copy.cookies.set(name, value);
    await site.clock.advance(hour);
    const visits = ["/private", "/account", "/"].map((path) => copy.get(path));
    if (!together) await Promise.all(visits);
    expect((await program.post("/sign_out")).status).toBe(204);
    await Promise.all(visits);
    expect(await isSignedIn(copy)).toBe(false);
    expect((await copy.get("/private")).status).toBe(307);
    expect(await countSessions(site, visitor.email)).toBe(0);
  }
});

test("a cookie that is forged, cut short or lost among others is no session and no fault", async ({
  mailServer,
  visitor,
}) => {
  const program = visitor.asNewProgram();
  await signInOverHttp(program, mailServer, visitor.email);
  const value = program.cookies.get("session_id") ?? "";
  const forged = [
    value.slice(0, -1),
    value.slice(1),
    `${value}A`,
    value + value,
    value.split("").reverse().join(""),
    value.toUpperCase(),
    `${value.slice(0, -2)}__`,
    "A".repeat(4000),
    "%00%ff",
    `${value}%20`,
  ];
  for (const cookie of forged) {
    const stranger = visitor.asNewProgram();
    stranger.cookies.set("session_id", cookie);
    expectProblem(await stranger.get("/me"), 401);
    expect((await stranger.get("/account")).status, cookie).toBe(307);
  }
  const crowded = visitor.asNewProgram();
  for (let number = 0; number < 100; number++) crowded.cookies.set(`before_${number}`, "x");
  crowded.cookies.set("session_id", value);
  for (let number = 0; number < 100; number++) crowded.cookies.set(`after_${number}`, "x");
  expect((await crowded.get("/me")).status).toBe(200);
  expect((await crowded.get("/account")).status).toBe(200);
});

test("while sessions cannot be read the answer is 503, and nobody is signed out by it", async ({
  site,
  mailServer,
  visitor,
}) => {
  const program = visitor.asNewProgram();
  await signInOverHttp(program, mailServer, visitor.email);
  const bringBack = await hideSessions(site);
  try {
    for (const path of ["/me", "/private", "/account", "/account/sessions", "/"]) {
      const answer = await program.get(path);
      expect(answer.status, path).toBe(503);
      expect(answer.headers["retry-after"], path).toMatch(/^\d+$/);
      expect(answer.headers.location, path).toBeUndefined();
      expect(answer.setCookies.join(), path).not.toContain("session_id");
    }
    const acts = [
      { path: "/account/name", fields: { name: "Ann" } },
      { path: "/account/sessions/end", fields: { session: "others" } },
      { path: "/account/export/download", fields: {} },
    ];
    for (const { path, fields } of acts) {
      const answer = await sendAct(program, path, fields);
      expectProblem(answer, 503);
      expect(answer.headers["retry-after"], path).toMatch(/^\d+$/);
    }
  } finally {
    await bringBack();
  }
  expect(await isSignedIn(program)).toBe(true);
  expect((await program.get("/account")).status).toBe(200);
});

test("while the database is locked, writes are refused in time, reads go on, nobody is signed out", async ({
  mailServer,
  visitor,
}) => {
  // A site of its own: one that did not recover would take the tests after this one with it.
  const site = await startSite({ mailServer });
  try {
    const program = await signInToStay(client(site), mailServer, visitor.email);
    await site.clock.advance(6 * minute);
    const unlock = await lockDatabase(site);
    try {
      const startedAt = performance.now();
      const [name, visit] = await Promise.all([
        sendAct(program, "/account/name", { name: "Ann" }),
        program.get("/private"),
      ]);
      expect(performance.now() - startedAt).toBeLessThan(7000);
      expectProblem(name, 503);
      expect(name.headers["retry-after"]).toMatch(/^\d+$/);
      expect(visit.status).toBe(200);
      expect(await isSignedIn(program)).toBe(true);
    } finally {
      await unlock();
    }
    await expect(async () => {
      expect((await sendAct(program, "/account/name", { name: "Ann" })).status).toBe(204);
    }).toPass({ timeout: 10_000 });
  } finally {
    await site.stop();
  }
});

async function signInToStay(
  program: HttpClient,
  mailServer: Parameters<typeof askOverHttp>[1],
  email: string,
): Promise<HttpClient> {
  const mail = await askOverHttp(program, mailServer, email, { remember: "on" });
  expect((await sendCode(program, codeIn(mail))).status).toBe(200);
  return program;
}
