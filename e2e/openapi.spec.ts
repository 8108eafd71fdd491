import { askForAddress, sendAct, stepUpOverHttp } from "./support/account";
import { type Contract, readContract } from "./support/contract";
import type { HttpClient } from "./support/http";
import { bearing, tokenFor } from "./support/jwt";
import type { MailServer } from "./support/mail-server";
import { addPasskey, signInByPasskey } from "./support/passkey";
import {
  askOverHttp,
  numberFor,
  otherCode,
  otherNumber,
  sendCode,
  sendLink,
  sendNumber,
  signInOverHttp,
  tokenIn,
} from "./support/program";
import {
  appWith,
  enrolApp,
  passFactor,
  reachSecondFactor,
  secretOn,
  sendFactor,
  untilNextMail,
  untilNextStep,
  waitForNotice,
  wrongCode,
} from "./support/second-factor";
import { codeIn, linkIn } from "./support/sign-in";
import type { Site } from "./support/site";
import { test as base, expect, type Visitor } from "./support/test";

const admin = "admin@example.org";
const metricsToken = "a-token-of-a-test-0123456789";
const asJson = { accept: "application/json" };
const asPage = { accept: "text/html" };
const ofNobody = { user: "x", reason: "x", scope: "x", email: "x" };
const noPasskey = JSON.stringify({ id: "x", response: {} });

/** What takes hours to come about, or a broken site; other files test it. */
const rare =
  / (500|503)$|^POST \/(auth\/(code|confirm|number|two-factor\/enrol)|account\/(email\/prove|two-factor\/.*)) 429$/;

let contract: Contract;

/** Whatever the visitor's programs are told has to be as the document says. */
const test = base.extend({
  visitor: async ({ visitor }, use) => {
    contract ??= await readContract(visitor.asNewProgram());
    await use({
      ...visitor,
      asNewProgram: (headers) => contract.watch(visitor.asNewProgram(headers)),
    });
  },
});

test.use({
  siteEnv: { TWO_FACTOR: "admins", ADMIN_EMAILS: admin, METRICS_TOKEN: metricsToken },
});
// One after the other, so that the last knows what has been seen.
test.describe.configure({ mode: "default" });

test("anybody may read the document, on any site", async ({ visitor, site }) => {
  const program = visitor.asNewProgram();
  const answer = await program.get("/openapi.json", { origin: "https://elsewhere.example.org" });
  expect(answer.status).toBe(200);
  expect(answer.headers["content-type"]).toBe("application/json");
  expect(answer.headers["access-control-allow-origin"]).toBe("*");
  expect(answer.json()).toMatchObject({ servers: [{ url: site.url }] });
  expect((await visitor.asNewProgram().get("/metrics", bearing(metricsToken))).status).toBe(200);
  expect((await visitor.asNewProgram().get("/metrics")).status).toBe(404);
  for (const path of ["/healthz", "/readyz", "/.well-known/jwks.json", "/auth/progress"])
    expect((await program.get(path)).status).toBe(200);
});

test("what is refused to everybody is refused as it is described", async ({ visitor }) => {
  const stranger = visitor.asNewProgram();
  for (const [path, operations] of Object.entries(contract.paths)) {
    for (const accept of [asJson, asPage]) {
      await stranger.request("PUT", path, { headers: accept });
      await stranger.request(operations.get ? "POST" : "GET", path, { headers: accept });
      if (operations.get) await stranger.get(path, accept);
      if (!operations.post) continue;
      for (const headers of [{ ...accept, origin: undefined }, accept])
        await stranger.post(path, { form: {} }, headers);
      await stranger.post(path, { raw: "x".repeat(70_000), type: "text/plain" }, accept);
    }
  }
  for (const path of ["/me", "/authorize"])
    expect((await stranger.get(path, bearing("x"))).status).toBe(401);
  const options = { for: "second-factor" };
  expect((await sendAct(stranger, "/auth/passkey/options", options)).status).toBe(401);
});

