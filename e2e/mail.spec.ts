import messages from "../messages/en.json" with { type: "json" };
import { readStored } from "./support/database";
import { client, type HttpClient } from "./support/http";
import type { Mail } from "./support/mail";
import { type MailServer, type MailServerBehaviour, startMailServer } from "./support/mail-server";
import { askOverHttp, isSignedIn, sendCode, sendLink, tokenIn } from "./support/program";
import { askForMail, codeIn, followLink, linkIn } from "./support/sign-in";
import { startSite } from "./support/site";
import { expect, test } from "./support/test";

const minute = 60_000;
/** What the page says of a mail, up to where the mail server's own words stand. */
const says = {
  ...messages.checkEmail.state,
  // With the words of the mail server, or without any where it could not be reached.
  deferred: messages.checkEmail.deferred.split("{answer}. ")[1] ?? "",
  refused: messages.checkEmail.state.refused.split("{")[0] ?? "",
};
const asJson = { accept: "application/json" };

test("a mail has one recipient, a sender, an identity, and no answer from machines", async ({
  mailServer,
  visitor,
}) => {
  const mail = await askOverHttp(visitor.asNewProgram(), mailServer, visitor.email);
  expect(mail.recipients).toEqual([visitor.email]);
  expect(mail.from).toBe("sign-in@example.org");
  expect(mail.subject).toBe("Sign in to Latchkey");
  expect(mail.headers.get("to")).toMatchObject({ text: visitor.email });
  expect(mail.headers.get("from")).toMatchObject({ text: expect.stringContaining("Latchkey") });
  expect(mail.headers.get("auto-submitted")).toBe("auto-generated");
  expect(mail.headers.get("message-id")).toMatch(/^<[^<>@\s]+@[^<>@\s]+>$/);
  expect(mail.headers.get("date")).toBeInstanceOf(Date);
  for (const name of ["cc", "bcc", "reply-to"]) expect(mail.headers.has(name), name).toBe(false);
  expect(mail.source.match(/^subject:.*$/im)?.[0]).not.toContain(codeIn(mail));
});

test("no two mails have the same identity, link or code", async ({ mailServer, visitor }) => {
  const program = visitor.asNewProgram();
  const mails = [];
  for (const who of ["a", "b", "c"]) {
    mails.push(await askOverHttp(program, mailServer, `${who}-${visitor.email}`));
  }
  expect(new Set(mails.map(({ headers }) => headers.get("message-id"))).size).toBe(3);
  expect(new Set(mails.map((mail) => tokenIn(linkIn(mail)))).size).toBe(3);
  expect(new Set(mails.map(codeIn)).size).toBeGreaterThan(1);
  for (const mail of mails) {
    expect(Buffer.from(tokenIn(linkIn(mail)), "base64url").length).toBeGreaterThanOrEqual(16);
  }
});

for (const [typed, canonical] of [
  ["  ANN.Lee+Tag-ID@Example.ORG  ", "ann.lee+tag-ID@example.org"],
  ["ann-ID@bücher.example", "ann-ID@xn--bcher-kva.example"],
  ["ａｎｎ-ID@ｅｘａｍｐｌｅ.org", "ann-ID@example.org"],
] as const) {
  test(`${typed} gets its mail in one form, and keeps its own to be seen`, async ({
    page,
    mailServer,
    visitor,
  }) => {
    const id = visitor.email.slice("person-".length, visitor.email.indexOf("@"));
    const recipient = canonical.replace("ID", id);
    await page.goto("/sign-in");
    await page.getByLabel("Email address").fill(typed.replace("ID", id));
    await page.getByRole("button", { name: "Email me a link" }).click();
    await expect(page.getByRole("main")).toContainText(typed.replace("ID", id).trim());
    const mail = await mailServer.waitForMail({ to: recipient });
    expect(mail.recipients).toEqual([recipient]);
    await followLink(page, linkIn(mail));
    await expect(page).toHaveURL("/private");
    expect(await (await page.request.get("/me")).json()).toMatchObject({
      email_address: recipient,
    });
  });
}

