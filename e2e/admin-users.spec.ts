import { randomUUID } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import AxeBuilder from "@axe-core/playwright";
import type { Page } from "@playwright/test";
import { sendAct, stepUpOverHttp, textOf } from "./support/account";
import { listTraces, mailsSettled, readTable, tablesChangedBy } from "./support/database";
import type { HttpAnswer, HttpClient } from "./support/http";
import { bearing, readJwt, tokenFor } from "./support/jwt";
import type { MailServer } from "./support/mail-server";
import { expectProblem } from "./support/problem";
import { askOverHttp, isSignedIn, sendCode, sendLink, signInOverHttp } from "./support/program";
import { rawConnection } from "./support/raw-http";
import { rows } from "./support/route-rows";
import { listRoutes, methodsOf } from "./support/routes";
import {
  enrolApp,
  handOver,
  reachSecondFactor,
  type Setting,
  untilNextMail,
  untilNextStep,
} from "./support/second-factor";
import { codeIn, linkIn, typeCode } from "./support/sign-in";
import type { Site } from "./support/site";
import { expect, test } from "./support/test";

const minute = 60_000;
const noApp = { secret: "", code: () => "000000" };
const asJson = { accept: "application/json" };
const asPage = { accept: "text/html" };
/** Each test has a super of its own, since an address gets five mails an hour. */
const supers = Array.from({ length: 12 }, (_, number) => `super-${number}@example.org`);
let supersSoFar = 0;

test.use({ siteEnv: { ADMIN_EMAILS: supers.join(", ") } });

interface Person {
  id: string;
  email: string;
  program: HttpClient;
}

test("people are found by the beginnings of words and by whole addresses, a page of fifty at a time", async ({
  site,
  mailServer,
  visitor,
}) => {
  const root = await newSuper({ site, mailServer, visitor });
  const word = visitor.email.slice(7, 15);
  const made: string[] = [];
  for (let number = 10; number < 65; number++) {
    const [email, name] = [`n${number}.${word}@crowd.example`, `Zoë Crowd${number} ${word}`];
    const answer = await root.program.post(
      "/admin/users/create",
      { form: { email: email.toUpperCase(), name } },
      asPage,
    );
    expect(answer.status, answer.body).toBe(303);
    made.push(/^\/admin\/users\/([\w-]+)\?done$/.exec(`${answer.headers.location}`)?.[1] ?? "");
  }
  const find = (search: string, more = {}) => listed(root.program, { search, ...more });

  for (const [search, count] of [
    [`n10.${word}@crowd.example`, 1],
    [` N10.${word.toUpperCase()}@CROWD.example `, 1],
    [`CROWD10 ${word}`, 1],
    [`${word.slice(0, 6)} crowd1`, 10],
    [`zoë ${word} n64`, 1],
    [`${word} @crowd.example`, 50],
    [`rowd10 ${word}`, 0],
    [`${word} crowd10 crowd11`, 0],
    [`n10.${word}@crowd.exampl`, 1],
    ["%", 0],
    [`%${word}`, 50],
    ["_".repeat(8), 0],
    [`' OR 1=1 -- ${word}`, 0],
  ] as const)
    expect((await find(search)).ids, search).toHaveLength(count);

  const first = await find(word);
  expect(first.ids).toHaveLength(50);
  const second = await listed(root.program, first.next);
  expect(second.next).toBeNull();
  expect([...first.ids, ...second.ids].sort()).toEqual(made.sort());
  // The newest first where nobody is searched for, and nobody twice.
  const newest = await find("");
  expect(newest.ids).toHaveLength(50);
  const older = await listed(root.program, newest.next);
  expect(older.ids).toContain(root.id);
  expect(new Set([...newest.ids, ...older.ids]).size).toBe(50 + older.ids.length);

  await sendAct(root.program, "/admin/users/block", { user: made[3] ?? "", reason: "Spam" });
  expect((await find(word, { filter: "blocked" })).ids).toEqual([made[3]]);
  expect((await find(word, { filter: "invited" })).ids).toHaveLength(50);
  expect((await find("", { filter: "admins" })).ids).toContain(root.id);
  expect((await find(word, { filter: "admins" })).ids).toEqual([]);
  expect((await find(word, { filter: "__proto__" })).ids).toHaveLength(50);

  const sealed = (text: string) => Buffer.from(text).toString("base64url");
  for (const after of [
    "x",
    "%00",
    sealed("[]"),
    sealed("{}"),
    sealed('["a","b","c"]'),
    sealed('["\'; DROP TABLE \\"User\\"",""]'),
    sealed('["\\u0000","\\ud800"]'),
    sealed(`["${"z".repeat(5000)}","z"]`),
    "A".repeat(8000),
  ])
    for (const search of [word, ""])
      expect((await find(search, { after })).status, after.slice(0, 20)).toBe(200);

  for (const search of ["w".repeat(255), "w ".repeat(5000), "𝒘".repeat(200)]) {
    const tooLong = await root.program.get(`/admin/users?${new URLSearchParams({ search })}`);
    expect(tooLong.status).toBe(422);
    expect(textOf(tooLong)).toContain("A search has at most 254 characters.");
    expect(idsOn(tooLong)).toEqual([]);
  }
  expect((await find("w".repeat(254))).status).toBe(200);
  expect((await root.program.get("/admin/users?search=%E0%A4%A&filter=%")).status).toBeLessThan(
    500,
  );
  for (const id of [randomUUID(), "x", "%00", "%E0%A4%A", root.email, "..%2f..%2fme"])
    expect([400, 404], id).toContain((await root.program.get(`/admin/users/${id}`)).status);
  expect((await root.program.get(`/admin/users/${"x".repeat(5000)}`)).status).toBe(404);
});