test("signing in and an account without a second factor", async ({ site, mailServer, visitor }) => {
  const { email } = visitor;
  const first = visitor.asNewProgram();
  expect((await first.post("/auth", { form: { email } }, asPage)).status).toBe(303);
  const mail = await mailServer.waitForMail({ to: email });
  for (const accept of [asJson, asPage]) {
    expect((await first.post("/auth", { form: { email } }, accept)).status).toBe(429);
    expect((await first.post("/auth", { form: { email: "x" } }, accept)).status).toBe(422);
  }
  expect((await first.get("/auth/progress")).body).toContain("accepted");
  expect((await sendCode(first, otherCode(codeIn(mail)))).status).toBe(422);
  const elsewhere = visitor.asNewProgram();
  const number = await numberFor(first);
  expect((await sendNumber(elsewhere, linkIn(mail), otherNumber(number))).status).toBe(422);
  expect((await first.get("/auth/continue", asJson)).status).toBe(422);
  expect((await sendNumber(elsewhere, linkIn(mail), number)).status).toBe(200);
  expect((await first.get("/auth/continue", { "sec-purpose": "prefetch" })).status).toBe(204);
  expect((await first.request("HEAD", "/auth/continue")).status).toBe(204);
  expect((await first.get("/auth/continue", asJson)).status).toBe(200);

  for (const headers of [{}, bearing(await tokenFor(first))]) {
    expect((await first.get("/me", headers)).status).toBe(200);
    expect((await first.get("/authorize", headers)).status).toBe(204);
    expect((await first.get("/authorize?scope=admin", headers)).status).toBe(403);
  }
  expect((await first.get("/.well-known/jwks.json")).json()).toHaveProperty("keys.0");

  await expectStatuses(first, 204, [
    ["/account/name", { name: "Ann" }],
    ["/account/sessions/end", { session: "others" }],
  ]);
  await expectStatuses(first, 422, [
    ["/account/name", { name: "x".repeat(81) }],
    ["/account/sessions/end", { session: "x" }],
    ["/account/email/change", { email: "x" }],
    ["/account/delete/now", { email: "x" }],
    ["/account/two-factor/recovery-codes/new", {}],
    ["/account/two-factor/app/remove", {}],
    ["/auth/passkey/options", { for: "x" }],
    ["/auth/passkey", { passkey: noPasskey }],
  ]);
  expect((await sendAct(first, "/account/export/download")).status).toBe(200);
  await untilNextMail(site);
  await stepUpOverHttp(first, mailServer, email);
  expect((await sendAct(first, "/auth/step-up")).status).toBe(429);
  await enrolApp(first, site);
});

test("mails and what their links do", async ({ site, mailServer, visitor }) => {
  const { email } = visitor;
  const owner = visitor.asNewProgram();
  await signInOverHttp(owner, mailServer, email);
  await untilNextMail(site);
  const elsewhere = visitor.asNewProgram({ "user-agent": "Mozilla/5.0 (X11) Firefox/130.0" });
  const mail = await askOverHttp(elsewhere, mailServer, email);
  const stop = tokenIn(linkIn(mail, "/stop-mails"));
  for (const act of ["stop", "resume"])
    expect((await sendAct(elsewhere, "/auth/stop", { token: stop, act })).status).toBe(200);
  expect((await sendLink(elsewhere, linkIn(mail))).status).toBe(200);
  const told = await mailServer.waitForMail({ to: email, subject: /^New sign-in/ });
  const notice = tokenIn(linkIn(told, "/not-me"));
  expect((await sendAct(elsewhere, "/auth/not-me", { token: notice })).status).toBe(204);

  const newEmail = `new-${email}`;
  const asked = await askForAddress(owner, mailServer, newEmail);
  expect((await sendAct(owner, "/account/email/change", { email: newEmail })).status).toBe(429);
  const wrong = { code: otherCode(codeIn(asked)) };
  expect((await sendAct(owner, "/account/email/prove", wrong)).status).toBe(422);
  expect((await sendAct(owner, "/account/email/prove", { code: codeIn(asked) })).status).toBe(204);
  const changed = await mailServer.waitForMail({ to: email, subject: /has changed$/ });
  const undo = tokenIn(linkIn(changed, "/undo-address"));
  await expectStatuses(elsewhere, 422, [
    ["/auth/stop", { token: "x" }],
    ["/auth/stop", { token: stop, act: "x" }],
    ["/auth/not-me", { token: notice }],
    ["/auth/undo-address", { token: undo, email: newEmail }],
    ["/auth/undo-address", { token: "x", email }],
    ["/auth/confirm", { token: "x" }],
  ]);
  expect((await sendAct(elsewhere, "/auth/undo-address", { token: undo, email })).status).toBe(204);
});

