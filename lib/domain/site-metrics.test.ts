import { beforeEach, expect, test } from "vitest";
import { database } from "@/lib/platform/database/database";
import { emptyDatabase, prepareTestDatabase } from "@/lib/platform/database/test-database";
import { countSignIn } from "@/lib/platform/metrics";
import { readSiteMetrics } from "./site-metrics";

await prepareTestDatabase();
beforeEach(emptyDatabase);

test("mails are told by state, and the age of the oldest that somebody waits for", async () => {
  await add({ state: "accepted", createdAt: secondsAgo(9000) });
  await add({ state: "queued", createdAt: secondsAgo(90), attempts: 3 });
  await add({ state: "queued", createdAt: secondsAgo(10) });
  // One of a mailing, which goes out at a pace.
  await add({ state: "queued", createdAt: secondsAgo(5000), canWait: true });
  const text = await readSiteMetrics();
  expect(text).toContain('latchkey_mails{state="queued"} 3\n');
  expect(text).toContain('latchkey_mails{state="accepted"} 1\n');
  expect(text).toContain('latchkey_mails{state="refused"} 0\n');
  expect(text).toContain("latchkey_database_up 1\n");
  expect(ageIn(text)).toBeGreaterThanOrEqual(90);
  expect(ageIn(text)).toBeLessThan(100);
});

test("an empty queue has no age", async () => {
  await add({ state: "accepted", createdAt: secondsAgo(9000) });
  expect(ageIn(await readSiteMetrics())).toBe(0);
});

test("when the database is away, what the process knows is told, and that it is away", async () => {
  countSignIn("passkey", "signed_in");
  await database().$executeRaw`ALTER TABLE "Mail" RENAME TO "Elsewhere"`;
  const text = await readSiteMetrics();
  await database().$executeRaw`ALTER TABLE "Elsewhere" RENAME TO "Mail"`;
  expect(text).toContain("latchkey_database_up 0\n");
  expect(text).toContain('latchkey_sign_ins_total{way="passkey",outcome="signed_in"} 1\n');
  expect(text).not.toContain("latchkey_mails{");
  expect(text).not.toContain("latchkey_mail_queue_age_seconds");
});

async function add(data: { state: string; createdAt: Date; canWait?: boolean; attempts?: number }) {
  const expiresAt = new Date("2130-01-01");
  const common = { recipient: "ann@example.org", template: "sign-in", expiresAt };
  await database().mail.create({ data: { ...common, ...data } });
}

function secondsAgo(seconds: number): Date {
  return new Date(Date.now() - seconds * 1000);
}

function ageIn(text: string): number {
  return Number(/^latchkey_mail_queue_age_seconds (\S+)$/m.exec(text)?.[1]);
}
