import { setTimeout as pause } from "node:timers/promises";
import { expect, test } from "@playwright/test";
import { PrismaBetterSqlite3 } from "@prisma/adapter-better-sqlite3";
import fc from "fast-check";
import { countSessions } from "../e2e/support/database";
import { client, type HttpAnswer } from "../e2e/support/http";
import { type MailServer, startMailServer } from "../e2e/support/mail-server";
import { askOverHttp, sendLink } from "../e2e/support/program";
import { linkIn } from "../e2e/support/sign-in";
import { type Site, startSite } from "../e2e/support/site";
import { quantile, writeReport } from "./report";

const rows: [string, string][] = [];
const env = { TRUSTED_PROXIES: "1", LOG_LEVEL: "warn" };
const asJson = { accept: "application/json" };
let mailServer: MailServer;
let site: Site;

test.beforeAll(async () => {
  mailServer = await startMailServer();
  site = await startSite({ mailServer, env });
});
test.afterAll(async () => {
  await site.stop();
  await mailServer.stop();
  writeReport("sign-in.md", "Signing in under stress", rows);
});

test("known, unknown and blocked addresses cannot be told apart", async () => {
  const kinds = ["known", "unknown", "blocked"] as const;
  const rounds = 1000;
  await seedAccounts(rounds);
  await ask(site, "warm-up@example.org");
  const times = { known: [] as number[], unknown: [] as number[], blocked: [] as number[] };
  const answers = new Set<string>();
  for (let round = 0; round < rounds; round++) {
    for (const kind of kinds) {
      const startedAt = performance.now();
      const answer = await ask(site, `${kind}-${round}@example.org`);
      times[kind].push(performance.now() - startedAt);
      answers.add(`${answer.status} ${answer.body}`);
    }
  }
  expect([...answers]).toEqual(['202 {"status":"sent"}']);
  const medians = kinds.map((kind) => `${kind} ${quantile(times[kind], 0.5)}`).join(", ");
  rows.push([`\`POST /auth\`, medians of ${rounds} interleaved requests each`, medians]);
});

test("a stalled mail server slows no answer", async () => {
  const stalled = await startMailServer();
  const waiting = await startSite({ mailServer: stalled, env });
  await stalled.behave({ stall: 10 * 60_000, at: "greeting" });
  const times = { quick: [] as number[], stalled: [] as number[] };
  for (let round = 0; round < 500; round++) {
    for (const [kind, asked] of [
      ["quick", site],
      ["stalled", waiting],
    ] as const) {
      const startedAt = performance.now();
      expect((await ask(asked, `${kind}-stall-${round}@example.org`)).status).toBe(202);
      times[kind].push(performance.now() - startedAt);
    }
  }
  await waiting.stop();
  await stalled.stop();
  const describe = (sample: number[]) =>
    `p50 ${quantile(sample, 0.5)}, p99 ${quantile(sample, 0.99)}`;
  rows.push(["`POST /auth` with a quick mail server", describe(times.quick)]);
  rows.push(["the same with one that says nothing", describe(times.stalled)]);
});

for (const [trouble, behaviour] of [
  ["said 451 to every recipient", { answer: 451, at: "RCPT" }],
  ["said nothing at DATA", { stall: 10 * 60_000, at: "DATA" }],
] as const) {
  test(`after a mail server that ${trouble} is back, all mails go, each once`, async () => {
    const count = 200;
    await mailServer.behave(behaviour);
    const email = (index: number) =>
      `${trouble.replaceAll(" ", "-").toLowerCase()}-${index}@example.org`;
    for (let index = 0; index < count; index++) await ask(site, email(index));
    // Until the pauses between tries are as long as they get.
    await pause(30_000);
    await mailServer.behave("accept");
    const backAt = Date.now();
    for (let index = 0; index < count; index++)
      await mailServer.waitForMail({ to: email(index), timeout: 60_000 });
    const seconds = ((Date.now() - backAt) / 1000).toFixed(1);
    await pause(25_000);
    const arrived = mailServer.messages.filter(({ recipients }) =>
      recipients[0]?.startsWith(email(0).slice(0, -"0@example.org".length)),
    );
    expect(arrived).toHaveLength(count);
    rows.push([
      `${count} mails waited while the server ${trouble}`,
      `all in ${seconds} s, each once`,
    ]);
  });
}

test("100 clients redeem one link at once, 100 rounds", async () => {
  let sessions = 0;
  for (let round = 0; round < 100; round++) {
    const email = `round-${round}@example.org`;
    const program = client(site, fromAnywhere());
    const mail = await askOverHttp(program, mailServer, email);
    const answers = await Promise.all(
      Array.from({ length: 100 }, () => sendLink(program, linkIn(mail))),
    );
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(answers.filter(({ status }) => status >= 500)).toHaveLength(0);
    sessions += await countSessions(site, email);
  }
  expect(sessions).toBe(100);
  rows.push(["100 clients redeem one link at once, 100 rounds", `${sessions} sessions`]);
});