test("an account and its second factor", async ({ site, mailServer, visitor }) => {
  const { email } = visitor;
  const program = visitor.asNewProgram();
  await signInOverHttp(program, mailServer, email);
  const path = "/account/two-factor";
  const passkey = await addPasskey(program, site);
  await enrolApp(program, site);
  await expectStatuses(program, 422, [
    [`${path}/app/confirm`, { code: "x" }],
    [`${path}/passkeys/add`, { passkey: noPasskey }],
    [`${path}/passkeys/rename`, { passkey: "x", name: "Mine" }],
    [`${path}/passkeys/remove`, { passkey: "x" }],
    ["/auth/step-up", { code: "x" }],
  ]);
  for (const accept of [asJson, asPage]) {
    const renewed = await program.post(`${path}/recovery-codes/new`, { form: {} }, accept);
    expect(renewed.status).toBe(200);
  }
  const answered = await passkey.answer(program, "step-up");
  expect((await sendAct(program, "/auth/step-up", { passkey: answered })).status).toBe(200);
  expect((await signInByPasskey(visitor.asNewProgram(), passkey)).status).toBe(200);
  const page = await program.get(path);
  const [, id = ""] = /name="passkey" value="([^"]+)"/.exec(page.body) ?? [];
  await expectStatuses(program, 204, [
    [`${path}/passkeys/rename`, { passkey: id, name: "Mine" }],
    [`${path}/app/begin`, {}],
    [`${path}/app/remove`, {}],
    [`${path}/passkeys/remove`, { passkey: id }],
    ["/account/delete/now", { email }],
    ["/sign_out", {}],
  ]);
});

test("an administrator, and whatever else needs a second factor", async ({
  site,
  mailServer,
  visitor,
}) => {
  const { program, app } = await signInAdmin(site, mailServer, visitor);
  for (const [path, { post }] of Object.entries(contract.paths)) {
    if (!post?.requestBody) continue;
    for (const [raw, type] of [
      ["{", "application/json"],
      ["x", "text/css"],
    ] as const)
      await program.post(path, { raw, type }, asJson);
    if (post.responses[409]) await program.post(path, { json: { resumed: "x" } }, asJson);
    if (post.responses[404]) await program.post(path, { json: ofNobody }, asJson);
  }
  const person = visitor.asNewProgram();
  await signInOverHttp(person, mailServer, visitor.email);
  await enrolApp(person, site);
  await administer(program, person, visitor.email);
  await sendAgain(program, site, mailServer, visitor.email);
  await write(program, visitor.email);
  await addPasskey(program, site);
  await waitForNotice(mailServer, admin, /^A passkey for your account/);
  await untilNextMail(site);
  const next = visitor.asNewProgram();
  await reachSecondFactor(next, mailServer, admin);
  expect((await passFactor(next, wrongCode(app))).status).toBe(422);
  expect((await passFactor(next, app.code())).status).toBe(200);
  await waitForNotice(mailServer, admin, /^New sign-in/);
  await untilNextMail(site);
  const guesser = visitor.asNewProgram();
  await reachSecondFactor(guesser, mailServer, admin);
  const statuses: number[] = [];
  for (const distance of [1, 2, 3])
    statuses.push((await passFactor(guesser, wrongCode(app, distance))).status);
  expect(statuses).toEqual([422, 422, 429]);
});

test("no answer is described that nothing gives", () => {
  expect(contract.unseen().filter((answer) => !rare.test(answer))).toEqual([]);
});

async function expectStatuses(
  program: HttpClient,
  status: number,
  acts: [path: string, fields: Record<string, string>][],
) {
  for (const [path, fields] of acts) {
    const answer = await sendAct(program, path, fields);
    expect(answer.status, `${path} ${JSON.stringify(fields)}: ${answer.body}`).toBe(status);
  }
}

