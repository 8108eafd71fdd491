import { type IncomingMessage, request } from "node:http";
import { parse } from "csv-parse/sync";
import { sendAct, stepUpOverHttp, textOf } from "./support/account";
import { addEvents, hideEvents } from "./support/database";
import { expectForEverybody } from "./support/everybody";
import type { HttpClient } from "./support/http";
import { expectProblem } from "./support/problem";
import { signInOverHttp } from "./support/program";
import { handOver } from "./support/second-factor";
import { expect, test } from "./support/test";

const admins = ["ann", "bob", "carla", "dora"].map((name) => `${name}@example.org`);
const [ann = "", bob = "", carla = "", dora = ""] = admins;
const minute = 60_000;

test.use({ siteEnv: { ADMIN_EMAILS: admins.join(", ") } });

test("only administrators see the trail, and who lacks the scope is told which", async ({
  mailServer,
  visitor,
}) => {
  const stranger = visitor.asNewProgram();
  const sent = await stranger.get("/admin/audit?type=user_created");
  expect(sent.status).toBe(307);
  expect(sent.headers.location).toBe("/sign-in?next=/admin/audit%3Ftype%3Duser_created");
  expectProblem(await exportAudit(stranger), 401);

  const user = visitor.asNewProgram();
  await signInOverHttp(user, mailServer, visitor.email);
  const page = await user.get("/admin/audit", { accept: "text/html" });
  expect(page.status).toBe(403);
  expect(textOf(page)).toContain("admin");
  expect(page.body).not.toContain("authn_login");
  expectProblem(await exportAudit(user), 403);
  expectProblem(await user.get("/admin/audit/export"), 405, "POST");
  expectProblem(await user.post("/admin/audit/export", { form: {} }, { origin: "null" }), 403);
});

test("the trail is told in words, and filtered by person, kind, act and day", async ({
  site,
  mailServer,
  visitor,
}) => {
  const { email } = visitor;
  const admin = visitor.asNewProgram();
  await signInOverHttp(admin, mailServer, ann);
  const user = visitor.asNewProgram({ "user-agent": firefox });
  await signInOverHttp(user, mailServer, email);
  const { id } = (await user.get("/me")).json() as { id: string };
  await site.latchkey("users", "block", email, "--reason", "Spam <b>again</b>");

  const events = async (filter: Record<string, string>, status = 200) => {
    const answer = await admin.get(`/admin/audit?${new URLSearchParams(filter)}`);
    expect(answer.status).toBe(status);
    expect(answer.headers["cache-control"]).toContain("no-store");
    const text = textOf(answer);
    return { text, body: answer.body, count: answer.body.split("<time").length - 1 };
  };
  const all = await events({ person: ` ${email.toUpperCase()} ` });
  expect(all.text).toMatch(
    /Account blocked by an administrator.*Signed in with a code.*Account made/,
  );
  expect(all.text).toContain("By the command line");
  expect(all.text).toContain("Reason: Spam &lt;b&gt;again&lt;/b&gt;");
  expect(all.text).toMatch(/Firefox on Linux, network address 198\.18\./);
  expect(all.body).toContain(`href="/admin/users/${id}"`);
  expect((await events({ person: id })).count).toBe(all.count);
  expect(await events({ person: email, act: "blocked" })).toMatchObject({ count: 1 });
  expect(await events({ person: email, type: "user_created" })).toMatchObject({ count: 1 });
  expect((await events({ person: "operator", act: "blocked" })).text).toContain(email);
  const today = site.clock.now().toISOString().slice(0, 10);
  expect((await events({ person: email, from: today, to: today })).count).toBe(all.count);
  const empty = await events({ person: email, to: "2020-01-01" });
  expect(empty).toMatchObject({ count: 0, text: expect.stringContaining("Nothing like that") });

  for (const [field, value, words] of [
    ["person", `no-${email}`, "No account goes by this address"],
    ["person", "x".repeat(9000), "neither an address nor an id"],
    ["type", "'; DROP", "no events of this kind"],
    ["act", "eaten", "nothing of this name"],
    ["from", "yesterday", "no such day"],
    ["to", "2026-02-30", "no such day"],
  ] as const) {
    const wrong = await events({ [field]: value }, 422);
    expect(wrong.text, field).toContain(words);
    expect(wrong.body).toContain(`id="${field}-error"`);
    expect(wrong.count).toBe(0);
    expect(wrong.body).not.toContain("/admin/audit/export");
  }
  const swapped = await events({ from: "2026-03-02", to: "2026-03-01" }, 422);
  expect(swapped.text).toContain("before the first one");
  expect((await events({ after: "made-up" })).count).toBeGreaterThan(all.count);

  await site.latchkey("users", "delete", email, "--yes");
  const gone = await events({ person: id });
  expect(gone.text).toContain(`${id} (no account any more)`);
  expect(gone.text).not.toContain("Spam");
});

