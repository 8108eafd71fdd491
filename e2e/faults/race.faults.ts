import { setTimeout as pause } from "node:timers/promises";
import { countSessions, readTable } from "../support/database";
import type { HttpAnswer, HttpClient } from "../support/http";
import type { Mail } from "../support/mail";
import { askOverHttp, sendCode, sendLink, signInOverHttp } from "../support/program";
import { enrolApp, passFactor, reachSecondFactor } from "../support/second-factor";
import { codeIn, linkIn } from "../support/sign-in";
import type { Site } from "../support/site";
import { newcomer, type Person, sameBrowser, test } from "./test";
import type { Toll } from "./toll";

const clients = 100;
const untilNextMailMs = 61_000;
const asJson = { accept: "application/json" };

for (const [secret, { rounds, send }] of Object.entries({
  link: { rounds: 6, send: (program, mail) => sendLink(program, linkIn(mail)) },
  code: { rounds: 6, send: (program, mail) => sendCode(program, codeIn(mail)) },
} satisfies Record<string, { rounds: number; send: (...given: Sent) => Promise<HttpAnswer> }>))
  test(`one ${secret} used by ${clients} clients and two processes at once`, async ({
    open,
    openBeside,
    mailServer,
    toll,
  }) => {
    const site = await open();
    const sites = [site, await openBeside(site)];
    for (let round = 0; round < rounds; round++) {
      const person = newcomer(site);
      const mail = await askOverHttp(person.program, mailServer, person.email);
      const answers = await rush(person, sites, (program) => send(program, mail));
      await judge(site, person, answers, toll);
    }
  });

test(`one recovery code used by ${clients} clients and two processes at once`, async ({
  open,
  openBeside,
  mailServer,
  toll,
}) => {
  const site = await open();
  const sites = [site, await openBeside(site)];
  for (let round = 0; round < 3; round++) {
    const person = newcomer(site);
    await signInOverHttp(person.program, mailServer, person.email);
    const { recoveryCodes } = await enrolApp(person.program, site);
    await mailServer.waitForMail({ to: person.email, subject: /^An authenticator app/ });
    await site.clock.advance(untilNextMailMs);
    // The browsers of two who came as far as the second factor; a try at it is counted in each.
    const other = newcomer(site);
    await reachSecondFactor(other.program, mailServer, person.email);
    const answers = await rush({ ...other, email: person.email }, sites, (program) =>
      passFactor(program, recoveryCodes[0] ?? "", "recovery"),
    );
    await judge(site, person, answers, toll, 2);
  }
});

test(`the same new address signs up ${clients} times at once`, async ({
  open,
  openBeside,
  mailServer,
  toll,
}) => {
  const site = await open();
  const sites = [site, await openBeside(site)];
  const { email } = newcomer(site);
  const askers = Array.from({ length: clients }, () => newcomer(site));
  const asked = await Promise.all(
    askers.map((asker, index) =>
      sameBrowser(asker, site, sites[index % 2] ?? site).post("/auth", { json: { email } }, asJson),
    ),
  );
  toll.did("mails asked for at once", clients);
  toll.expect(asked.filter(({ status }) => status === 202).length === 1, "limit of one mail");
  for (const { status } of asked.filter(({ status }) => ![202, 429].includes(status)))
    toll.expect(status === 503, `refusal, but ${status}`);

  // As many mails as live at the same time, each used twenty times at once.
  await mailServer.waitForMail({ to: email });
  const people: Person[] = [];
  const letters: Mail[] = [];
  for (let index = 0; index < 4; index++) {
    await site.clock.advance(untilNextMailMs);
    const person = newcomer(site);
    letters.push(await askOverHttp(person.program, mailServer, email));
    people.push(person);
  }
  const answers = await Promise.all(
    people.flatMap((person, index) =>
      Array.from({ length: clients / people.length }, (_, copy) => {
        const letter = letters[index];
        if (!letter) throw new Error("There are fewer mails than people");
        return sendLink(sameBrowser(person, site, sites[copy % 2] ?? site), linkIn(letter));
      }),
    ),
  );
  toll.did("sign-ups at once", answers.length);
  const accounts = (await readTable(site, "User")).filter((user) => user.email === email);
  toll.expect(accounts.length === 1, `one account: there are ${accounts.length}`);
  for (const { status } of answers)
    if (status >= 500) toll.expect(status === 503, `answer, but ${status}`);
  const winners = answers.filter(({ status }) => status === 200).length;
  toll.did("winners", winners);
  toll.expect(winners >= 1, "sign-in: nobody won");
});

type Sent = [program: HttpClient, mail: Mail];

/** All with the same cookies, half of them at each process. */
async function rush(
  person: Person,
  sites: Site[],
  send: (program: HttpClient) => Promise<HttpAnswer>,
): Promise<HttpAnswer[]> {
  const [site] = sites;
  if (!site) throw new Error("There is no site");
  const programs = Array.from({ length: clients }, (_, index) =>
    sameBrowser(person, site, sites[index % sites.length] ?? site),
  );
  // All begin at the same moment, and not one after the other as they are made.
  await pause(20);
  return await Promise.all(programs.map(send));
}

async function judge(
  site: Site,
  { email }: Person,
  answers: HttpAnswer[],
  toll: Toll,
  sessionsInAll = 1,
): Promise<void> {
  toll.did("rounds");
  const winners = answers.filter(({ status }) => status === 200).length;
  const sessions = await countSessions(site, email);
  toll.expect(winners === 1, `one winner: there were ${winners}`);
  toll.expect(sessions === sessionsInAll, `one session: there are ${sessions}`);
  for (const { status } of answers) {
    if (status === 503) toll.did("answers of 503");
    else if (status !== 200) toll.expect(status >= 400 && status < 500, `refusal, but ${status}`);
  }
}
