import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Mail } from "@/lib/platform/database/client/client";
import { database } from "@/lib/platform/database/database";
import { prepareTestDatabase } from "@/lib/platform/database/test-database";
import { inTransaction } from "@/lib/platform/database/transaction";
import type { Delivery } from "@/lib/platform/mail";
import { seal } from "@/lib/platform/secrets";
import {
  claimDueMails,
  listCapturedMails,
  queueMail,
  readMailContent,
  recordDelivery,
  renewClaim,
} from "./outbox";
import { endRequestsOf } from "./sign-in-state";

await prepareTestDatabase();
const now = new Date("2030-01-01T10:42:00Z");
const content = {
  template: "sign-in" as const,
  linkToken: "the link's token",
  code: "123456",
  userAgent: "A browser",
  networkAddress: "203.0.113.7",
  timeZone: "Europe/Berlin",
  askedAt: now.toISOString(),
};

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ["Date"] });
  vi.setSystemTime(now);
  await database().mail.deleteMany();
});
afterEach(() => vi.useRealTimers());

test("a mail waits with its content sealed", async () => {
  await queue();
  const mail = await onlyMail();
  expect(mail).toMatchObject({ state: "queued", attempts: 0, nextAttemptAt: now, settledAt: null });
  expect(JSON.stringify(mail)).not.toMatch(/the link's token|A browser|203\.0\.113\.7|"123456"/);
  expect(readMailContent(mail)).toEqual(content);
});

test("a mail of an older version, which knew no time zones, is read", async () => {
  const { timeZone: _, ...older } = content;
  await queue();
  const sealedContent = seal("mail content", JSON.stringify(older));
  const mail = { ...(await onlyMail()), sealedContent };
  expect(readMailContent(mail)).toEqual({ ...older, timeZone: null });
});

test("a mail is not stored when its act is undone", async () => {
  const act = inTransaction(async (transaction) => {
    await queueMail(transaction, { recipient: "ann@example.org", expiresAt: now, content });
    throw new Error("undone");
  });
  await expect(act).rejects.toThrow("undone");
  expect(await database().mail.count()).toBe(0);
});

test("content that was changed, or sealed for something else, is not read", async () => {
  await queue();
  const mail = await onlyMail();
  for (const sealedContent of [null, "", "made-up", mail.sealedContent?.slice(0, -1) ?? ""])
    expect(() => readMailContent({ ...mail, sealedContent })).toThrow();
});

test("a claimed mail is nobody else's for 20 seconds", async () => {
  await queue();
  expect(await claimDueMails(10)).toMatchObject([{ attempts: 1, recipient: "ann@example.org" }]);
  expect(await claimDueMails(10)).toEqual([]);
  later(19.999);
  expect(await claimDueMails(10)).toEqual([]);
});

test("a mail whose sender has died is taken again after 20 seconds", async () => {
  await queue();
  await claimDueMails(10);
  later(30);
  expect(await claimDueMails(10)).toMatchObject([{ attempts: 2 }]);
});

test("a claim that is renewed holds on, however slow the mail server is", async () => {
  await queue();
  const mail = await claim();
  later(15);
  await renewClaim(mail);
  later(15);
  expect(await claimDueMails(10)).toEqual([]);
});

test("of claimers at once each mail goes to one", async () => {
  for (let count = 0; count < 20; count++) await queue();
  const claims = await Promise.all(Array.from({ length: 5 }, () => claimDueMails(20)));
  const ids = claims.flat().map(({ id }) => id);
  expect(ids).toHaveLength(20);
  expect(new Set(ids).size).toBe(20);
});

test("no more are claimed than asked for, and those that wait longest come first", async () => {
  for (const recipient of ["first", "second", "third"]) {
    await queue(recipient);
    later(1);
  }
  expect(await claimDueMails(2)).toMatchObject([{ recipient: "first" }, { recipient: "second" }]);
  expect(await claimDueMails(2)).toMatchObject([{ recipient: "third" }]);
});

test("those that somebody waits for come first, however long others have waited", async () => {
  const message = { template: "message", message: null } as const;
  const expiresAt = new Date("2030-01-02T10:42:00Z");
  for (let count = 0; count < 8; count++)
    await queueMail(database(), { recipient: `${count}`, expiresAt, content: message });
  later(60);
  for (const recipient of ["first", "second"]) {
    await queue(recipient);
    later(1);
  }
  const templates = async (limit: number, patientLimit?: number) =>
    (await claimDueMails(limit, [], patientLimit)).map(({ template }) => template);
  expect(await templates(1)).toEqual(["sign-in"]);
  expect(await templates(5, 2)).toEqual(["sign-in", "message", "message"]);
  expect(await templates(5, -1)).toEqual([]);
  expect(await templates(5)).toEqual(Array(5).fill("message"));
});

test("what can wait is tried once a minute in the end", async () => {
  const content = { template: "invitation" } as const;
  const expiresAt = new Date("2030-01-02T10:42:00Z");
  await queueMail(database(), { recipient: "ann@example.org", expiresAt, content });
  for (const pause of [2, 4, 8, 16, 32, 60, 60]) {
    await recordDelivery(await claim(), { outcome: "deferred", answer: "451 later" });
    later(pause - 0.001);
    expect(await claimDueMails(10)).toEqual([]);
    later(0.001);
  }
});

test.each<Delivery["outcome"]>(["accepted", "refused", "expired"])(
  "a mail that is %s is settled, and what it held is erased",
  async (outcome) => {
    await queue();
    await recordDelivery(await claim(), { outcome, answer: "said the server" });
    const settled = { state: outcome, sealedContent: null, settledAt: now };
    expect(await onlyMail()).toMatchObject({ ...settled, serverAnswer: "said the server" });
    later(3600);
    expect(await claimDueMails(10)).toEqual([]);
  },
);

test("a mail that stays here is shown with its content, newest first", async () => {
  for (const recipient of ["older", "newer"]) {
    await queue(recipient);
    await recordDelivery(await claim(), { outcome: "captured", answer: "" });
    later(1);
  }
  await queue("waiting");
  const captured = await listCapturedMails(10);
  expect(captured).toMatchObject([{ recipient: "newer" }, { recipient: "older" }]);
  expect(captured.map(readMailContent)).toEqual([content, content]);
  expect(await listCapturedMails(1)).toHaveLength(1);
});

test("a mail that the server puts off is tried again after pauses that grow", async () => {
  await queue();
  for (const pause of [2, 4, 8, 16, 20, 20]) {
    await recordDelivery(await claim(), { outcome: "deferred", answer: "451 later" });
    expect(await onlyMail()).toMatchObject({ state: "queued", serverAnswer: "451 later" });
    later(pause - 0.001);
    expect(await claimDueMails(10)).toEqual([]);
    later(0.001);
  }
  expect(await claim()).toMatchObject({ attempts: 7 });
});

test("what one attempt says after its time is over changes nothing of the next", async () => {
  await queue();
  const slow = await claim();
  later(30);
  const next = await claim();
  await recordDelivery(slow, { outcome: "deferred", answer: "451 later" });
  later(10);
  expect(await claimDueMails(10)).toEqual([]);
  await recordDelivery(next, { outcome: "accepted", answer: "250 taken" });
  expect(await onlyMail()).toMatchObject({ state: "accepted", serverAnswer: "250 taken" });
});

test("what is accepted stays accepted, whatever is said afterwards", async () => {
  await queue();
  const mail = await claim();
  await recordDelivery(mail, { outcome: "accepted", answer: "250 taken" });
  for (const outcome of ["deferred", "refused", "expired", "captured"] as const)
    await recordDelivery(mail, { outcome, answer: "said too late" });
  expect(await onlyMail()).toMatchObject({ state: "accepted", serverAnswer: "250 taken" });
});

test("what was on its way when it was taken back, and was accepted, is told as sent", async () => {
  await queue();
  const mail = await claim();
  await endRequestsOf(database(), "ann@example.org");
  await recordDelivery(mail, { outcome: "deferred", answer: "451 later" });
  expect(await onlyMail()).toMatchObject({ state: "expired", serverAnswer: null });
  await recordDelivery(mail, { outcome: "accepted", answer: "250 taken" });
  expect(await onlyMail()).toMatchObject({ state: "accepted", serverAnswer: "250 taken" });
});

test("cancelled mails are erased and never sent, and those to others are", async () => {
  await queue();
  await queue("bob@example.org");
  await inTransaction((transaction) => endRequestsOf(transaction, "ann@example.org"));
  const where = { recipient: "ann@example.org" };
  const cancelled = { state: "expired", sealedContent: null, settledAt: now };
  expect(await database().mail.findFirst({ where })).toMatchObject(cancelled);
  expect(await claimDueMails(10)).toMatchObject([{ recipient: "bob@example.org" }]);
});

test("cancelling takes back what signs in, and no news of the account", async () => {
  const { linkToken: _, code: __, template: ___, ...asker } = content;
  const expiresAt = new Date("2030-01-01T10:52:00Z");
  const notice = { notice: "new-device", noticeId: "notice" } as const;
  const none = { addressChangeId: null, newEmail: null };
  for (const other of [
    { ...asker, template: "step-up", linkToken: "another", code: "654321", act: "export" },
    { ...asker, ...notice, ...none, template: "security" },
    { ...asker, template: "account-deleted", isByAdministrator: false },
  ] as const)
    await queueMail(database(), { recipient: "ann@example.org", expiresAt, content: other });
  await endRequestsOf(database(), "ann@example.org");
  const mails = await database().mail.findMany({ select: { template: true, state: true } });
  expect(mails.toSorted((a, b) => a.template.localeCompare(b.template))).toEqual([
    { template: "account-deleted", state: "queued" },
    { template: "security", state: "queued" },
    { template: "step-up", state: "expired" },
  ]);
});

test.each<Delivery["outcome"]>(["accepted", "refused", "expired"])(
  "the last mail of an account leaves nothing behind when it is %s",
  async (outcome) => {
    const { linkToken: _, code: __, ...asker } = content;
    const expiresAt = new Date("2030-01-04T10:42:00Z");
    const last = { ...asker, template: "account-deleted", isByAdministrator: false } as const;
    await queueMail(database(), { recipient: "ann@example.org", expiresAt, content: last });
    await recordDelivery(await claim(), { outcome: "deferred", answer: "451 later" });
    later(2);
    await recordDelivery(await claim(), { outcome, answer: "said the server" });
    expect(await database().mail.count()).toBe(0);
  },
);

test("cancelling changes nothing of what has gone out", async () => {
  await queue();
  await recordDelivery(await claim(), { outcome: "accepted", answer: "250 taken" });
  await endRequestsOf(database(), "ann@example.org");
  expect(await onlyMail()).toMatchObject({ state: "accepted" });
});

async function queue(recipient = "ann@example.org") {
  const expiresAt = new Date("2030-01-01T10:52:00Z");
  await queueMail(database(), { recipient, expiresAt, content });
}

async function claim(): Promise<Mail> {
  const [mail, ...others] = await claimDueMails(10);
  if (!mail || others.length > 0) throw new Error("not exactly one mail is due");
  return mail;
}

async function onlyMail(): Promise<Mail> {
  const [mail, ...others] = await database().mail.findMany();
  if (!mail || others.length > 0) throw new Error("not exactly one mail is stored");
  return mail;
}

function later(seconds: number) {
  vi.setSystemTime(Date.now() + seconds * 1000);
}
