import { bearing, tokenFor } from "../support/jwt";
import { askOverHttp, sendCode, sendLink, signInOverHttp } from "../support/program";
import {
  appWith,
  enrolApp,
  passFactor,
  reachSecondFactor,
  untilNextStep,
} from "../support/second-factor";
import { codeIn, linkIn } from "../support/sign-in";
import { newcomer, type Person, test } from "./test";

const minute = 60_000;
const day = 24 * 60 * minute;
const asJson = { accept: "application/json" };

test("clock jumps", async ({ open, mailServer, toll }) => {
  const site = await open();
  const [linked, coded, lasting, guarded, limited] = Array.from({ length: 5 }, () =>
    newcomer(site),
  ) as [Person, Person, Person, Person, Person];

  await signInOverHttp(lasting.program, mailServer, lasting.email);
  const token = await tokenFor(lasting.program);
  await signInOverHttp(guarded.program, mailServer, guarded.email);
  const { app } = await enrolApp(guarded.program, site);
  await mailServer.waitForMail({ to: guarded.email, subject: /^An authenticator app/ });
  await site.clock.advance(61_000);
  await untilNextStep(site);

  /** Refused now; all of it has been good, or would have been. */
  const refused: [what: string, ask: () => Promise<number>][] = [];
  const link = await askOverHttp(linked.program, mailServer, linked.email);
  const code = await askOverHttp(coded.program, mailServer, coded.email);
  const other = newcomer(site).program;
  await reachSecondFactor(other, mailServer, guarded.email);
  const value = appWith(app.secret, site).code();
  toll.expect((await passFactor(other, value)).status === 200, "sign-in by the app");
  await askOverHttp(limited.program, mailServer, limited.email);
  const askAgain = async () =>
    (await newcomer(site).program.post("/auth", { json: { email: limited.email } }, asJson)).status;
  toll.expect((await askAgain()) === 429, "limit of one mail a minute");

  // A quarter of an hour, within which sessions live on.
  await site.clock.advance(-15 * minute);
  toll.did("jumps");
  refused.push(["limit of mails, after a jump back", askAgain]);
  await expectRefused();
  await site.clock.advance(15 * minute);

  // Past the life of links, codes and access tokens.
  await site.clock.advance(15 * minute);
  toll.did("jumps");
  refused.length = 0;
  refused.push(
    ["link", async () => (await sendLink(linked.program, linkIn(link))).status],
    ["code", async () => (await sendCode(coded.program, codeIn(code))).status],
    ["access token", async () => (await newcomer(site).program.get("/me", bearing(token))).status],
  );
  await expectRefused();
  // Past the life of sessions.
  await site.clock.advance(40 * day);
  toll.did("jumps");
  refused.push(["session", async () => (await lasting.program.get("/me")).status]);
  await expectRefused();

  for (const back of [-40 * day, -15 * minute]) {
    await site.clock.advance(back);
    toll.did("jumps");
    // What nobody writes down of an access token, its session does: it has ended.
    await expectRefused();
  }
  // The value of the app was used at this very time.
  const thief = newcomer(site).program;
  await site.clock.advance(61_000);
  await reachSecondFactor(thief, mailServer, guarded.email);
  await site.clock.advance(-61_000);
  refused.push(["value of the app", async () => (await passFactor(thief, value)).status]);
  await expectRefused();

  async function expectRefused(): Promise<void> {
    for (const [what, ask] of refused) {
      const status = await ask();
      toll.did("refusals");
      toll.expect(status >= 400 && status < 500, `death of the ${what}: ${status}`);
    }
  }
});
