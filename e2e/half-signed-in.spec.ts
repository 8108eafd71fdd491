import { sendAct } from "./support/account";
import { countSessions, markTables } from "./support/database";
import type { HttpAnswer, HttpClient } from "./support/http";
import { addPasskey, makePasskey, type Passkey } from "./support/passkey";
import { expectProblem } from "./support/problem";
import { askOverHttp, isSignedIn, tokenIn } from "./support/program";
import { addressOf, noPasskey, rows } from "./support/route-rows";
import { importsOf, listRoutes, methodsOf } from "./support/routes";
import {
  type App,
  firstFactors,
  passFactor,
  reachSecondFactor,
  type Setting,
  sendFactor,
  signInWithApp,
  untilNextMail,
  untilNextStep,
  waitForNotice,
  withCookiesOf,
  wrongCode,
} from "./support/second-factor";
import { linkIn } from "./support/sign-in";
import { expect, test } from "./support/test";

const minute = 60_000;
const name = "Ann Halfway-Signed";
const passkeyName = "Ann’s secret phone";

/** The functions that make a session, give one a new value, or give out what signs in elsewhere. */
const makers = [
  "finishSignIn",
  "enter",
  "passSecondFactor",
  "passStepUp",
  "answerNewFactor",
  "issueAccessToken",
];

interface Person {
  setting: Setting;
  owner: HttpClient;
  app: App;
  passkey: Passkey;
}

/** Each handler that can make a session, as far as somebody gets there without the second factor. */
const waysIn: Record<string, (person: Person) => Promise<HttpClient[]>> = {
  "/account/two-factor/app/confirm": ({ setting, app }) =>
    addInHalf(setting, "/account/two-factor/app/confirm", { code: app.code() }),
  "/account/two-factor/passkeys/add": ({ setting }) =>
    addInHalf(setting, "/account/two-factor/passkeys/add", { passkey: noPasskey }),
  "/auth/code": (person) => proveFirst(person, "/auth/code"),
  "/auth/confirm": async (person) => [
    ...(await proveFirst(person, "/auth/confirm")),
    ...(await proveFirst(person, "/auth/confirm with the code")),
  ],
  "/auth/continue": (person) => proveFirst(person, "/auth/continue"),
  "/auth/passkey": async ({ setting: { visitor }, passkey }) => {
    const program = visitor.asNewProgram();
    const answer = await passkey.answer(program, "sign-in", { isVerified: false });
    expectProblem(await sendAct(program, "/auth/passkey", { passkey: answer }), 422);
    return [program];
  },
  "/auth/step-up": async ({ setting, app }) => {
    const { mailServer, visitor } = setting;
    const half = visitor.asNewProgram();
    await reachSecondFactor(half, mailServer, visitor.email);
    expectProblem(await sendFactor(half, "/auth/step-up", app.code()), 401);
    return [half];
  },
  "/auth/two-factor": async ({ setting: { mailServer, visitor }, app }) => {
    const half = visitor.asNewProgram();
    await reachSecondFactor(half, mailServer, visitor.email);
    expectProblem(await passFactor(half, wrongCode(app)), 422);
    expectProblem(await sendFactor(half, "/auth/two-factor", ""), 422);
    return [half];
  },
  "/auth/two-factor/enrol": async ({ setting: { site, mailServer, visitor }, app }) => {
    const half = visitor.asNewProgram();
    await reachSecondFactor(half, mailServer, visitor.email);
    // A factor of one's own making is none of the account's.
    expectProblem(await sendFactor(half, "/auth/two-factor/enrol", app.code()), 401);
    const made = await makePasskey(half, site, "enrolment").catch(() => undefined);
    const passkey = made?.answer ?? noPasskey;
    expectProblem(await sendAct(half, "/auth/two-factor/enrol", { passkey }), 401);
    return [half];
  },
  "/token": async ({ setting: { mailServer, visitor } }) => {
    const half = visitor.asNewProgram();
    await reachSecondFactor(half, mailServer, visitor.email);
    const answer = await half.post("/token");
    expectProblem(answer, 401);
    expect(answer.body).not.toContain("access_token");
    return [half];
  },
};

/** A second factor is added by who is signed in, and by nobody who is half. */
async function addInHalf(
  { mailServer, visitor }: Setting,
  path: string,
  fields: Record<string, string>,
): Promise<HttpClient[]> {
  const half = visitor.asNewProgram();
  await reachSecondFactor(half, mailServer, visitor.email);
  expectProblem(await sendAct(half, path, fields), 401);
  return [half];
}

test("every handler that can make a session is driven here", () => {
  const found = listRoutes().filter((route) =>
    importsOf(route).some((imported) => makers.includes(imported)),
  );
  expect(found.map(({ path }) => path)).toEqual(Object.keys(waysIn).sort());
});

test("no way in makes a session before the second factor", async ({
  site,
  mailServer,
  visitor,
}) => {
  const setting = { site, mailServer, visitor };
  const person = await personWithFactors(setting);
  const before = await countSessions(site, visitor.email);
  for (const [path, drive] of Object.entries(waysIn)) {
    for (const program of await drive(person)) {
      expect(program.cookies.has("session_id"), path).toBe(false);
      expect(await isSignedIn(program), path).toBe(false);
      expect((await program.get("/private")).status, path).toBe(307);
    }
    expect(await countSessions(site, visitor.email), path).toBe(before);
    // Five mails an hour are what an address gets.
    await site.clock.advance(20 * minute);
    await untilNextStep(site);
  }
});