test("each act holds at once, is on record with who did it to whom and why, and is told by mail", async ({
  site,
  mailServer,
  visitor,
}) => {
  const setting = { site, mailServer, visitor };
  const root = await newSuper(setting);
  const [ann, bob] = [await newPerson(setting, "ann"), await newPerson(setting, "bob")];
  let isForm = false;

  /** Does it, once as a form and once as a program; reads what is told, and gives back what is written down. */
  async function act(path: string, fields: Record<string, string>, mail?: RegExp, whom = ann) {
    const user = whom.id;
    const after = mailServer.messages.at(-1);
    isForm = !isForm;
    const by = root.program;
    if (isForm) {
      const form = { user, ...fields };
      const answer = await by.post(`/admin/users/${path}`, { form }, asPage);
      expect([answer.status, answer.headers.location]).toEqual([303, `/admin/users/${user}?done`]);
      expect(textOf(await by.get(`${answer.headers.location}`))).toContain("Done.");
    } else {
      const answer = await sendAct(by, `/admin/users/${path}`, { user, ...fields });
      expect([answer.status, answer.body]).toEqual([204, ""]);
    }
    if (mail) {
      const told = await mailServer.waitForMail({ to: whom.email, subject: mail, after });
      // Neither who it was nor where they sit is the business of whose account it is.
      for (const secret of [root.email, root.id, "198.18.", reason])
        expect(told.text + told.html).not.toContain(secret);
    }
    await mailsSettled(site);
    const event = (await eventsOf(site, user)).at(-1);
    const networkAddress = expect.stringMatching(/^198\.18\./);
    expect(event).toMatchObject({ actor: root.id, userId: user, networkAddress });
    return JSON.parse(`${event?.details}`);
  }

  const [reason, scope] = ["Sends spam – “again”", "admin"];
  const changed = /^What you may do at/;
  expect((await ann.program.get("/admin/users")).status).toBe(403);
  expect(await act("scopes/grant", { scope }, changed)).toEqual({ act: "granted", scope });
  expect((await ann.program.get("/admin/users")).status).toBe(200);
  expect((await ann.program.get("/authorize?scope=admin")).status).toBe(204);
  const adminToken = await tokenFor(ann.program);
  expect(readJwt(adminToken).claims.scope).toBe(
    "admin authenticated".split(" ").reverse().join(" "),
  );
  expect(await act("scopes/revoke", { scope }, changed)).toEqual({ act: "revoked", scope });
  expect((await ann.program.get("/admin/users")).status).toBe(403);
  expectProblem(await sendAct(ann.program, "/admin/users/unblock", { user: bob.id }), 403);
  for (const headers of [{}, bearing(adminToken)])
    expect((await ann.program.get("/authorize?scope=admin", headers)).status).toBe(403);

  const properties = '{ "company": " Ann & <b>Sons</b> ", "tags": ["a"] }';
  expect(await act("properties", { properties })).toEqual({ act: "properties" });
  const kept = (await readTable(site, "User")).find(({ id }) => id === ann.id)?.properties;
  expect(JSON.parse(`${kept}`)).toEqual({ company: "Ann & <b>Sons</b>", tags: ["a"] });
  expect((await root.program.get(`/admin/users/${ann.id}`)).body).not.toContain("<b>Sons");

  const { app } = await enrolApp(ann.program, site);
  await untilNextMail(site);
  const phone = visitor.asNewProgram();
  await reachSecondFactor(phone, mailServer, ann.email);
  const off = /^Your second factor at .* has been turned off$/;
  const disabled = { act: "second-factor-disabled" };
  expect(await act("second-factor/disable", {}, off)).toEqual(disabled);
  await untilNextStep(site);
  expectProblem(await sendAct(phone, "/auth/two-factor", { code: app.code() }), 401);
  expect(await isSignedIn(phone)).toBe(false);

  await untilNextMail(site);
  await signInOverHttp(phone, mailServer, ann.email);
  const session = `${(await sessionsOf(site, ann)).at(-1)?.id}`;
  const signedOut = /^You have been signed out at/;
  const ended = { reason: "administrator", count: 1 };
  expect(await act("sessions/end", { session }, signedOut)).toEqual(ended);
  expect([await isSignedIn(phone), await isSignedIn(ann.program)]).toEqual([false, true]);
  const bobsToken = await tokenFor(bob.program);
  expect(await act("sessions/end", { session: "all" }, signedOut, bob)).toEqual(ended);
  await expectShut(bob.program, bobsToken);

  await untilNextMail(site);
  const pending = await askOverHttp(phone, mailServer, ann.email);
  const token = await tokenFor(ann.program);
  const blocked = { act: "blocked", reason };
  expect(await act("block", { reason: ` ${reason}  ` }, /has been blocked$/)).toEqual(blocked);
  await expectShut(ann.program, token);
  expect(await sessionsOf(site, ann)).toEqual([]);
  expect(textOf(await root.program.get(`/admin/users/${ann.id}`))).toContain(reason);

  expect(await act("unblock", {}, /is open again$/)).toEqual({ act: "unblocked" });
  // What was on its way when it was blocked, died then.
  expectProblem(await sendCode(phone, codeIn(pending)), 422);
  expectProblem(await sendLink(phone, linkIn(pending)), 422);
  await untilNextMail(site);
  await signInOverHttp(phone, mailServer, ann.email);
  const activity = textOf(await phone.get("/account/activity"));
  expect(activity).toContain("Account blocked by an administrator");
  for (const secret of [root.email, root.id, reason]) expect(activity).not.toContain(secret);

  const lastToken = await tokenFor(phone);
  isForm = true;
  await act("delete", { email: ` ${ann.email.toUpperCase()} ` }, /has been deleted$/);
  await expectShut(phone, lastToken);
  expect(await listTraces(site, ann.email)).toEqual([]);
  expect((await root.program.get(`/admin/users/${ann.id}`)).status).toBe(404);
  expect((await eventsOf(site, ann.id)).at(-1)).toMatchObject({ type: "user_deleted" });
});

