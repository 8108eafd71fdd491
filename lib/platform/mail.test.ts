import { afterAll, afterEach, beforeEach, expect, test, vi } from "vitest";
import { type MailServer, startMailServer } from "@/e2e/support/mail-server";
import type { OutgoingMail } from "./mail";

const primary = await startMailServer();
const fallback = await startMailServer();
process.env.AUTH_SECRET = "a secret of at least 32 characters";
process.env.LOG_LEVEL = "silent";
let sent = 0;

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ["Date"] });
  vi.setSystemTime(new Date("2030-01-01T10:42:00Z"));
  for (const server of [primary, fallback]) await server.behave("accept");
});
afterEach(() => vi.useRealTimers());
afterAll(async () => {
  for (const server of [primary, fallback]) await server.stop();
});

test("without a mail server a mail is kept in the local mailbox", async () => {
  const deliver = await deliveringTo();
  expect(await deliver()).toEqual({
    outcome: "captured",
    answer: "kept in the local mailbox",
    at: [],
  });
});

test("the first server gets the mail while it works, and the second none", async () => {
  const deliver = await deliveringTo(primary, fallback);
  for (let count = 0; count < 3; count++)
    expect(await deliver()).toMatchObject({ outcome: "accepted", at: ["primary"] });
});

test("while the first cannot be reached the second takes over, with the same mail", async () => {
  await primary.behave("refuse connections");
  const deliver = await deliveringTo(primary, fallback);
  expect(await deliver()).toMatchObject({ outcome: "accepted", at: ["fallback"] });
  const mail = fallback.messages.at(-1);
  expect(mail).toMatchObject({ recipients: [`${sent}@example.org`], subject: "A mail" });
  expect(mail?.headers.get("message-id")).toBe(`<${sent}@example.org>`);
});

test.each(["MAIL", "RCPT", "DATA"] as const)(
  "what the first puts off at %s the second gets at once, and the first is asked again",
  async (at) => {
    await primary.behave({ answer: 451, at, words: "later" });
    const deliver = await deliveringTo(primary, fallback);
    expect(await deliver()).toMatchObject({ outcome: "accepted", at: ["fallback"] });
    await primary.behave("accept");
    expect(await deliver()).toMatchObject({ outcome: "accepted", at: ["primary"] });
  },
);

test.each(["MAIL", "RCPT", "DATA"] as const)(
  "what the first refuses for good at %s is refused, and not tried with the second",
  async (at) => {
    await primary.behave({ answer: 550, at, words: "no such user" });
    const connections = fallback.connectedAt.length;
    const deliver = await deliveringTo(primary, fallback);
    const refused = { outcome: "refused", answer: expect.stringMatching(/^550.*no such user/) };
    expect(await deliver()).toMatchObject({ ...refused, at: [] });
    expect(fallback.connectedAt).toHaveLength(connections);
  },
);

test("what the second refuses for good, while the first is away, waits for the first", async () => {
  await primary.behave("refuse connections");
  await fallback.behave({ answer: 550, at: "RCPT", words: "no such user" });
  const deliver = await deliveringTo(primary, fallback);
  const deferred = { outcome: "deferred", answer: expect.stringMatching(/^550/) };
  expect(await deliver()).toMatchObject(deferred);
  // Now the first rests, and only the second is asked.
  expect(await deliver()).toMatchObject(deferred);
  await primary.behave({ answer: 550, at: "RCPT", words: "no such user" });
  later(30);
  expect(await deliver()).toMatchObject({ ...deferred, outcome: "refused" });
});

test("what the first puts off and the second refuses for good waits", async () => {
  await primary.behave({ answer: 451, at: "RCPT", words: "later" });
  await fallback.behave({ answer: 550, at: "RCPT", words: "we do not relay" });
  const deliver = await deliveringTo(primary, fallback);
  const deferred = { outcome: "deferred", answer: expect.stringMatching(/^550/), at: [] };
  expect(await deliver()).toEqual(deferred);
});