test("who has proved one factor of two is a stranger everywhere else", async ({
  site,
  mailServer,
  visitor,
}) => {
  const setting = { site, mailServer, visitor };
  const { owner, app } = await personWithFactors(setting);
  const { id } = (await owner.get("/me")).json() as { id: string };
  const page = await owner.get("/account/two-factor");
  const [, passkeyId = ""] = /name="passkey" value="([^"]+)"/.exec(page.body) ?? [];
  const half = visitor.asNewProgram();
  const mail = await reachSecondFactor(half, mailServer, visitor.email);
  const wanted = { email: visitor.email, token: tokenIn(linkIn(mail)), passkeyId, app, userId: id };

  const value = half.cookies.get("two_factor") ?? "";
  expect(value).not.toBe("");
  const visitors = {
    stranger: () => without(withCookiesOf(half, visitor), "two_factor"),
    "half signed in": () => withCookiesOf(half, visitor),
    "with its value for a session": () => {
      const program = without(withCookiesOf(half, visitor), "two_factor");
      program.cookies.set("session_id", value);
      return program;
    },
  };
  const faults: string[] = [];
  // A mail that is on its way changes things by itself, so what asks for one comes last.
  const routes = listRoutes().sort(
    (one, other) => +(one.path === "/auth") - +(other.path === "/auth"),
  );
  let before = await markTables(site);
  for (const route of routes) {
    const { path, kind } = route;
    const row = rows[path];
    const accepts = kind === "page" ? ["text/html"] : ["application/json", "text/html"];
    for (const method of methodsOf(route)) {
      const seen: Record<string, string> = {};
      const changed: Record<string, string[]> = {};
      for (const [who, come] of Object.entries(visitors)) {
        // What ends the sign-in is tried on nobody who is needed afterwards.
        if (path === "/sign_out" && who === "half signed in") continue;
        const answers: HttpAnswer[] = [];
        for (const accept of accepts) answers.push(await ask(come(), method, path, accept));
        const after = await markTables(site);
        changed[who] = Object.keys(after).filter((table) => after[table] !== before[table]);
        before = after;
        seen[who] = answers.map(outline).join();
        for (const { body } of answers) {
          const secrets = [name, passkeyName, app.secret];
          // Whoever asks by it, knows it.
          if (!path.includes("[id]")) secrets.push(id);
          const told = secrets.filter((secret) => body.includes(secret));
          const tellsAddress = body.includes(visitor.email) && !row?.showsAddress;
          if (told.length > 0 || tellsAddress)
            faults.push(`${who} ${method} ${path} is told ${[...told, tellsAddress]}`);
        }
      }
      for (const who of Object.keys(seen)) {
        if (row?.own === method && who === "half signed in") continue;
        if (seen[who] !== seen.stranger)
          faults.push(`${who} ${method} ${path}: ${seen[who]}, a stranger ${seen.stranger}`);
        const more = changed[who]?.filter((table) => !changed.stranger?.includes(table));
        if (more && more.length > 0) faults.push(`${who} ${method} ${path} changes ${more}`);
      }
    }
  }
  expect(faults).toEqual([]);
  expectProblem(await half.get("/me", { authorization: `Bearer ${value}` }), 401);
  await untilNextStep(site);
  // Still there after all of it, and good for what it is good for.
  expect((await passFactor(half, app.code())).status).toBe(200);

  function ask(program: HttpClient, method: string, path: string, accept: string) {
    const headers = { accept };
    if (method === "GET") return program.get(addressOf(path, wanted), headers);
    return program.post(path, { form: rows[path]?.fields?.(wanted) ?? {} }, headers);
  }
});

/** What an answer is, its words aside. */
function outline({ status, headers, setCookies }: HttpAnswer): string {
  const cookies = setCookies
    .map((line) => line.split("=")[0])
    .filter((cookie) => cookie !== "two_factor");
  const to = headers.location?.replace(/\b(act|left)=[^&]*/g, "$1=");
  return [status, to, ...cookies].filter(Boolean).join(" ");
}

function without(program: HttpClient, cookie: string): HttpClient {
  program.cookies.delete(cookie);
  return program;
}

/** Proves the first factor of a person, in one of its ways; hands back who took part. */
async function proveFirst({ setting }: Person, way: string): Promise<HttpClient[]> {
  const { site, mailServer, visitor } = setting;
  const first = visitor.asNewProgram();
  const mail = await askOverHttp(first, mailServer, visitor.email);
  const [answer, program] = (await firstFactors[way]?.(first, mail, visitor)) ?? [];
  expect(answer?.json()).toEqual({ status: "second_factor_required", next: "/two-factor" });
  await untilNextMail(site);
  return program ? [first, program] : [first];
}

/** Somebody with a name, an app and a passkey. */
async function personWithFactors(setting: Setting): Promise<Person> {
  const { site, mailServer, visitor } = setting;
  const owner = visitor.asNewProgram();
  const { app } = await signInWithApp(owner, setting);
  await sendAct(owner, "/account/name", { name });
  const passkey = await addPasskey(owner, site, passkeyName);
  await waitForNotice(mailServer, visitor.email, /^A passkey for your account/);
  await untilNextMail(site);
  return { setting, owner, app, passkey };
}