test("an export is the whole filter as CSV, needs a fresh sign-in, and is on record", async ({
  site,
  mailServer,
  visitor,
}) => {
  const admin = visitor.asNewProgram();
  await signInOverHttp(admin, mailServer, bob);
  const evil = visitor.asNewProgram({ "user-agent": '=HYPERLINK("http://evil.example","x");+1' });
  await signInOverHttp(evil, mailServer, visitor.email);
  const filter = { person: visitor.email, type: "authn_login_success" };
  const answer = await exportAudit(admin, filter);
  expect(answer.status).toBe(200);
  expect(answer.headers).toMatchObject({
    "content-type": "text/csv; charset=utf-8",
    "cache-control": "no-store",
    "content-disposition": expect.stringMatching(
      /^attachment; filename="audit-\d{4}-\d\d-\d\d\.csv"$/,
    ),
  });
  const [header, row, ...others] = parse(answer.body) as string[][];
  expect(others).toEqual([]);
  expect(header?.join()).toBe(
    "time,id,type,act,user_id,user_email,actor,actor_email,network_address,user_agent,details",
  );
  const { id } = (await evil.get("/me")).json() as { id: string };
  expect(row).toEqual([
    expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
    expect.any(String),
    "authn_login_success",
    "code",
    id,
    visitor.email,
    id,
    visitor.email,
    expect.stringMatching(/^198\.18\./),
    '\'=HYPERLINK("http://evil.example","x");\'+1',
    expect.stringContaining('"way":"code"'),
  ]);

  for (const wrong of [{ person: "bob" }, { from: "2026-03-02", to: "2026-03-01" }, { type: 5 }]) {
    const refused = await admin.post("/admin/audit/export", { json: wrong }, asJson);
    expectProblem(refused, 422);
  }
  const form = { form: { person: "bob" } };
  const back = await admin.post("/admin/audit/export", form, { accept: "text/html" });
  expect([back.status, back.headers.location]).toEqual([303, "/admin/audit?person=bob"]);

  await site.clock.advance(11 * minute);
  expectProblem(await exportAudit(admin, filter), 403);
  const paused = await admin.post("/admin/audit/export", { form: filter }, { accept: "text/html" });
  expect(paused.headers.location).toMatch(/^\/step-up\?next=/);
  await stepUpOverHttp(admin, mailServer, bob);
  const page = await admin.get(
    decodeURIComponent(`${paused.headers.location}`.split("next=")[1] ?? ""),
  );
  const fields = [...page.body.matchAll(/type="hidden" name="(\w+)" value="([^"]*)"/g)].map(
    ([, name = "", value = ""]): [string, string] => [name, value],
  );
  const resumed = await admin.post(
    "/admin/audit/export",
    { form: fields },
    { accept: "text/html" },
  );
  expect(parse(resumed.body)).toHaveLength(2);

  const record = textOf(await admin.get(`/admin/audit?person=${bob}&act=audit-export`));
  expect(record.split("Audit trail exported").length - 1).toBe(2);
  expect(record).toContain(`person: ${id}`);
});

test("an export of any length streams, and one that a fault cuts short does not look whole", async ({
  site,
  mailServer,
  visitor,
}) => {
  const admin = visitor.asNewProgram();
  await signInOverHttp(admin, mailServer, carla);
  await addEvents(site, 60_000, "00000000-0000-7000-8000-000000000001");
  const person = "00000000-0000-7000-8000-000000000001";
  const whole = await exportAudit(admin, { person });
  expect(parse(whole.body)).toHaveLength(60_001);
  expect(whole.headers["transfer-encoding"]).toBe("chunked");

  const first = await admin.get(`/admin/audit?person=${person}`);
  const [, older = ""] = /href="([^"]*after=[^"]*)"/.exec(first.body) ?? [];
  const second = await admin.get(older.replaceAll("&amp;", "&"));
  const shown = [first, second].flatMap((page) => textOf(page).match(/2001:db8::\w+/g) ?? []);
  const written = Array.from({ length: 100 }, (_, count) => (60_000 - count).toString(16));
  expect(shown).toEqual(written.map((number) => `2001:db8::${number}`));

  const broken = await beginExport(admin, site.url, { person });
  const putBack = await hideEvents(site);
  const ending = new Promise<string>((resolve) => {
    broken.on("end", () => resolve("whole")).on("error", () => resolve("broken off"));
  });
  broken.resume();
  expect(await ending).toBe("broken off");
  expectProblem(await exportAudit(admin, { person }), 503);
  await putBack();
  expect(site.output()).toContain("an export of the audit trail broke off");
  expect((await exportAudit(admin, { type: "user_deleted" })).status).toBe(200);
});

test("the trail can be used with the keyboard, at 320 px, in both schemes", async ({
  page,
  site,
  mailServer,
  visitor,
}) => {
  const admin = visitor.asNewProgram();
  await signInOverHttp(admin, mailServer, dora);
  const email = `${"w".repeat(50)}${visitor.email.slice("person-".length)}`;
  await signInOverHttp(visitor.asNewProgram(), mailServer, email);
  await handOver(admin, page, site);
  await page.goto("/admin/audit?person=nobody");
  const person = page.getByLabel("Person");
  await expect(person).toHaveAccessibleDescription(/neither an address nor an id/);
  await person.focus();
  await page.keyboard.press("ControlOrMeta+A");
  await page.keyboard.type(email);
  await page.keyboard.press("Tab");
  await page.keyboard.type("Signed in");
  await page.getByLabel("From").focus();
  await page.keyboard.press("Enter");
  await expect(page).toHaveURL(/type=authn_login_success/);
  await expect(page.getByText("Signed in with a code")).toHaveCount(1);
  await expectForEverybody(page);
});

function exportAudit(program: HttpClient, filter: Record<string, string> = {}) {
  return sendAct(program, "/admin/audit/export", filter);
}

/** The answer to an export, of which nothing more than the beginning is read. */
async function beginExport(
  { cookies }: HttpClient,
  url: string,
  filter: Record<string, string>,
): Promise<IncomingMessage> {
  const cookie = [...cookies].map((pair) => pair.join("=")).join("; ");
  const headers = { ...asJson, cookie, origin: url, "content-type": "application/json" };
  return await new Promise((resolve, reject) => {
    request(new URL("/admin/audit/export", url), { method: "POST", headers, agent: false })
      .on("response", resolve)
      .on("error", reject)
      .end(JSON.stringify(filter));
  });
}

const asJson = { accept: "application/json" };
const firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