test("a server that hangs up in the middle of a mail counts as away", async () => {
  await primary.behave({ drop: "inside DATA" });
  const deliver = await deliveringTo(primary, fallback);
  expect(await deliver()).toMatchObject({ outcome: "accepted", at: ["fallback"] });
});

test("when both are away the mail waits, and whichever is back first gets it", async () => {
  for (const server of [primary, fallback]) await server.behave("refuse connections");
  const deliver = await deliveringTo(primary, fallback);
  for (let count = 0; count < 3; count++)
    expect(await deliver()).toEqual({ outcome: "deferred", answer: "", at: [] });
  await fallback.behave("accept");
  expect(await deliver()).toMatchObject({ outcome: "accepted", at: ["fallback"] });
});

test("when both were away, the first is used at once when it is back, without a rest", async () => {
  for (const server of [primary, fallback]) await server.behave("refuse connections");
  const deliver = await deliveringTo(primary, fallback);
  await deliver();
  await primary.behave("accept");
  expect(await deliver()).toMatchObject({ outcome: "accepted", at: ["primary"] });
});

test("when both put it off the words of the second are kept, and of one that is away those of the other", async () => {
  await primary.behave({ answer: 451, at: "MAIL", words: "first" });
  await fallback.behave({ answer: 452, at: "MAIL", words: "second" });
  const deliver = await deliveringTo(primary, fallback);
  const deferred = { outcome: "deferred", at: [] };
  expect(await deliver()).toEqual({ ...deferred, answer: expect.stringMatching(/^452.*second/) });
  await fallback.behave("refuse connections");
  expect(await deliver()).toEqual({ ...deferred, answer: expect.stringMatching(/^451.*first/) });
});

test("a first server that was away rests for 30 seconds, and is then used again", async () => {
  await primary.behave("refuse connections");
  const deliver = await deliveringTo(primary, fallback);
  expect(await deliver()).toMatchObject({ at: ["fallback"] });
  await primary.behave("accept");
  const connections = primary.connectedAt.length;
  for (const seconds of [0, 15, 14.999]) {
    later(seconds);
    expect(await deliver()).toMatchObject({ outcome: "accepted", at: ["fallback"] });
  }
  expect(primary.connectedAt).toHaveLength(connections);
  later(0.001);
  expect(await deliver()).toMatchObject({ outcome: "accepted", at: ["primary"] });
});

test("a single server never rests", async () => {
  await primary.behave("refuse connections");
  const deliver = await deliveringTo(primary);
  expect(await deliver()).toEqual({ outcome: "deferred", answer: "", at: [] });
  await primary.behave("accept");
  expect(await deliver()).toMatchObject({ outcome: "accepted", at: ["primary"] });
});

test("of twenty mails at once, while the first is away, each is taken once by the second", async () => {
  await primary.behave("refuse connections");
  const deliver = await deliveringTo(primary, fallback);
  const deliveries = await Promise.all(Array.from({ length: 20 }, () => deliver()));
  for (const delivery of deliveries)
    expect(delivery).toMatchObject({ outcome: "accepted", at: ["fallback"] });
});

/**
 * Sends as a process does that was started with these mail servers.
 * @returns a function that sends one mail, and tells which servers have it
 */
async function deliveringTo(...servers: MailServer[]) {
  vi.resetModules();
  const [first, second] = servers.map(({ url }) => url);
  process.env.SMTP_URL = first ?? "";
  process.env.SMTP_URL_FALLBACK = second ?? "";
  const { deliverMail } = await import("./mail");
  return async () => {
    sent += 1;
    const recipient = `${sent}@example.org`;
    const delivery = await deliverMail(mailTo(recipient));
    const at = Object.entries({ primary, fallback }).flatMap(([name, { messages }]) =>
      messages.filter(({ recipients }) => recipients.includes(recipient)).map(() => name),
    );
    return { ...delivery, at };
  };
}

function mailTo(recipient: string): OutgoingMail {
  const messageId = `<${recipient}>`;
  return { messageId, recipient, subject: "A mail", text: "Text", html: "<p>Text</p>" };
}

function later(seconds: number) {
  vi.setSystemTime(Date.now() + seconds * 1000);
}