test("what is made is what the form says, and nothing that is sent beside it", async ({
  site,
  mailServer,
  visitor,
}) => {
  const root = await newSuper({ site, mailServer, visitor });
  const email = `Made-${visitor.email}`;
  const more = {
    id: randomUUID(),
    scopes: ["super"],
    scope: "super",
    role: "admin",
    isAdmin: true,
    blockedAt: "2020-01-01T00:00:00Z",
    emailVerified: "2020-01-01T00:00:00Z",
    invitedAt: null,
    createdAt: "2020-01-01T00:00:00Z",
    properties: '{"company":"x"}',
    user: root.id,
  };
  const made = await root.program.post(
    "/admin/users/create",
    { json: { email, name: "Ann", ...more } },
    asJson,
  );
  expect(made.status, made.body).toBe(204);
  const find = async () =>
    (await readTable(site, "User")).find((row) => row.email === email.toLowerCase());
  const ann = await find();
  const bare = {
    emailTyped: email,
    name: "Ann",
    blockedAt: null,
    properties: null,
    timeZone: null,
  };
  expect(ann).toMatchObject(bare);
  expect(ann?.id).not.toBe(more.id);
  for (const time of [ann?.createdAt, ann?.emailVerified, ann?.invitedAt])
    expect(Math.abs(Date.parse(`${time}`) - site.clock.now().getTime())).toBeLessThan(minute);
  expect(await readTable(site, "UserScope")).not.toContainEqual(
    expect.objectContaining({ userId: ann?.id }),
  );
  expect(await eventsOf(site, `${ann?.id}`)).toMatchObject([
    { type: "user_created", actor: root.id },
  ]);
  const properties = '{"tags":["a"]}';
  const changes = {
    ...more,
    user: `${ann?.id}`,
    properties,
    name: "Mallory",
    email: "x@example.org",
  };
  const kept = await root.program.post("/admin/users/properties", { json: changes }, asJson);
  expect(kept.status, kept.body).toBe(204);
  expect(await find()).toEqual({ ...ann, properties });
  expect((await readTable(site, "User")).find(({ id }) => id === root.id)?.properties).toBeNull();
});

