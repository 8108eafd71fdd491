import { createHash } from "node:crypto";
import { changeAddress, sendAct, stepUpOverHttp, textOf } from "./support/account";
import { countRows, listTraces } from "./support/database";
import { expectProblem } from "./support/problem";
import { askOverHttp, isSignedIn, sendCode, signInOverHttp, tokenIn } from "./support/program";
import { codeIn, linkIn, signIn } from "./support/sign-in";
import { expect, test } from "./support/test";

const minute = 60_000;
const asPage = { accept: "text/html" };

const pages = ["", "/email", "/sessions", "/activity", "/export", "/delete"];
const acts: Record<string, Record<string, string>> = {
  "/account/name": { name: "Eve" },
  "/account/email/change": { email: "eve@example.org" },
  "/account/email/prove": { code: "123456" },
  "/account/sessions/end": { session: "others" },
  "/account/export/download": {},
  "/account/delete/now": { email: "eve@example.org" },
  "/auth/step-up": {},
};

test("the pages of the account are for who is signed in, and stored nowhere", async ({
  mailServer,
  visitor,
}) => {
  const program = visitor.asNewProgram();
  for (const page of pages) {
    const answer = await program.get(`/account${page}`);
    expect(answer.status, page).toBe(307);
    expect(answer.headers.location).toBe(`/sign-in?next=/account${page}`);
  }
  await signInOverHttp(program, mailServer, visitor.email);
  for (const page of pages) {
    const answer = await program.get(`/account${page}`);
    expect(answer.status, page).toBe(200);
    expect(answer.headers["cache-control"], page).toContain("no-store");
  }
});

for (const [path, fields] of Object.entries(acts)) {
  test(`POST ${path} is for who is signed in, from the site itself, and by no other method`, async ({
    mailServer,
    visitor,
  }) => {
    const program = visitor.asNewProgram();
    expectProblem(await sendAct(program, path, fields), 401);
    const asForm = await program.post(path, { form: fields }, asPage);
    expect(asForm.status).toBe(303);
    expect(asForm.headers.location).toMatch(/^\/sign-in\b/);

    await signInOverHttp(program, mailServer, visitor.email);
    const mails = mailServer.messages.length;
    for (const origin of ["https://elsewhere.example.org", "null", undefined]) {
      const answer = await program.post(path, { form: fields }, { origin });
      expectProblem(answer, 403);
    }
    for (const method of ["PUT", "DELETE", "GET"]) {
      const { status, headers } = await program.request(method, path);
      expect(status, method).toBe(405);
      expect(headers.allow, method).toContain("POST");
    }
    expect(await isSignedIn(program)).toBe(true);
    expect(mailServer.messages).toHaveLength(mails);
  });
}

for (const javaScript of [true, false]) {
  test.describe(javaScript ? "with scripts" : "without scripts", () => {
    test.use({ javaScript });

    test("one gives a name, which the pages then call one by", async ({
      page,
      mailServer,
      visitor,
    }) => {
      await signIn(page, mailServer, visitor.email, { by: "code" });
      await page.getByRole("banner").getByRole("link", { name: "Account" }).click();
      await expect(page.getByRole("heading", { level: 1 })).toHaveText("Your account");
      await page.getByLabel("Name").fill("Ann <b>& Söhne</b>");
      await page.getByRole("button", { name: "Save" }).click();
      await expect(page.getByText("Saved.")).toBeVisible();
      await page.goto("/");
      await expect(page.getByRole("heading", { level: 1 })).toHaveText(
        "Welcome, Ann <b>& Söhne</b>",
      );
    });
  });
}

test("a name that is too long or cannot be seen is refused, and one can be taken back", async ({
  mailServer,
  visitor,
}) => {
  const program = visitor.asNewProgram();
  await signInOverHttp(program, mailServer, visitor.email);
  expect((await sendAct(program, "/account/name", { name: "Ann" })).status).toBe(204);
  for (const name of ["x".repeat(81), "a\u0000b", "a\u202eb", "a\nb"]) {
    expectProblem(await sendAct(program, "/account/name", { name }), 422);
  }
  expect(textOf(await program.get("/"))).toContain("Welcome, Ann");
  expect((await sendAct(program, "/account/name", { name: " " })).status).toBe(204);
  expect(textOf(await program.get("/"))).toContain(`Welcome, ${visitor.email}`);
});

test("a form changes nothing but its own field", async ({ mailServer, visitor }) => {
  const program = visitor.asNewProgram();
  await signInOverHttp(program, mailServer, visitor.email);
  const before = (await program.get("/me")).json();
  const fields = {
    name: "Ann",
    email: "eve@example.org",
    id: "1",
    scopes: "admin",
    blockedAt: "1",
  };
  await sendAct(program, "/account/name", fields);
  expect((await program.get("/me")).json()).toEqual(before);
});

test("activity comes in pages of fifty, the newest first, and is one's own", async ({
  mailServer,
  visitor,
}) => {
  const [program, stranger] = [visitor.asNewProgram(), visitor.asNewProgram()];
  await signInOverHttp(program, mailServer, visitor.email);
  for (let number = 0; number < 55; number++) {
    await sendAct(program, "/account/name", { name: `Ann ${number}` });
  }
  const first = await program.get("/account/activity");
  expect(first.body.match(/<time\b/g)).toHaveLength(50);
  expect(textOf(first)).not.toContain("Account made");
  const older = /href="(\/account\/activity\?before=[^"]+)"/.exec(first.body)?.[1] ?? "";
  const second = await program.get(older);
  expect(second.body.match(/<time\b/g)).toHaveLength(7);
  expect(textOf(second)).toMatch(/Name changed.*Signed in with a code.*Account made/);
  for (const before of ["x", "' OR 1=1", "x".repeat(500), "00000000-0000-0000-0000-000000000000"]) {
    const answer = await program.get(`/account/activity?${new URLSearchParams({ before })}`);
    expect(answer.status, before).toBeLessThan(500);
  }

  await signInOverHttp(stranger, mailServer, `stranger-${visitor.email}`);
  expect((await stranger.get(older)).body).not.toContain("Name changed");
});