test("1000 requests at once, on two processes, get what the limits allow", async () => {
  const twin = await startSite({ mailServer, env, beside: site });
  const network = fromAnywhere();
  const answers = await Promise.all(
    Array.from({ length: 1000 }, (_, index) =>
      ask(index % 2 ? site : twin, `burst-${index}@example.org`, network),
    ),
  );
  await twin.stop();
  const count = (status: number) => answers.filter((answer) => answer.status === status).length;
  expect(count(202)).toBe(20);
  const statuses = [202, 429, 503].map((status) => `${status}: ${count(status)}`).join(", ");
  rows.push(["1000 `POST /auth` of one network at once, on two processes", statuses]);
});

test("100,000 hostile addresses", async () => {
  const hostile = fc.oneof(
    fc.string({ unit: "binary", maxLength: 120 }),
    fc.string({ unit: "grapheme", maxLength: 120 }),
    fc.emailAddress(),
    fc.tuple(fc.emailAddress(), fc.string(), fc.emailAddress()).map((parts) => parts.join("")),
    fc.stringMatching(/^[a-z"(),.:;<>@[\]\\\r\n %!=?]{0,60}$/),
  );
  const emails = fc.sample(hostile, 100_000);
  const statuses: Record<number, number> = {};
  const before = mailServer.messages.length;
  const slow: number[] = [];
  const workers = Array.from({ length: 8 }, async () => {
    for (let email = emails.pop(); email !== undefined; email = emails.pop()) {
      const startedAt = performance.now();
      const { status } = await ask(site, email);
      if (status !== 202) slow.push(performance.now() - startedAt);
      statuses[status] = (statuses[status] ?? 0) + 1;
    }
  });
  await Promise.all(workers);
  expect(Object.keys(statuses).filter((status) => Number(status) >= 500)).toEqual([]);
  const sent = statuses[202] ?? 0;
  await expect
    .poll(() => mailServer.messages.length - before, { timeout: 300_000 })
    .toBeGreaterThanOrEqual(sent);
  const stored = new Set(await storedAddresses());
  for (const { recipients } of mailServer.messages.slice(before)) {
    expect(recipients).toHaveLength(1);
    expect(stored.has(recipients[0] ?? "")).toBe(true);
  }
  const counts = Object.entries(statuses).map(([status, times]) => `${status}: ${times}`);
  rows.push(["100,000 random and hostile addresses", counts.join(", ")]);
  rows.push([
    "a refusal among them, 8 at a time",
    `p50 ${quantile(slow, 0.5)}, p99 ${quantile(slow, 0.99)}`,
  ]);
});

function ask(where: Site, email: string, from = fromAnywhere()): Promise<HttpAnswer> {
  return client(where, from).post("/auth", { json: { email } }, asJson);
}

let networks = 0;

/** Another network each time: what is measured here is not the limit of one. */
function fromAnywhere() {
  const number = networks++;
  return {
    "X-Forwarded-For": `2001:db8:${(number >> 16).toString(16)}:${(number & 65535).toString(16)}::1`,
  };
}

async function seedAccounts(count: number): Promise<void> {
  const script = Array.from({ length: count }, (_, index) =>
    (["known", "blocked"] as const).map((kind) => {
      const email = `${kind}-${index}@example.org`;
      const blockedAt = kind === "blocked" ? "'2026-01-01T00:00:00.000+00:00'" : "NULL";
      return `INSERT INTO "User" (id, email, emailTyped, emailVerified, blockedAt) VALUES ('${kind}-${index}', '${email}', '${email}', '2026-01-01T00:00:00.000+00:00', ${blockedAt});`;
    }),
  );
  await inDatabase((database) => database.executeScript(script.flat().join("\n")));
}

async function storedAddresses(): Promise<string[]> {
  const sql = 'SELECT DISTINCT "email" FROM "SignInRequest"';
  const { rows: found } = await inDatabase((database) =>
    database.queryRaw({ sql, args: [], argTypes: [] }),
  );
  return found.map(([email]) => String(email));
}

async function inDatabase<Result>(
  work: (database: Awaited<ReturnType<PrismaBetterSqlite3["connect"]>>) => Promise<Result>,
): Promise<Result> {
  const database = await new PrismaBetterSqlite3({ url: site.databaseFile }).connect();
  try {
    return await work(database);
  } finally {
    await database.dispose();
  }
}