test("an act after ten minutes asks who it is, and goes on afterwards, once", async ({
  site,
  mailServer,
  visitor,
}) => {
  const setting = { site, mailServer, visitor };
  const [root, ann] = [await newSuper(setting), await newPerson(setting, "ann")];
  const admin = await newPerson(setting, "admin");
  await sendAct(root.program, "/admin/users/scopes/grant", { user: admin.id, scope: "admin" });
  await mailsSettled(site);
  await site.clock.advance(11 * minute);
  const fields = { user: ann.id, reason: "Sends spam" };
  const wanted = { userId: ann.id, email: ann.email, token: "x", passkeyId: "x", app: noApp };
  const acts = listRoutes().filter(
    (route) =>
      /^(admin|super)$/.test(`${rows[route.path]?.who}`) && methodsOf(route).includes("POST"),
  );
  expect(acts.length).toBeGreaterThan(8);
  // Looking is free, and renews the session once.
  expect((await root.program.get(`/admin/users/${ann.id}`)).status).toBe(200);
  await site.clock.advance(1000);
  const changed = await tablesChangedBy(site, async () => {
    for (const { path } of acts) {
      const form = rows[path]?.fields?.(wanted) ?? {};
      expectProblem(await sendAct(root.program, path, form), 403);
      const asked = await root.program.post(path, { form }, asPage);
      expect([asked.status, asked.headers.location], path).toEqual([
        303,
        expect.stringMatching(/^\/step-up\?next=\/resume%3Fact%3D[\w-]+$/),
      ]);
    }
  });
  expect(changed.filter((table) => table !== "Session")).toEqual(["PausedAct"]);

  const paused: Record<string, string> = {};
  for (const whose of [root, admin]) {
    const { headers } = await whose.program.post("/admin/users/block", { form: fields }, asPage);
    const stepUp = new URL(`${headers.location}`, site.url);
    paused[whose.id] = stepUp.searchParams.get("next") ?? "";
    await stepUpOverHttp(whose.program, mailServer, whose.email);
  }
  // Who is none any more when it goes on, does it no more than before.
  await sendAct(root.program, "/admin/users/scopes/revoke", { user: admin.id, scope: "admin" });
  const ofAdmin = { ...fields, resumed: `${paused[admin.id]?.split("=")[1]}` };
  expect((await admin.program.post("/admin/users/block", { form: ofAdmin }, asPage)).status).toBe(
    403,
  );
  expect(await isSignedIn(ann.program)).toBe(true);
  const resume = await root.program.get(`${paused[root.id]}`);
  expect(resume.body).toContain('action="/admin/users/block"');
  const form = Object.fromEntries(
    [...resume.body.matchAll(/<input type="hidden" name="(\w+)" value="([^"]*)"/g)].map(
      ([, name = "", value = ""]) => [name, value],
    ),
  );
  expect(form).toEqual({ ...fields, resumed: expect.any(String) });
  const done = await root.program.post("/admin/users/block", { form }, asPage);
  expect(done.headers.location).toBe(`/admin/users/${ann.id}?done`);
  expect(await isSignedIn(ann.program)).toBe(false);
  await sendAct(root.program, "/admin/users/unblock", { user: ann.id });
  // Back, and on again.
  const again = await root.program.post("/admin/users/block", { form }, asPage);
  expect([again.status, again.headers.location]).toEqual([303, "/admin/users"]);
  expectProblem(await sendAct(root.program, "/admin/users/block", form), 409);
  const details = (await eventsOf(site, ann.id)).map((event) => `${event.details}`);
  expect(details.filter((each) => each.includes('"blocked"'))).toHaveLength(1);
  const user = (await readTable(site, "User")).find(({ id }) => id === ann.id);
  expect(user?.blockedAt).toBeNull();
});

interface Refusal {
  who?: "root" | "admin";
  path: string;
  fields: Record<string, unknown>;
  status: number;
  /** What a person reads on the page that they are sent to. */
  words: RegExp;
}