test("the export holds what is kept about the person, and neither secret nor hash", async ({
  site,
  mailServer,
  visitor,
}) => {
  const program = visitor.asNewProgram({ "user-agent": "Exporter/1.0" });
  const mail = await signInOverHttp(program, mailServer, visitor.email);
  await sendAct(program, "/account/name", { name: "Ann" });
  const newEmail = `new-${visitor.email}`;
  await changeAddress(program, mailServer, { from: visitor.email, to: newEmail });
  await site.clock.advance(11 * minute);
  const form = { email: `next-${visitor.email}` };
  await program.post("/account/email/change", { form }, asPage);
  await stepUpOverHttp(program, mailServer, newEmail);

  const answer = await sendAct(program, "/account/export/download");
  expect(answer.status).toBe(200);
  expect(answer.headers["content-type"]).toMatch(/^application\/json\b/);
  expect(answer.headers["content-disposition"]).toMatch(/^attachment; filename="[^"]+\.json"/);
  expect(answer.headers["cache-control"]).toContain("no-store");
  const text = JSON.stringify(answer.json());
  for (const own of [visitor.email, newEmail, "Ann", "Exporter/1.0", "authn_login_success"]) {
    expect(text).toContain(own);
  }
  expect(
    keysOf(answer.json()).filter((key) => /hash|secret|sealed|token|number$/i.test(key)),
  ).toEqual([]);
  const secrets = [...program.cookies.values(), tokenIn(linkIn(mail))];
  for (const secret of secrets) expect(text).not.toContain(secret);
  for (const secret of secrets) {
    for (const encoding of ["hex", "base64", "base64url"] as const) {
      expect(text).not.toContain(createHash("sha256").update(secret).digest(encoding));
    }
  }
});

test("the export holds nothing of anybody else", async ({ site, mailServer, visitor }) => {
  const [program, other] = [visitor.asNewProgram(), visitor.asNewProgram()];
  await signInOverHttp(other, mailServer, `other-${visitor.email.slice(7)}`);
  await signInOverHttp(program, mailServer, visitor.email);
  const { body } = await sendAct(program, "/account/export/download");
  expect(body).not.toContain(`other-${visitor.email.slice(7)}`);
  expect((await countRows(site)).User).toBeGreaterThan(1);
});

test("an account goes with its address typed, and leaves no name behind", async ({
  site,
  mailServer,
  visitor,
}) => {
  const [program, other] = [visitor.asNewProgram(), visitor.asNewProgram()];
  await signInOverHttp(program, mailServer, visitor.email);
  await site.clock.advance(2 * minute);
  await signInOverHttp(other, mailServer, visitor.email);
  const name = `Ann ${visitor.email.slice(7, 19)}`;
  await sendAct(program, "/account/name", { name });
  const { id } = (await program.get("/me")).json() as { id: string };
  for (const email of ["", "x", `x${visitor.email}`, visitor.email.slice(1)]) {
    expectProblem(await sendAct(program, "/account/delete/now", { email }), 422);
  }
  expect(await isSignedIn(other)).toBe(true);
  const events = (await countRows(site)).AuditEvent ?? 0;

  const email = ` ${visitor.email.toUpperCase()} `;
  expect((await sendAct(program, "/account/delete/now", { email })).status).toBe(204);
  expect(await isSignedIn(program)).toBe(false);
  expect(await isSignedIn(other)).toBe(false);
  expect(program.cookies.has("session_id")).toBe(false);
  const subject = /^Your account .* has been deleted$/;
  await mailServer.waitForMail({ to: visitor.email, subject });
  expect((await countRows(site)).AuditEvent).toBeGreaterThan(events);
  expect(await listTraces(site, name)).toEqual([]);
  // The last mail has just gone, and the outbox remembers its state for a while.
  const traces = await listTraces(site, visitor.email);
  expect(traces.filter((trace) => trace !== "Mail.recipient")).toEqual([]);

  await site.clock.advance(2 * minute);
  const again = visitor.asNewProgram();
  await signInOverHttp(again, mailServer, visitor.email);
  expect((await again.get("/me")).json()).not.toMatchObject({ id });
  expect((await again.get("/account")).body).not.toContain(name);
});

test("a link that was asked for before the account went makes no way into the old one", async ({
  site,
  mailServer,
  visitor,
}) => {
  const [program, other] = [visitor.asNewProgram(), visitor.asNewProgram()];
  await signInOverHttp(program, mailServer, visitor.email);
  await site.clock.advance(2 * minute);
  const mail = await askOverHttp(other, mailServer, visitor.email);
  await sendAct(program, "/account/delete/now", { email: visitor.email });
  await sendCode(other, codeIn(mail));
  expect(await isSignedIn(other)).toBe(false);
});

/** The names of all members of a value, however deep. */
function keysOf(value: unknown): string[] {
  if (typeof value !== "object" || value === null) return [];
  const own = Array.isArray(value) ? [] : Object.keys(value);
  return [...own, ...Object.values(value).flatMap(keysOf)];
}