/** Every act of administration, on somebody who has something to lose. */
async function administer(program: HttpClient, person: HttpClient, email: string) {
  const { id: user } = (await person.get("/me")).json() as { id: string };
  const path = "/admin/users";
  await expectStatuses(program, 422, [
    [`${path}/create`, { email: "x" }],
    [`${path}/block`, { user, reason: "" }],
    [`${path}/scopes/grant`, { user, scope: "A B" }],
    [`${path}/properties`, { user, properties: "{" }],
    [`${path}/delete`, { user, email: "x" }],
  ]);
  await expectStatuses(program, 204, [
    [`${path}/create`, { email: `invited-${email}` }],
    [`${path}/second-factor/disable`, { user }],
    [`${path}/sessions/end`, { user, session: "all" }],
    [`${path}/block`, { user, reason: "Spam" }],
    [`${path}/unblock`, { user }],
    [`${path}/scopes/grant`, { user, scope: "editor" }],
    [`${path}/scopes/revoke`, { user, scope: "editor" }],
    [`${path}/properties`, { user, properties: "{}" }],
    [`${path}/delete`, { user, email }],
  ]);
}

/** A mail that was refused, and the record of it all. */
async function sendAgain(program: HttpClient, site: Site, mailServer: MailServer, email: string) {
  await mailServer.behave({ answer: 550, at: "RCPT" });
  await expectStatuses(program, 204, [["/admin/users/create", { email: `refused-${email}` }]]);
  const refused = `/admin/mail?state=refused&recipient=refused-${email}`;
  const findMail = async () =>
    /name="mail" value="([^"]+)"/.exec((await program.get(refused)).body)?.[1];
  await expect.poll(findMail).toBeDefined();
  await mailServer.behave("accept");
  const mail = (await findMail()) ?? "";
  const user = await idOf(program, `refused-${email}`);
  await expectStatuses(program, 429, [["/admin/users/invite", { user }]]);
  await untilNextMail(site);
  await expectStatuses(program, 204, [["/admin/users/invite", { user }]]);
  await expectStatuses(program, 204, [["/admin/mail/resend", { mail }]]);
  await expectStatuses(program, 422, [["/admin/audit/export", { type: "x" }]]);
  await expectStatuses(program, 200, [["/admin/audit/export", {}]]);
}

/** A message to one, and to many. */
async function write(program: HttpClient, email: string) {
  const path = "/admin/mail/new";
  const message = { subject: "News", text: "Hello" };
  const save = async (fields: Record<string, string>) =>
    (await sendAct(program, `${path}/draft`, { ...message, ...fields })).json() as {
      draft: string;
    };
  await expectStatuses(program, 422, [
    [`${path}/draft`, { subject: "", filter: "all" }],
    [`${path}/draft`, message],
    [`${path}/send`, await save({ search: "nobody-is-called-that" })],
  ]);
  const gone = `gone-${email}`;
  await sendAct(program, "/admin/users/create", { email: gone });
  const user = await idOf(program, gone);
  const draft = await save({ to: gone });
  await sendAct(program, "/admin/users/delete", { user, email: gone });
  await expectStatuses(program, 404, [
    [`${path}/draft`, { ...message, to: gone }],
    [`${path}/send`, draft],
  ]);
  const to = await idOf(program, `refused-${email}`);
  await expectStatuses(program, 200, [[`${path}/send`, await save({ to })]]);
  const begun = await sendAct(
    program,
    `${path}/send`,
    await save({ filter: "all", perMinute: "1" }),
  );
  const { mailing = "" } = begun.json() as { mailing?: string };
  await expectStatuses(program, 204, [["/admin/mail/mailings/stop", { mailing }]]);
}

async function idOf(program: HttpClient, email: string): Promise<string> {
  const { body } = await program.get(`/admin/users?${new URLSearchParams({ search: email })}`);
  return /href="\/admin\/users\/([\w-]{36})"/.exec(body)?.[1] ?? "";
}

/** Somebody who has to set up a second factor to get in. */
async function signInAdmin(site: Site, mailServer: MailServer, visitor: Visitor) {
  const program = visitor.asNewProgram();
  await reachSecondFactor(program, mailServer, admin);
  await untilNextStep(site);
  const app = appWith(secretOn(await program.get("/two-factor")), site);
  const enrol = "/auth/two-factor/enrol";
  expect((await sendFactor(program, enrol, wrongCode(app))).status).toBe(422);
  expect((await sendFactor(program, enrol, app.code())).status).toBe(200);
  await waitForNotice(mailServer, admin, /^An authenticator app/);
  return { program, app };
}