test("what must not be done is refused in words, and changes nothing", async ({
  site,
  mailServer,
  visitor,
}) => {
  const setting = { site, mailServer, visitor };
  const root = await newSuper(setting);
  const [admin, ann, bob] = [
    await newPerson(setting, "admin"),
    await newPerson(setting, "ann"),
    await newPerson(setting, "bob"),
  ];
  await sendAct(root.program, "/admin/users/scopes/grant", { user: admin.id, scope: "admin" });
  await sendAct(root.program, "/admin/users/block", { user: bob.id, reason: "Spam" });
  const session = `${(await sessionsOf(site, root))[0]?.id}`;
  await mailsSettled(site);

  const user = ann.id;
  const [oneself, above, already, nobody] = [
    /Nobody does this to their own account/,
    /Only who has the scope “super”/,
    /Nothing to do: it is so already/,
    /There is no such account/,
  ];
  const reasonWords = /A reason has 1 to 300 characters/;
  const scopeWords = /A scope has small letters/;
  const refusals: Refusal[] = [
    ...["unblock", "second-factor/disable"].map((path) => ({
      path,
      fields: { user },
      status: 409,
      words: already,
    })),
    { path: "block", fields: { user: bob.id, reason: "x" }, status: 409, words: already },
    { path: "sessions/end", fields: { user, session }, status: 409, words: already },
    { path: "sessions/end", fields: { user, session: "" }, status: 409, words: already },
    { path: "sessions/end", fields: { user: bob.id, session: "all" }, status: 409, words: already },
    { path: "scopes/revoke", fields: { user, scope: "admin" }, status: 409, words: already },
    {
      path: "scopes/grant",
      fields: { user: admin.id, scope: "admin" },
      status: 409,
      words: already,
    },
    ...["", "x", randomUUID(), "%", "../me", "x".repeat(9000), "é\u0000", "\ud800"].flatMap(
      (nobodysId) =>
        [
          { path: "unblock", fields: { user: nobodysId } },
          { path: "properties", fields: { user: nobodysId, properties: "{}" } },
          { path: "properties", fields: { user: nobodysId, properties: "none" } },
          { path: "delete", fields: { user: nobodysId, email: "x" } },
        ].map((act) => ({ ...act, status: 404, words: nobody })),
    ),
    { path: "unblock", fields: { user: [ann.id, bob.id] }, status: 404, words: nobody },
    { path: "unblock", fields: { user: ann.email }, status: 404, words: nobody },
    ...[
      { path: "block", fields: { reason: "x" } },
      { path: "scopes/revoke", fields: { scope: "super" } },
      { path: "delete", fields: { email: root.email } },
    ].map(({ path, fields }) => ({
      path,
      fields: { user: root.id, ...fields },
      status: 403,
      words: oneself,
    })),
    ...[
      { path: "block", fields: { reason: "x" } },
      { path: "unblock", fields: {} },
      { path: "properties", fields: { properties: "{}" } },
      { path: "properties", fields: { properties: "none" } },
      { path: "sessions/end", fields: { session: "all" } },
      { path: "sessions/end", fields: { session } },
      { path: "second-factor/disable", fields: {} },
      { path: "delete", fields: { email: root.email } },
    ].map(({ path, fields }) => ({
      who: "admin" as const,
      path,
      fields: { user: root.id, ...fields },
      status: 403,
      words: above,
    })),
    ...["", " \t ", "x".repeat(301), "a\u202eb", "\u2066x", "a\u0000b", "\u200b"].map((reason) => ({
      path: "block",
      fields: { user, reason },
      status: 422,
      words: reasonWords,
    })),
    ...[
      "",
      "Admin",
      "authenticated",
      "a b",
      "1a",
      "a".repeat(51),
      "__proto__",
      "admin\u0000",
      "аdmin",
    ].map((scope) => ({
      path: "scopes/grant",
      fields: { user, scope },
      status: 422,
      words: scopeWords,
    })),
    ...[
      ["", ann.email.replace("person", "other"), bob.email, `${ann.email}, ${bob.email}`].map(
        (email) => ({
          path: "delete",
          fields: { user, email },
          status: 422,
          words: /This is not the address of the account/,
        }),
      ),
      [`{"company":"${"x".repeat(5000)}"}`, `{}${" ".repeat(5000)}`, "漢".repeat(5000)].map(
        (properties) => ({
          path: "properties",
          fields: { user, properties },
          status: 422,
          words: /Longer than 4000 characters/,
        }),
      ),
      [
        "{",
        "null",
        "[]",
        '"x"',
        '{"company":1}',
        '{"companies":"x"}',
        '{"__proto__":{"isAdmin":true}}',
        '{"constructor":{}}',
        '{"tags":["a","",""]}',
        '{"company":" "}',
        '{"company":{"company":{}}}',
        "[".repeat(3900),
        "漢".repeat(3900),
      ].map((properties) => ({
        path: "properties",
        fields: { user, properties },
        status: 422,
        words: /Invalid|Unrecognized|Too small|JSON/,
      })),
      ["", "x", "a@b", "a@example.org, b@example.org", `${"x".repeat(400)}@example.org`].map(
        (email) => ({
          path: "create",
          fields: { email },
          status: 422,
          words: /address/,
        }),
      ),
    ].flat(),
    {
      path: "create",
      fields: { email: ann.email.toUpperCase(), name: "x" },
      status: 409,
      words: /There is an account with this address already/,
    },
    {
      path: "create",
      fields: { email: `new-${ann.email}`, name: "a\u202eb" },
      status: 422,
      words: /A name has at most 80 characters/,
    },
    {
      path: "create",
      fields: { email: `new-${ann.email}`, name: "x".repeat(81) },
      status: 422,
      words: /A name has at most 80 characters/,
    },
  ];
  const faults: string[] = [];
  for (const { who = "root", path, fields, status, words } of refusals) {
    const { program } = who === "root" ? root : admin;
    const what = `${who} ${path} ${JSON.stringify(fields).slice(0, 80)}`;
    const changed = await tablesChangedBy(site, async () => {
      const told = await program.post(`/admin/users/${path}`, { json: fields }, asJson);
      if (told.status !== status) faults.push(`${what}: ${told.status} ${told.body.slice(0, 200)}`);
      else expectProblem(told, status);
      const form = Object.entries(fields).flatMap(([name, value]) =>
        [value].flat().map((each): [string, string] => [name, `${each}`]),
      );
      const answer = await program.post(`/admin/users/${path}`, { form }, asPage);
      const page = answer.status === 303 ? await program.get(`${answer.headers.location}`) : answer;
      if (!words.test(textOf(page)))
        faults.push(`${what} says ${answer.status} ${page.status} ${textOf(page).slice(0, 300)}`);
    });
    if (changed.length > 0) faults.push(`${what} changes ${changed}`);
  }
  expect(faults).toEqual([]);
});

