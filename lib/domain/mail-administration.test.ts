import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Mail } from "@/lib/platform/database/client/client";
import { database } from "@/lib/platform/database/database";
import { emptyDatabase, prepareTestDatabase } from "@/lib/platform/database/test-database";
import { days, minutes } from "@/lib/platform/duration";
import type { Delivery } from "@/lib/platform/mail";
import type { Operator } from "./administration";
import { readDetails } from "./audit";
import { resendMail, resendRefusedMails } from "./mail-administration";
import { claimDueMails, isResendable, queueMail, readMailContent, recordDelivery } from "./outbox";
import { sweep } from "./sweep";
import { addUser } from "./test-second-factor";

await prepareTestDatabase();
const now = new Date("2030-01-01T10:42:00Z");
const client = { userAgent: "A browser", networkAddress: "203.0.113.9" };
const operator: Operator = { id: "the administrator", client };
const message = { subject: "News", text: "Hello", button: null };
const asker = { ...client, timeZone: null, askedAt: now.toISOString() };
const contents = [
  { template: "message", message },
  { template: "invitation" },
  {
    template: "security",
    notice: "blocked",
    noticeId: "notice",
    addressChangeId: null,
    newEmail: null,
    ...asker,
  },
] as const;

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ["Date"] });
  vi.setSystemTime(now);
  await emptyDatabase();
});
afterEach(() => vi.useRealTimers());

test.each(contents)("a mail that was given up is sent again as it was: %j", async (content) => {
  const { id: userId } = await addUser();
  const mail = await giveUp(await queue(content));
  expect(mail).toMatchObject({ state: "refused", serverAnswer: "said the server" });
  expect(isResendable(mail)).toBe(true);
  later(days(6));
  await resendMail(operator, mail.id);
  expect(await onlyMail()).toMatchObject({ state: "queued", attempts: 1, settledAt: null });
  const [claimed] = await claimDueMails(10);
  expect(claimed && readMailContent(claimed)).toEqual(content);
  expect(claimed?.expiresAt).toEqual(new Date(now.getTime() + days(13)));
  const [event] = await database().auditEvent.findMany();
  expect(event).toMatchObject({ type: "user_updated", userId, actor: operator.id, ...client });
  expect(event && readDetails(event)).toEqual({ act: "mail-resent", template: content.template });
});

test("one that could not be sent in time is sent again, too", async () => {
  const mail = await giveUp(await queue(contents[0]), "expired");
  expect(isResendable(mail)).toBe(true);
  await resendMail(operator, mail.id);
  expect(await onlyMail()).toMatchObject({ state: "queued" });
});

test("of those who ask at once, one sends it", async () => {
  const { id } = await giveUp(await queue(contents[0]));
  const asked = await Promise.allSettled([1, 2, 3, 4, 5].map(() => resendMail(operator, id)));
  expect(asked.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
  expect(await database().auditEvent.count()).toBe(1);
});

test("all that were refused are sent again at the pace of a mailing, and those that were meanwhile are left", async () => {
  for (let count = 0; count < 70; count++) await giveUp(await queue(contents[0]));
  await giveUp(await queue(contents[1]), "expired");
  later(1000);
  const counts = await Promise.all([resendRefusedMails(operator), resendRefusedMails(operator)]);
  expect(counts.toSorted()).toEqual([0, 70]);
  const [event, ...others] = await database().auditEvent.findMany();
  expect(others).toEqual([]);
  expect(event).toMatchObject({ actor: operator.id, userId: null, ...client });
  expect(event && readDetails(event)).toEqual({ act: "mail-resent", mails: 70 });
  expect(await claimDueMails(100)).toHaveLength(10);
  await database().mail.updateMany({ where: { attempts: 2 }, data: { state: "accepted" } });
  later(minutes(1) - 1);
  expect(await claimDueMails(100)).toHaveLength(50);
});

test("what an attempt says too late is not taken for the next one's", async () => {
  const waiting = await queue(contents[0]);
  const [slow] = await claimDueMails(1);
  later(minutes(1));
  const [next] = await claimDueMails(1);
  if (!slow || !next) throw new Error("No mail is due");
  await recordDelivery(next, { outcome: "refused", answer: "550 no" });
  await resendMail(operator, waiting.id);
  await claimDueMails(1);
  await recordDelivery(slow, { outcome: "refused", answer: "said too late" });
  expect(await onlyMail()).toMatchObject({ state: "queued", attempts: 3, serverAnswer: "550 no" });
});

test("what has not been given up, or carries a secret, is not sent again", async () => {
  await expect(resendMail(operator, "made-up")).rejects.toMatchObject({ reason: "unknown-mail" });
  const waiting = await queue(contents[0]);
  const signIn = { template: "sign-in", linkToken: "token", code: "123456", ...asker } as const;
  const gone = await giveUp(await queue(signIn), "refused");
  expect(gone).toMatchObject({ state: "refused", sealedContent: null });
  for (const mail of [waiting, gone]) {
    expect(isResendable(mail)).toBe(false);
    const refused = { reason: "not-resendable" };
    await expect(resendMail(operator, mail.id)).rejects.toMatchObject(refused);
  }
  expect(await database().auditEvent.count()).toBe(0);
});

test("after seven days it is not sent again, and what it said is swept away", async () => {
  const { id } = await giveUp(await queue(contents[0]));
  later(days(7) - 1);
  await sweep();
  expect((await onlyMail()).sealedContent).not.toBeNull();
  later(1);
  expect(isResendable(await onlyMail())).toBe(false);
  await expect(resendMail(operator, id)).rejects.toMatchObject({ reason: "not-resendable" });
  expect(await sweep()).toEqual({ MailContent: 1 });
  expect(await onlyMail()).toMatchObject({ state: "refused", sealedContent: null });
});

async function queue(content: Parameters<typeof queueMail>[1]["content"]): Promise<Mail> {
  const expiresAt = new Date(Date.now() + days(3));
  await queueMail(database(), { recipient: "ann@example.org", expiresAt, content });
  return await database().mail.findFirstOrThrow({ orderBy: { id: "desc" } });
}

async function giveUp(mail: Mail, outcome: Delivery["outcome"] = "refused"): Promise<Mail> {
  await database().mail.update({ where: { id: mail.id }, data: { attempts: { increment: 1 } } });
  await recordDelivery({ ...mail, attempts: 1 }, { outcome, answer: "said the server" });
  return await database().mail.findUniqueOrThrow({ where: { id: mail.id } });
}

async function onlyMail(): Promise<Mail> {
  const [mail, ...others] = await database().mail.findMany();
  expect(others).toEqual([]);
  if (!mail) throw new Error("There is no mail");
  return mail;
}

function later(ms: number): void {
  vi.setSystemTime(Date.now() + ms);
}
