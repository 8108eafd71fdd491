import { setTimeout as pause } from "node:timers/promises";
import { lockDatabase } from "../support/database";
import { bearing, isSignedBy, keysOf, tokenFor } from "../support/jwt";
import type { MailServer } from "../support/mail-server";
import { askOverHttp, isSignedIn, sendCode, sendLink, signInOverHttp } from "../support/program";
import { codeIn, linkIn } from "../support/sign-in";
import type { Site } from "../support/site";
import { newcomer, type Person, sameBrowser, test } from "./test";
import type { Toll } from "./toll";

const asJson = { accept: "application/json" };
const inFlight = 20;
const stoppedWithinMs = 30_000;

test("stop signal with requests in flight, two processes side by side", async ({
  open,
  openBeside,
  mailServer,
  toll,
}) => {
  const site = await open();
  const second = await openBeside(site);
  const member = newcomer(site);
  await signInOverHttp(member.program, mailServer, member.email);
  for (const [stopping, other] of [
    [site, second],
    [second, site],
  ] as const) {
    const before = newcomer(site, stopping);
    const mail = await askOverHttp(before.program, mailServer, before.email);
    // While the database is locked, whatever wants to write is under way and stays so.
    const unlock = await lockDatabase(site);
    const people = Array.from({ length: inFlight }, () => newcomer(site, stopping));
    const answers = people.map(({ program, email }) =>
      program.post("/auth", { json: { email } }, asJson).catch(String),
    );
    await pause(700);
    const ended = toll.timed(() => stopping.kill("SIGTERM"), stoppedWithinMs, "the end");
    await pause(200);
    await unlock();
    for (const [index, answer] of (await Promise.all(answers)).entries()) {
      const status = typeof answer === "string" ? answer : answer.status;
      toll.did("requests in flight");
      // A machine that is busy may find the lock held for too long: that is an answer, too.
      if (status === 503) toll.did("answers of 503");
      else toll.expect(status === 202, `request in flight: ${status}`);
      const { email, program } = people[index] ?? before;
      if (status !== 202) continue;
      const late = await mailServer.waitForMail({ to: email, timeout: 30_000 }).catch(() => null);
      toll.expect(late !== null, "mail of a request in flight");
      const there = sameBrowser({ email, program }, site, other);
      if (late && index < 10)
        toll.expect((await sendLink(there, linkIn(late))).status === 200, "link at the other");
    }
    const { code } = await ended;
    toll.expect(code === 0, `end with 0: ${code}`);
    toll.did("stops");
    // A link that one has made works at the other, and so does a session.
    const there = sameBrowser(before, site, other);
    toll.expect((await sendLink(there, linkIn(mail))).status === 200, "link at the other");
    toll.expect(await isSignedIn(sameBrowser(member, site, other)), "session at the other");
    await stopping.restart();
    toll.expect(await isSignedIn(sameBrowser(member, site, stopping)), "session after the start");
  }
});

test("keys and AUTH_SECRET rotated under load", async ({ open, openBeside, mailServer, toll }) => {
  const [former, next] = ["former", "next"].map(
    (which) => `the ${which} secret of this site ${"x".repeat(32)}`,
  );
  const site = await open({ env: { AUTH_SECRET: former ?? "" } });
  const second = await openBeside(site, { AUTH_SECRET: former ?? "" });
  const members = Array.from({ length: 4 }, () => newcomer(site));
  for (const { program, email } of members) await signInOverHttp(program, mailServer, email);
  const pending = newcomer(site);
  const early = await askOverHttp(pending.program, mailServer, pending.email);

  const load: Load = { site, serving: [site, second], busy: [], isOver: false, toll, mailServer };
  const working = [...members.map((member) => workInSession(member, load)), signPeopleIn(load)];
  // First every process has to know the next secret, then each may use it; the former goes last.
  for (const secrets of [`${former},${next}`, `${next},${former}`])
    for (const stopping of [site, second]) {
      load.serving = [site, second].filter((each) => each !== stopping);
      // As a proxy does: what is under way there ends first.
      while (load.busy.includes(stopping)) await pause(20);
      await stopping.restart({ AUTH_SECRET: secrets });
      load.serving = [site, second];
      toll.did("changes of AUTH_SECRET");
      const { code, stderr } = await stopping.latchkey("keys", "rotate");
      toll.expect(code === 0, `rotation of keys: ${stderr}`);
      toll.did("rotations of keys");
      await pause(1000);
    }
  load.isOver = true;
  await Promise.all(working);
  const { status } = await sendCode(pending.program, codeIn(early));
  toll.expect(status === 200, `code from before: ${status}`);
});

type Load = {
  site: Site;
  /** The processes that may be asked. */
  serving: Site[];
  /** Those that are being asked, once for each request. */
  busy: Site[];
  isOver: boolean;
  toll: Toll;
  mailServer: MailServer;
};

/** Asks for who is signed in and for access tokens, and shows the tokens where they were not made. */
async function workInSession(member: Person, load: Load): Promise<void> {
  const { site, toll } = load;
  const tokens: string[] = [];
  for (let turn = 0; !load.isOver; turn++) {
    await atAny(load, async (at) => {
      const program = sameBrowser(member, site, at);
      if (turn % 4 === 0) tokens.push(await tokenFor(program));
      const { status } = await toll.timed(() => program.get("/me"));
      toll.did("looks at sessions");
      toll.expect(status === 200, `session: ${status}`);
    });
    const token = tokens.at(-1 - (turn % 3)) ?? tokens[0] ?? "";
    await atAny(load, async (at) => {
      const service = newcomer(site, at).program;
      const { status } = await service.get("/me", bearing(token));
      toll.did("looks at access tokens");
      toll.expect(status === 200, `access token: ${status}`);
      toll.expect(isSignedBy(await keysOf(service), token), "key of an access token");
    });
    await pause(50);
  }
}

/** Whole sign-ins: what one process has sealed, the other opens. */
async function signPeopleIn(load: Load): Promise<void> {
  const { site, toll, mailServer } = load;
  while (!load.isOver) {
    const person = newcomer(site);
    const mail = await atAny(load, async (at) => {
      const there = newcomer(site, at);
      const asked = await askOverHttp(there.program, mailServer, person.email);
      for (const [name, value] of there.program.cookies) person.program.cookies.set(name, value);
      return asked;
    });
    await atAny(load, async (at) => {
      const { status } = await sendCode(sameBrowser(person, site, at), codeIn(mail));
      toll.did("sign-ins");
      toll.expect(status === 200, `sign-in: ${status}`);
    });
  }
}

/** As a proxy spreads requests. */
async function atAny<Result>(load: Load, ask: (at: Site) => Promise<Result>): Promise<Result> {
  const { serving, busy, site } = load;
  const at = serving[Math.floor(Math.random() * serving.length)] ?? site;
  busy.push(at);
  return await ask(at).finally(() => busy.splice(busy.indexOf(at), 1));
}