test("requests that are no form are refused, and change nothing", async ({
  site,
  mailServer,
  visitor,
}) => {
  const setting = { site, mailServer, visitor };
  const [root, ann] = [await newSuper(setting), await newPerson(setting, "ann")];
  await mailsSettled(site);
  const path = "/admin/users/block";
  const fields = { user: ann.id, reason: "Spam" };
  const changed = await tablesChangedBy(site, async () => {
    const query = `?${new URLSearchParams(fields)}`;
    for (const method of ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS"]) {
      const answer = await root.program.request(method, path + query);
      expect([answer.status, answer.headers.allow], method).toEqual([405, "POST"]);
    }
    for (const origin of ["https://evil.example", "null", `${site.url}.evil.example`, undefined]) {
      expectProblem(await root.program.post(path, { json: fields }, { ...asJson, origin }), 403);
      expect((await root.program.post(path, { form: fields }, { ...asPage, origin })).status).toBe(
        403,
      );
    }
    const send = (raw: string, type?: string) =>
      root.program.post(path, { raw, ...(type && { type }) }, asJson);
    expectProblem(await send("x".repeat(70_000), "application/x-www-form-urlencoded"), 413);
    expectProblem(await send("{", "application/json"), 400);
    expectProblem(await send("[]", "application/json"), 400);
    expectProblem(await send("user", "text/plain"), 415);
    expectProblem(await send("x", "multipart/form-data"), 400);
    // Neither the fields in the address nor a method in the form count.
    expectProblem(await root.program.post(path + query, { json: {} }, asJson), 422);
    const bearer = visitor.asNewProgram(bearing(await tokenFor(root.program)));
    expectProblem(await sendAct(bearer, path, fields), 401);
  });
  expect(changed.filter((table) => table !== "SigningKey")).toEqual([]);
});

test("who lacks the scope is refused on the next request, and written down twenty times an hour", async ({
  site,
  mailServer,
  visitor,
}) => {
  const setting = { site, mailServer, visitor };
  const root = await newSuper(setting);
  const [admin, ann] = [await newPerson(setting, "admin"), await newPerson(setting, "ann")];
  const scope = "admin";
  await sendAct(root.program, "/admin/users/scopes/grant", { user: admin.id, scope });
  const page = await admin.program.get(`/admin/users/${ann.id}`);
  expect(page.body).toContain("/admin/users/block");
  // Without the scope that grants, there is no form for it either.
  expect(page.body).not.toContain("/admin/users/scopes/");
  await mailsSettled(site);
  for (const path of ["scopes/grant", "scopes/revoke"])
    for (const user of [admin.id, ann.id]) {
      const fields = { user, scope: "super" };
      const changed = await tablesChangedBy(site, async () =>
        expectProblem(await sendAct(admin.program, `/admin/users/${path}`, fields), 403),
      );
      expect(changed.sort()).toEqual(["AuditEvent", "LimitCount"]);
    }
  expect(await refusalsOf(site, admin)).toEqual(Array(4).fill({ scope: "super" }));

  await sendAct(root.program, "/admin/users/scopes/revoke", { user: admin.id, scope });
  const fields = { user: ann.id, reason: "x" };
  for (let time = 0; time < 20; time++) {
    const refused = await admin.program.post("/admin/users/block", { form: fields }, asPage);
    expect(refused.status).toBe(403);
    expect(textOf(refused)).toContain("“admin”");
  }
  expect(await refusalsOf(site, admin)).toHaveLength(20);
  expect(await isSignedIn(ann.program)).toBe(true);
  await site.clock.advance(61 * minute);
  expectProblem(await sendAct(admin.program, "/admin/users/block", fields), 403);
  expect(await refusalsOf(site, admin)).toHaveLength(21);

  await stepUpOverHttp(root.program, mailServer, root.email);
  const [user, reason] = [admin.id, "x"];
  await sendAct(root.program, "/admin/users/scopes/grant", { user, scope });
  await sendAct(root.program, "/admin/users/block", { user, reason });
  expectProblem(await sendAct(admin.program, "/admin/users/block", fields), 401);
  const sent = await admin.program.post("/admin/users/block", { form: fields }, asPage);
  expect([sent.status, sent.headers.location]).toEqual([303, "/sign-in?next=/admin/users"]);
  expect(await isSignedIn(ann.program)).toBe(true);
});

test("a form whose sender is blocked while it is on its way does nothing", async ({
  site,
  mailServer,
  visitor,
}) => {
  const setting = { site, mailServer, visitor };
  const [root, other] = [await newSuper(setting), await newSuper(setting)];
  const body = `user=${other.id}`;
  const cookies = [...other.program.cookies].map(([name, value]) => `${name}=${value}`);
  const connection = await rawConnection(site);
  const head = [
    "POST /admin/users/unblock HTTP/1.1",
    `Host: ${new URL(site.url).host}`,
    `Origin: ${site.url}`,
    `Cookie: ${cookies.join("; ")}`,
    "Content-Type: application/x-www-form-urlencoded",
    `Content-Length: ${body.length}`,
    "Connection: close",
  ];
  connection.write(`${head.join("\r\n")}\r\n\r\n${body.slice(0, 5)}`);
  // Time enough to be asked who it is.
  await pause(500);
  const block = { user: other.id, reason: "Spam" };
  expect((await sendAct(root.program, "/admin/users/block", block)).status).toBe(204);
  connection.write(body.slice(5));
  expect((await connection.answer()).status).toBe(401);
  const page = await root.program.get(`/admin/users/${other.id}`);
  expect(textOf(page)).toContain("Blocked");
});