test("both parts say site, browser, network address, time and what to do", async ({
  page,
  site,
  networkAddress,
  mailServer,
  visitor,
}) => {
  const mail = await askForMail(page, mailServer, visitor.email);
  const now = site.clock.now().toISOString();
  const html = mail.html.replace(/<[^>]+>/g, " ").replace(/\s+/g, " ");
  for (const part of [mail.text.replace(/\s+/g, " "), html]) {
    expect(part).toContain("Latchkey");
    expect(part).toMatch(/Chrom\S* on \w+/);
    expect(part).toContain(networkAddress);
    expect(part).toContain(String(new Date(now).getUTCFullYear()));
    expect(part).toMatch(/\d\d:\d\d UTC/);
    expect(part).toMatch(/not you/);
    expect(part).toContain(codeIn(mail));
  }
  expect(mail.html).toContain(linkIn(mail).replaceAll("&", "&amp;"));
  expect(mail.text.split(linkIn(mail))).toHaveLength(2);
});

test("a mail loads nothing from anywhere and runs nothing", async ({ mailServer, visitor }) => {
  const { html } = await askOverHttp(visitor.asNewProgram(), mailServer, visitor.email);
  expect(html).toMatch(/<html[^>]* lang="en"/);
  expect(html).toContain("prefers-color-scheme: dark");
  expect(html).not.toMatch(/<(img|script|iframe|link|object|video|audio|form|base)\b/i);
  expect(html).not.toMatch(/\b(src|background|srcset|poster)=|url\(|@import/i);
});

test("neither the database nor the log holds a link, a code, a session or a browser's cookie", async ({
  mailServer,
  visitor,
}) => {
  const site = await startSite({ mailServer, env: { LOG_LEVEL: "trace" } });
  try {
    const program = client(site);
    const used = await askOverHttp(program, mailServer, visitor.email);
    await sendCode(program, codeIn(used));
    const unused = await askOverHttp(client(site), mailServer, `unused-${visitor.email}`);
    await mailServer.behave({ answer: 451, at: "RCPT" });
    await client(site).post("/auth", { form: { email: `waiting-${visitor.email}` } });
    const places = [
      ...(await readStored(site)),
      { name: "the log", bytes: Buffer.from(site.output()) },
    ];
    await mailServer.behave("accept");
    const waiting = await mailServer.waitForMail({ to: `waiting-${visitor.email}` });

    expect(places.some(({ bytes }) => bytes.includes(visitor.email))).toBe(true);
    for (const { name, bytes } of places) {
      for (const [value = "", cookie] of [...program.cookies].map(([key, value]) => [value, key])) {
        expect(holds(bytes, value), `${cookie} in ${name}`).toBe(false);
      }
      for (const mail of [used, unused, waiting]) {
        expect(holds(bytes, tokenIn(linkIn(mail))), `a link in ${name}`).toBe(false);
        expect(holdsNumber(bytes, codeIn(mail)), `a code in ${name}`).toBe(false);
      }
    }
  } finally {
    await site.stop();
  }
});

test("a mail asked for right before the server is killed comes after its restart, once", async ({
  mailServer,
  visitor,
}) => {
  const site = await startSite({ mailServer });
  try {
    const program = client(site);
    const { status } = await program.post("/auth", { json: { email: visitor.email } }, asJson);
    expect(status).toBe(202);
    await site.kill("SIGKILL");
    expect(mailsTo(mailServer, visitor.email)).toHaveLength(0);
    await site.restart();
    // What the dead process had in hand is given up for dead after a while.
    await site.clock.advance(minute);
    const mail = await mailServer.waitForMail({ to: visitor.email, timeout: 20_000 });
    await askOverHttp(client(site), mailServer, `next-${visitor.email}`);
    expect(mailsTo(mailServer, visitor.email)).toHaveLength(1);
    expect((await sendLink(program, linkIn(mail))).status).toBe(200);
    expect(await isSignedIn(program)).toBe(true);
  } finally {
    await site.stop();
  }
});

const troubles: Record<string, MailServerBehaviour> = {
  "refuses connections": "refuse connections",
  "says not now to the sender": { answer: 421, at: "MAIL" },
  "says not now to the recipient": { answer: 451, at: "RCPT" },
  "says not now to the mail": { answer: 452, at: "DATA" },
  "hangs up in the middle": { drop: "inside DATA" },
};

for (const [trouble, behaviour] of Object.entries(troubles)) {
  test(`while the mail server ${trouble}, the page answers as always, and the mail comes later`, async ({
    site,
    mailServer,
    visitor,
  }) => {
    const program = visitor.asNewProgram();
    await mailServer.behave(behaviour);
    const answer = await program.post("/auth", { json: { email: visitor.email } }, asJson);
    expect([answer.status, answer.body]).toEqual([202, '{"status":"sent"}']);
    await expect.poll(() => checkEmail(program)).toContain(says.deferred);

    await mailServer.behave("accept");
    await site.clock.advance(minute);
    const mail = await mailServer.waitForMail({ to: visitor.email, timeout: 20_000 });
    await expect.poll(() => checkEmail(program)).toContain(says.accepted);
    await askOverHttp(program, mailServer, `next-${visitor.email}`);
    expect(mailsTo(mailServer, visitor.email)).toHaveLength(1);
    expect((await sendLink(program, linkIn(mail))).status).toBe(200);
  });
}

for (const at of ["greeting", "DATA"] as const) {
  test(`while the mail server says nothing at ${at}, nobody waits for it`, async ({
    mailServer,
    visitor,
  }) => {
    const program = visitor.asNewProgram();
    await mailServer.behave({ stall: 2500, at, times: 1 });
    const answer = await program.post("/auth", { json: { email: visitor.email } }, asJson);
    expect(answer.status).toBe(202);
    expect(await checkEmail(program)).toContain(says.queued);
    expect(mailsTo(mailServer, visitor.email)).toHaveLength(0);
    const mail = await mailServer.waitForMail({ to: visitor.email, timeout: 20_000 });
    expect((await sendCode(program, codeIn(mail))).status).toBe(200);
  });
}

test("a refusal for good is shown, and the mail is not sent again", async ({
  page,
  site,
  mailServer,
  visitor,
}) => {
  await mailServer.behave({ answer: 550, at: "RCPT", words: "No <b>such</b> mailbox" });
  await page.goto("/sign-in");
  await page.getByLabel("Email address").fill(visitor.email);
  await page.getByRole("button", { name: "Email me a link" }).click();
  await expect(page.getByRole("main")).toContainText("No <b>such</b> mailbox");
  await expect(page.getByRole("main")).toContainText(says.refused);

  await mailServer.behave("accept");
  await site.clock.advance(5 * minute);
  await askOverHttp(visitor.asNewProgram(), mailServer, `next-${visitor.email}`);
  expect(mailsTo(mailServer, visitor.email)).toHaveLength(0);
  await page.reload();
  await expect(page.getByRole("main")).toContainText(says.refused);
  await page.getByRole("button", { name: /another mail/i }).click();
  await mailServer.waitForMail({ to: visitor.email });
});

test("a mail that could not be sent in time is given up, and the page says so", async ({
  site,
  mailServer,
  visitor,
}) => {
  const program = visitor.asNewProgram();
  await mailServer.behave({ answer: 451, at: "RCPT" });
  await program.post("/auth", { json: { email: visitor.email } }, asJson);
  await expect.poll(() => checkEmail(program)).toContain(says.deferred);
  await site.clock.advance(11 * minute);
  await mailServer.behave("accept");
  await expect.poll(() => checkEmail(program), { timeout: 15_000 }).toContain(says.expired);
  await askOverHttp(visitor.asNewProgram(), mailServer, `next-${visitor.email}`);
  expect(mailsTo(mailServer, visitor.email)).toHaveLength(0);
});

test("the words of the mail server that took the mail are shown", async ({
  mailServer,
  visitor,
}) => {
  const program = visitor.asNewProgram();
  await askOverHttp(program, mailServer, visitor.email);
  await expect.poll(() => checkEmail(program)).toMatch(/has taken the mail.*It says: 250 /);
});

const firstServerTroubles: Record<string, MailServerBehaviour> = {
  ...troubles,
  "has no working greeting": { answer: 554, at: "MAIL" },
  "says nothing": { stall: 30_000, at: "greeting" },
};

test("while the first mail server is of no use, the second takes over, and each mail comes once", async ({
  mailServer,
  visitor,
}) => {
  const second = await startMailServer();
  const env = { SMTP_URL_FALLBACK: second.url, TRUSTED_PROXIES: "1" };
  const site = await startSite({ mailServer, env });
  try {
    const program = () => client(site, { "x-forwarded-for": newAddress() });
    await askOverHttp(program(), mailServer, `first-${visitor.email}`);
    for (const [index, behaviour] of Object.values(firstServerTroubles).entries()) {
      await mailServer.behave(behaviour);
      const mail = await second.waitForMail({
        to: await askedFor(program(), `${index}-${visitor.email}`),
        timeout: 40_000,
      });
      codeIn(mail);
    }
    await mailServer.behave("accept");
    // A server that failed is left alone for a moment.
    await site.clock.advance(2 * minute);
    await askOverHttp(program(), mailServer, `last-${visitor.email}`);
    expect(mailServer.messages.filter(isFor(visitor.email))).toHaveLength(2);
    expect(second.messages).toHaveLength(Object.keys(firstServerTroubles).length);
  } finally {
    await site.stop();
    await second.stop();
  }
});

for (const at of ["RCPT", "DATA"] as const) {
  test(`a refusal for good at ${at} by the first mail server is final`, async ({
    mailServer,
    visitor,
  }) => {
    const second = await startMailServer();
    const site = await startSite({ mailServer, env: { SMTP_URL_FALLBACK: second.url } });
    try {
      const program = client(site);
      await mailServer.behave({ answer: 550, at, words: "No such mailbox" });
      await askedFor(program, visitor.email);
      await expect.poll(() => checkEmail(program)).toContain(says.refused);
      expect(await checkEmail(program)).toContain("No such mailbox");
      await mailServer.behave("accept");
      await site.clock.advance(5 * minute);
      await askOverHttp(client(site), mailServer, `next-${visitor.email}`);
      expect(second.messages).toEqual([]);
      expect(mailsTo(mailServer, visitor.email)).toHaveLength(0);
    } finally {
      await site.stop();
      await second.stop();
    }
  });
}

test("with both mail servers away nothing is lost, and whichever is back delivers", async ({
  mailServer,
  visitor,
}) => {
  const second = await startMailServer();
  const site = await startSite({ mailServer, env: { SMTP_URL_FALLBACK: second.url } });
  try {
    const program = client(site);
    await mailServer.behave("refuse connections");
    await second.behave("refuse connections");
    await askedFor(program, visitor.email);
    await expect.poll(() => checkEmail(program)).toContain(says.deferred);
    await second.behave("accept");
    await site.clock.advance(minute);
    const mail = await second.waitForMail({ to: visitor.email, timeout: 20_000 });
    await mailServer.behave("accept");
    await site.clock.advance(2 * minute);
    await askOverHttp(client(site), mailServer, `next-${visitor.email}`);
    expect([...second.messages, ...mailServer.messages].filter(isFor(visitor.email))).toEqual([
      mail,
      expect.objectContaining({ recipients: [`next-${visitor.email}`] }),
    ]);
    expect((await sendLink(program, linkIn(mail))).status).toBe(200);
  } finally {
    await site.stop();
    await second.stop();
  }
});

const absences: Record<string, { behaviour: MailServerBehaviour; isKilled: boolean }> = {
  "takes nothing for now": { behaviour: { answer: 451, at: "RCPT" }, isKilled: false },
  "says nothing": { behaviour: { stall: 300_000, at: "DATA" }, isKilled: false },
  "is away, and the site is killed meanwhile": {
    behaviour: "refuse connections",
    isKilled: true,
  },
};

for (const [absence, { behaviour, isKilled }] of Object.entries(absences)) {
  test(`thirty mails that wait while the mail server ${absence} come within a minute of its return, once each`, async ({
    mailServer,
    visitor,
  }) => {
    const site = await startSite({ mailServer, env: { TRUSTED_PROXIES: "1" } });
    try {
      await mailServer.behave(behaviour);
      const addresses = Array.from({ length: 30 }, (_, index) => `${index}-${visitor.email}`);
      const programs = addresses.map(() => client(site, { "x-forwarded-for": newAddress() }));
      await Promise.all(
        programs.map((program, index) => askedFor(program, addresses[index] ?? "")),
      );
      // Some have failed a few times by then, so that their pauses have grown.
      for (let time = 0; time < 3; time++) await site.clock.advance(minute);
      if (isKilled) {
        await site.kill("SIGKILL");
        await site.restart();
      }
      expect(mailServer.messages.filter(isFor(visitor.email))).toEqual([]);

      // What hangs in the middle of a conversation is cut off with the server that stalled.
      if (absence === "says nothing") await mailServer.behave("refuse connections");
      await mailServer.behave("accept");
      await site.clock.advance(minute);
      const arrived = () => mailServer.messages.filter(isFor(visitor.email));
      await expect.poll(() => arrived().length, { timeout: 30_000 }).toBe(30);
      await site.clock.advance(minute);
      await askOverHttp(client(site), mailServer, `next-${visitor.email}`);
      const recipients = arrived().flatMap(({ recipients }) => recipients);
      expect(recipients.sort()).toEqual([...addresses, `next-${visitor.email}`].sort());
      const [program] = programs;
      const mail = arrived().find(({ recipients: [to] }) => to === addresses[0]);
      if (!program || !mail) throw new Error("The first mail is not there");
      expect((await sendLink(program, linkIn(mail))).status).toBe(200);
    } finally {
      await site.stop();
    }
  });
}

test("a mail server that drips keeps nobody waiting, and no mail of others", async ({
  mailServer,
  visitor,
}) => {
  const site = await startSite({ mailServer, env: { TRUSTED_PROXIES: "1" } });
  try {
    const program = client(site, { "x-forwarded-for": newAddress() });
    await mailServer.behave({ drip: 1000, times: 1 });
    const startedAt = performance.now();
    await askedFor(program, visitor.email);
    expect(await checkEmail(program)).toContain(says.queued);
    expect(performance.now() - startedAt).toBeLessThan(5000);
    // Nobody else waits behind it.
    await askOverHttp(client(site), mailServer, `next-${visitor.email}`);
    expect(mailsTo(mailServer, visitor.email)).toHaveLength(0);
    await site.clock.advance(minute);
    await mailServer.waitForMail({ to: visitor.email, timeout: 45_000 });
    expect(mailsTo(mailServer, visitor.email)).toHaveLength(1);
  } finally {
    await site.stop();
  }
});

test("the page follows the mail by itself", async ({ page, mailServer, visitor }) => {
  await mailServer.behave({ stall: 1500, at: "DATA", times: 1 });
  await askForMail(page, mailServer, visitor.email);
  await expect(page.getByRole("main").getByRole("status")).toContainText(says.accepted, {
    timeout: 15_000,
  });
});

/** Asks for a mail and does not wait for it; gives the address back. */
async function askedFor(program: HttpClient, email: string): Promise<string> {
  const answer = await program.post("/auth", { json: { email } }, asJson);
  expect([answer.status, answer.body]).toEqual([202, '{"status":"sent"}']);
  return email;
}

let addresses = 0;

/** A network address that nobody has asked from before, of those that stand for examples. */
function newAddress(): string {
  return `203.0.113.${addresses++}`;
}

/** Picks the mails to an address, and to those that are made of it with something before it. */
function isFor(email: string) {
  return ({ recipients }: Mail) => recipients.some((to) => to.endsWith(email));
}

async function checkEmail(program: HttpClient): Promise<string> {
  const answer = await program.get("/check-email");
  if (answer.status !== 200) return `status ${answer.status}`;
  return answer.body.replace(/<script\b.*?<\/script>|<[^>]+>/gs, "").replaceAll("&#x27;", "'");
}

function mailsTo({ messages }: MailServer, email: string) {
  return messages.filter(({ recipients }) => recipients.includes(email));
}

/** Whether bytes hold a secret as it is written, or as the bits that it stands for. */
function holds(bytes: Buffer, secret: string): boolean {
  const bits = Buffer.from(secret, "base64url");
  const forms = [secret, bits, bits.toString("hex"), bits.toString("base64")];
  return forms.some((form) => bytes.includes(form));
}

/** Whether a code stands anywhere by itself: as part of a longer number it may do so by chance. */
function holdsNumber(bytes: Buffer, code: string): boolean {
  return new RegExp(`(?<![0-9a-f])${code}(?![0-9a-f])`, "i").test(bytes.toString("latin1"));
}
