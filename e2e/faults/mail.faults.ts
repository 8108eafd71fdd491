import { setTimeout as pause } from "node:timers/promises";
import { expect } from "@playwright/test";
import messages from "../../messages/en.json" with { type: "json" };
import { textOf } from "../support/account";
import type { MailServerBehaviour } from "../support/mail-server";
import { sendCode } from "../support/program";
import { codeIn } from "../support/sign-in";
import { newcomer, type Person, test } from "./test";

const deliveredWithinMs = 60_000;
const asJson = { accept: "application/json" };
const says = {
  waiting: [
    messages.checkEmail.state.queued,
    messages.checkEmail.deferred.split("{answer}. ")[1] ?? "",
  ],
  refused: messages.checkEmail.state.refused.split("{")[0] ?? "",
};

/** One after the other, each for a while. */
const troubles: Record<string, MailServerBehaviour> = {
  refused: "refuse connections",
  "421": { answer: 421, at: "MAIL" },
  "451": { answer: 451, at: "RCPT" },
  "452": { answer: 452, at: "DATA" },
  "silent at first": { stall: 300_000, at: "greeting" },
  "silent in the middle": { stall: 300_000, at: "DATA" },
  dripping: { drip: 1000 },
  "hanging up in the middle": { drop: "inside DATA" },
};

test("mail server refuses, answers 4xx, is slow, drops in the middle", async ({
  open,
  mailServer,
  toll,
}) => {
  const site = await open();
  const people: Person[] = [];
  for (const behaviour of Object.values(troubles)) {
    await mailServer.behave(behaviour);
    for (let index = 0; index < 6; index++) {
      const person = newcomer(site);
      people.push(person);
      const ask = () => person.program.post("/auth", { json: { email: person.email } }, asJson);
      const { status, body } = await toll.timed(ask, 6000);
      toll.expect(status === 202 && body === '{"status":"sent"}', `answer as always: ${status}`);
      const page = textOf(await person.program.get("/check-email")).replaceAll("&#x27;", "'");
      toll.expect(
        says.waiting.some((words) => page.includes(words)),
        "word of the mail's state",
      );
    }
    await pause(1500);
    toll.did("troubles");
  }
  toll.expect(mailServer.messages.length === 0, "trouble: a mail came through it");
  // What hangs in the middle of a conversation is cut off with the server.
  await mailServer.behave("refuse connections");
  await mailServer.behave("accept");
  const arrive = () =>
    expect.poll(() => new Set(recipients()).size, { timeout: 70_000 }).toBe(people.length);
  const recipients = () => mailServer.messages.map(({ recipients: [to = ""] }) => to);
  await toll.timed(arrive, deliveredWithinMs, "delivery after the recovery");
  // Whatever would come a second time, would come by then.
  await pause(3000);
  toll.did("mails", recipients().length);
  toll.expect(recipients().length === people.length, "mail accepted twice");
  for (const { program, email } of people) {
    const mail = await mailServer.waitForMail({ to: email });
    toll.expect((await sendCode(program, codeIn(mail))).status === 200, "sign-in by such a mail");
  }
});

test("mail server answers 5xx", async ({ open, mailServer, toll }) => {
  const site = await open();
  for (const at of ["MAIL", "RCPT", "DATA"] as const) {
    await mailServer.behave({ answer: 550, at, words: "No such mailbox" });
    const { program, email } = newcomer(site);
    const { status } = await program.post("/auth", { json: { email } }, asJson);
    toll.expect(status === 202, `answer as always: ${status}`);
    const page = async () => textOf(await program.get("/check-email"));
    await expect.poll(page, { timeout: 10_000 }).toContain("No such mailbox");
    toll.expect((await page()).includes(says.refused), "word of the refusal");
    await mailServer.behave("accept");
    await site.clock.advance(61_000);
    // Whoever is refused asks anew, and gets that mail alone.
    await program.post("/auth", { json: { email } }, asJson);
    const mail = await mailServer.waitForMail({ to: email });
    toll.expect((await sendCode(program, codeIn(mail))).status === 200, "sign-in by the next mail");
    toll.expect(
      mailServer.messages.filter(({ recipients }) => recipients.includes(email)).length === 1,
      "refusal: the mail came all the same",
    );
    toll.did("refusals");
  }
});