test("of the same act twice at once one is done, and of two supers against each other one stays", async ({
  site,
  mailServer,
  visitor,
}) => {
  const setting = { site, mailServer, visitor };
  const root = await newSuper(setting);
  const ann = await newPerson(setting, "ann");
  const twice = async (path: string, fields: Record<string, string>) =>
    (
      await Promise.all(
        Array.from({ length: 4 }, () => sendAct(root.program, `/admin/users/${path}`, fields)),
      )
    )
      .map(({ status }) => status)
      .sort();
  const once = [204, 409, 409, 409];
  const user = ann.id;
  expect(await twice("create", { email: `made-${ann.email}` })).toEqual(once);
  expect(await twice("scopes/grant", { user, scope: "admin" })).toEqual(once);
  expect(await twice("scopes/revoke", { user, scope: "admin" })).toEqual(once);
  expect(await twice("sessions/end", { user, session: "all" })).toEqual(once);
  expect(await twice("block", { user, reason: "x" })).toEqual(once);
  expect(await twice("unblock", { user })).toEqual(once);
  expect(await twice("delete", { user, email: ann.email })).toEqual([204, 404, 404, 404]);
  const acts = (await eventsOf(site, user)).filter(({ actor }) => actor === root.id);
  expect(acts).toHaveLength(6);

  // Whoever has the scope from other tests is out of it.
  for (const { userId, scope } of await readTable(site, "UserScope"))
    if (scope === "super" && userId !== root.id)
      await sendAct(root.program, "/admin/users/scopes/revoke", { user: `${userId}`, scope });
  let survivor = root;
  for (const [path, fields] of [
    ["scopes/revoke", { scope: "super" }],
    ["block", { reason: "x" }],
    ["delete", {}],
  ] as const) {
    const other = await newPerson(setting, `rival-${path.slice(0, 3)}`);
    const grant = { user: other.id, scope: "super" };
    expect((await sendAct(survivor.program, "/admin/users/scopes/grant", grant)).status).toBe(204);
    const answers = await Promise.all(
      [
        [survivor, other],
        [other, survivor],
      ].map(([by, whom]) =>
        sendAct((by as Person).program, `/admin/users/${path}`, {
          user: (whom as Person).id,
          email: (whom as Person).email,
          ...fields,
        }),
      ),
    );
    const statuses = answers.map(({ status }) => status).sort();
    expect(statuses[0], path).toBe(204);
    expect([401, 403, 404, 409], path).toContain(statuses[1]);
    survivor = answers[0]?.status === 204 ? survivor : other;
    const blocked = (await readTable(site, "User")).filter(({ blockedAt }) => blockedAt !== null);
    const left = (await readTable(site, "UserScope")).filter(
      ({ scope, userId }) => scope === "super" && !blocked.some(({ id }) => id === userId),
    );
    expect(left, path).toMatchObject([{ userId: survivor.id }]);
    expect((await survivor.program.get("/admin/users")).status).toBe(200);
  }
});

for (const javaScript of [false, true]) {
  test.describe(javaScript ? "with scripts" : "without scripts", () => {
    test.use({ javaScript });

    test("an administrator invites, finds, and does everything to somebody", async ({
      page,
      site,
      mailServer,
      visitor,
    }) => {
      const root = await newSuper({ site, mailServer, visitor });
      await handOver(root.program, page, site);
      const email = `${"long-".repeat(8)}${visitor.email}`;
      await page.goto("/");
      await page.goto("/admin/users");
      await page.getByRole("link", { name: "Invite somebody" }).click();
      await page.getByLabel("Email address").fill("mistyped");
      await press(page, "Invite");
      await expect(page.getByLabel("Email address")).toHaveAttribute("aria-invalid", "true");
      await expectForEverybody(page, javaScript);
      await page.getByLabel("Email address").fill(email);
      await page.getByLabel("Name").fill(`Ann ${"w".repeat(60)}`);
      await press(page, "Invite");
      await expect(page.getByText("Done.")).toBeVisible();
      const program = visitor.asNewProgram();
      await signInOverHttp(program, mailServer, email);

      await page.goto("/admin/users");
      await page.getByLabel("Address or name").fill(email);
      await press(page, "Search");
      await expectForEverybody(page, javaScript);
      await page.getByRole("link", { name: /^Ann www/ }).click();
      await page.getByLabel("Reason").fill("spam ".repeat(59));
      await press(page, "Block");
      await expect(page.getByText(/^Blocked on .*:/)).toBeVisible();
      expect(await isSignedIn(program)).toBe(false);
      await press(page, "Unblock");
      await page.getByLabel("Scope to grant").fill("admin");
      await press(page, "Grant");
      await press(page, "Take the scope “admin” away");
      await site.clock.advance(minute + 1000);
      await signInOverHttp(program, mailServer, email);
      await page.reload();
      await page.getByLabel("What the site keeps about this account").fill('{"company": 1}');
      await press(page, "Save");
      const properties = page.getByLabel("What the site keeps about this account");
      await expect(properties).toHaveAttribute("aria-invalid", "true");
      await expect(properties).toHaveValue('{"company": 1}');
      await expectForEverybody(page, javaScript);
      await properties.fill('{"company": "Ann & Sons"}');
      await press(page, "Save");
      await expect(page.getByText("Done.")).toBeVisible();
      await expect(properties).toHaveValue(/"Ann & Sons"/);
      await press(page, "End all");
      await expect(page.getByText("Signed in nowhere.")).toBeVisible();
      expect(await isSignedIn(program)).toBe(false);
      await page.getByLabel(/^Type .* to confirm$/).fill(root.email);
      await press(page, "Delete the account");
      await expect(page.getByText("This is not the address of the account.")).toBeVisible();
      await page.getByLabel(/^Type .* to confirm$/).fill(email);
      await site.clock.advance(11 * minute);
      await press(page, "Delete the account");
      await page.getByRole("button", { name: "Send me a mail" }).click();
      const mail = await mailServer.waitForMail({ to: root.email, subject: /^Confirm that it is/ });
      await typeCode(page, codeIn(mail));
      if (!javaScript) await press(page, "Go on");
      await expect(page).toHaveURL("/admin/users?deleted");
      await expect(page.getByText("The account is gone.")).toBeVisible();
    });
  });
}

