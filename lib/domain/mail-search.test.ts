import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { Prisma } from "@/lib/platform/database/client/client";
import { database } from "@/lib/platform/database/database";
import {
  emptyDatabase,
  expectFoundBy,
  prepareTestDatabase,
} from "@/lib/platform/database/test-database";
import { days } from "@/lib/platform/duration";
import {
  countMails,
  countQuery,
  listMails,
  type MailFilter,
  mailQuery,
  mailStates,
  mostCounted,
} from "./mail-search";

await prepareTestDatabase();
const now = new Date("2030-01-01T10:42:00Z");
const all: MailFilter = { state: null, recipient: null };
const anyId = "017f22e2-79b0-7cc3-98c4-dc0c0c07398f";

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ["Date"] });
  vi.setSystemTime(now);
  await emptyDatabase();
});
afterEach(() => vi.useRealTimers());

describe("mails", () => {
  beforeEach(async () => {
    for (const recipient of ["ann@example.org", "bob@example.org"])
      for (const state of mailStates) await add(state, recipient);
  });

  test("are listed newest first, with what became of them and without what they say", async () => {
    const { mails, next } = await listMails(all, undefined, 50);
    expect(next).toBeNull();
    expect(mails.map(({ state }) => state)).toEqual([
      ...mailStates.toReversed(),
      ...mailStates.toReversed(),
    ]);
    expect(mails[0]).toStrictEqual({
      id: expect.any(String),
      template: "message",
      recipient: "bob@example.org",
      state: "expired",
      attempts: 3,
      nextAttemptAt: now,
      serverAnswer: "451 later",
      createdAt: now,
      settledAt: now,
      isResendable: true,
    });
    expect(JSON.stringify(mails)).not.toContain("sealed");
    const again = mails.filter(({ isResendable }) => isResendable).map(({ state }) => state);
    expect(again).toEqual(["expired", "refused", "expired", "refused"]);
  });

  test("of a state, of a recipient, or both", async () => {
    expect((await listMails({ ...all, state: "refused" }, undefined, 50)).mails).toHaveLength(2);
    const anns = await listMails({ ...all, recipient: "ann@example.org" }, undefined, 50);
    expect(anns.mails).toHaveLength(5);
    const both = { state: "queued", recipient: "ann@example.org" } as const;
    expect((await listMails(both, undefined, 50)).mails).toMatchObject([both]);
    for (const recipient of ["", "ann", "ANN@example.org", "' OR 1=1", "%"].filter(Boolean))
      expect((await listMails({ ...all, recipient }, undefined, 50)).mails).toEqual([]);
  });

  test.each([1, 3, 9, 10, 11])("in pages of %d are without doubles and gaps", async (length) => {
    const ids = (await listMails(all, undefined, 50)).mails.map(({ id }) => id);
    const seen = [];
    let after: string | undefined;
    do {
      const { mails, next } = await listMails(all, after, length);
      seen.push(...mails.map(({ id }) => id));
      after = next ?? undefined;
    } while (after);
    expect(seen).toEqual(ids);
    for (const forged of ["", "z", "' OR 1=1 --", "\0", "x".repeat(10_240)])
      expect((await listMails(all, forged, length)).mails[0]?.id).toBe(ids[0]);
  });
});

test("are counted by state, as far as anybody wants to know", async () => {
  expect(await countMails()).toEqual({
    queued: 0,
    accepted: 0,
    captured: 0,
    refused: 0,
    expired: 0,
  });
  const mail = { template: "sign-in", recipient: "ann@example.org", expiresAt: now };
  const accepted = Array.from({ length: mostCounted + 1 }, () => ({ ...mail, state: "accepted" }));
  await database().mail.createMany({ data: [...accepted, { ...mail, state: "queued" }] });
  expect(await countMails()).toMatchObject({ queued: 1, accepted: mostCounted, refused: 0 });
});

test.each<[string, Prisma.Sql, string]>([
  ["all", mailQuery(all, anyId, 51), "Mail_pkey (id<?)"],
  [
    "a state",
    mailQuery({ ...all, state: "queued" }, anyId, 51),
    "Mail_state_id_idx (state=? AND id<?)",
  ],
  [
    "a recipient and a state",
    mailQuery({ state: "queued", recipient: "ann@example.org" }, anyId, 51),
    "Mail_recipient_id_idx (recipient=? AND id<?)",
  ],
  ["a count", countQuery("queued"), "Mail_state_"],
])("an index answers for %s", async (_, query, index) => {
  await expectFoundBy(query, index);
});

async function add(state: string, recipient: string): Promise<void> {
  await database().mail.create({
    data: {
      state,
      recipient,
      template: "message",
      sealedContent: "sealed",
      attempts: 3,
      nextAttemptAt: now,
      expiresAt: new Date(now.getTime() + days(1)),
      serverAnswer: "451 later",
      createdAt: now,
      settledAt: now,
    },
  });
}
