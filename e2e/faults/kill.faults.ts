import { setTimeout as pause } from "node:timers/promises";
import { readTable } from "../support/database";
import type { MailServer } from "../support/mail-server";
import { askOverHttp, isSignedIn, sendCode } from "../support/program";
import { codeIn } from "../support/sign-in";
import type { Site } from "../support/site";
import { listDamage } from "./damage";
import { newcomer, type Person, test } from "./test";
import type { Toll } from "./toll";

const rounds = 10;
const atOnce = 8;
const servingWithinMs = 5000;
const untilNextMailMs = 61_000;
const asJson = { accept: "application/json" };

/** Who is in the middle of a sign-in, and what the site has said to them so far. */
type Candidate = Person & { isAsked: boolean; isIn: boolean };

test("killed without warning at any moment of a sign-in", async ({ open, mailServer, toll }) => {
  const site = await open();
  const all: Candidate[] = [];
  for (let round = 0; round < rounds; round++) {
    const group = Array.from({ length: atOnce }, () => ({
      ...newcomer(site),
      isAsked: false,
      isIn: false,
    }));
    all.push(...group);
    // The first of a process takes longest: it comes before the clock runs.
    await begin({ ...newcomer(site), isAsked: false, isIn: false }, mailServer);
    const underWay = group.map(async (candidate, index) => {
      await pause(index * 60);
      // What the kill cuts off.
      await begin(candidate, mailServer).catch(() => undefined);
    });
    await pause(100 + Math.random() * 600);
    await site.kill();
    await Promise.all(underWay);
    toll.did("kills");
    await toll.timed(() => site.restart(), servingWithinMs, "serving again");
    // What the dead process had in hand is given up for dead.
    await site.clock.advance(untilNextMailMs);
    const left = [];
    for (const candidate of group)
      if (!(await isInByNow(candidate, mailServer, toll))) left.push(candidate);
    await site.clock.advance(untilNextMailMs);
    for (const candidate of left) await signInAnew(candidate, mailServer, toll);
  }
  for (const { email } of all) countMails(email, mailServer, toll);
  for (const damage of await listDamage(site)) toll.lost(damage);
  await expectOneSignInEach(site, toll);
});

async function begin(candidate: Candidate, mailServer: MailServer): Promise<void> {
  const { program, email } = candidate;
  const { status } = await program.post("/auth", { json: { email } }, asJson);
  candidate.isAsked = status === 202;
  const mail = await mailServer.waitForMail({ to: email, timeout: 1500 });
  candidate.isIn = (await sendCode(program, codeIn(mail))).status === 200;
}

/** Whether they were, or can be with what they have been promised. */
async function isInByNow(
  { program, email, isAsked, isIn }: Candidate,
  mailServer: MailServer,
  toll: Toll,
): Promise<boolean> {
  if (isIn) {
    toll.expect(await isSignedIn(program), "session that had been given");
    toll.did("signed in before");
    return true;
  }
  if (!isAsked) return false;
  const mail = await mailServer.waitForMail({ to: email, timeout: 20_000 }).catch(() => null);
  toll.expect(mail !== null, "mail that had been promised");
  const isGood = mail !== null && (await sendCode(program, codeIn(mail))).status === 200;
  if (isGood) toll.did("by the mail from before");
  return isGood;
}

/** What was spent in the moment of the kill signed somebody in who was not told. */
async function signInAnew({ program, email }: Candidate, mailServer: MailServer, toll: Toll) {
  const mail = await askOverHttp(program, mailServer, email);
  let { status } = await sendCode(program, codeIn(mail));
  if (status === 422) {
    // The mail of a request whose answer was cut off came first: it is for a browser that never heard of it.
    const next = await mailServer.waitForMail({ to: email, after: mail });
    ({ status } = await sendCode(program, codeIn(next)));
  }
  toll.expect(status === 200, `sign-in, answered with ${status}`);
  toll.did("by a new mail");
}

/** A server that took a mail in the moment of the kill gets it again, as the same message (decision 6). */
function countMails(email: string, { messages }: MailServer, toll: Toll): void {
  const ids = messages
    .filter(({ recipients, subject }) => recipients.includes(email) && /^Sign in/.test(subject))
    .map(({ headers }) => headers.get("message-id"));
  const again = ids.length - new Set(ids).size;
  if (again > 0)
    toll.did(
      "mails handed over again, the kill being between the server's yes and its record",
      again,
    );
}

async function expectOneSignInEach(site: Site, toll: Toll): Promise<void> {
  const spent = (await readTable(site, "SignInRequest")).filter(({ usedAt }) => usedAt !== null);
  const events = (await readTable(site, "AuditEvent")).filter(
    ({ type }) => type === "authn_login_success",
  );
  toll.expect(spent.length === events.length, "sign-in and its record, which go together");
}