async function press(page: Page, name: string) {
  await page.getByRole("button", { name, exact: true }).click();
  await page.waitForLoadState();
}

/** Fits on a narrow screen, and has no fault that axe finds, which needs scripts. */
async function expectForEverybody(page: Page, javaScript: boolean) {
  await page.setViewportSize({ width: 320, height: 640 });
  const width = await page.evaluate(() => document.documentElement.scrollWidth);
  expect(width, page.url()).toBeLessThanOrEqual(320);
  if (!javaScript) return;
  const { violations } = await new AxeBuilder({ page }).analyze();
  expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html)}`)).toEqual([]);
}

/** Somebody whom ADMIN_EMAILS names, signed in. */
async function newSuper({ mailServer, visitor }: Setting): Promise<Person> {
  const email = supers[supersSoFar++] ?? "";
  return signedIn(visitor.asNewProgram(), mailServer, email);
}

async function newPerson({ mailServer, visitor }: Setting, name: string): Promise<Person> {
  return signedIn(visitor.asNewProgram(), mailServer, `${name}-${visitor.email}`);
}

async function signedIn(
  program: HttpClient,
  mailServer: MailServer,
  email: string,
): Promise<Person> {
  await signInOverHttp(program, mailServer, email);
  const { id } = (await program.get("/me")).json() as { id: string };
  return { id, email, program };
}

/** What is on record about an account, the oldest first. */
async function eventsOf(site: Site, id: string) {
  return (await readTable(site, "AuditEvent")).filter(({ userId }) => userId === id);
}

async function refusalsOf(site: Site, { id }: Person): Promise<unknown[]> {
  return (await eventsOf(site, id))
    .filter(({ type, actor }) => type === "authz_fail" && actor === id)
    .map(({ details }) => JSON.parse(`${details}`));
}

async function sessionsOf(site: Site, { id }: Person) {
  return (await readTable(site, "Session")).filter(({ userId }) => userId === id);
}

/** Neither the cookie nor the token opens anything any more, at the very next request. */
async function expectShut(program: HttpClient, token: string) {
  expectProblem(await program.get("/me"), 401);
  expectProblem(await program.get("/me", bearing(token)), 401);
  expectProblem(await program.post("/token"), 401);
  expectProblem(await program.get("/authorize", bearing(token)), 401);
  const page = await program.get("/private");
  expect([page.status, page.headers.location]).toEqual([307, "/sign-in?next=/private"]);
  expectProblem(await sendAct(program, "/account/name", { name: "Mallory" }), 401);
}

interface Listed {
  status: number;
  ids: string[];
  /** The address of the page after it. */
  next: string | null;
}

/** A page of `/admin/users`, by its query or its address. */
async function listed(
  program: HttpClient,
  where: Record<string, string> | string | null,
): Promise<Listed> {
  const path =
    typeof where === "string" ? where : `/admin/users?${new URLSearchParams(where ?? {})}`;
  const answer = await program.get(path);
  const [, next] = /href="([^"]+)"[^>]*>More</.exec(answer.body) ?? [];
  return {
    status: answer.status,
    ids: idsOn(answer),
    next: next?.replaceAll("&amp;", "&") ?? null,
  };
}

/** Whose pages an answer leads to, in its order. */
function idsOn({ body }: HttpAnswer): string[] {
  return [...body.matchAll(/<a href="\/admin\/users\/([\w-]{36})"/g)].map(([, id = ""]) => id);
}
