import { randomBytes } from "node:crypto";
import type { Page } from "@playwright/test";
import { client, type HttpAnswer, type HttpClient } from "./support/http";
import type { MailServer } from "./support/mail-server";
import { expectProblem } from "./support/problem";
import { askOverHttp, signInOverHttp } from "./support/program";
import { askForMail, codeIn, typeCode } from "./support/sign-in";
import { type Site, startSite } from "./support/site";
import { expect, test } from "./support/test";

const minute = 60_000;
const hour = 60 * minute;
const asJson = { accept: "application/json" };
/** The thousand of `npm run bench` would keep a busy machine longer than a test may take. */
const burst = 300;

test(`of ${burst} at once, two processes let through as many as the limit says and not one more`, async ({
  mailServer,
}) => {
  await withSites(2, mailServer, async (sites) => {
    const name = randomBytes(6).toString("hex");
    const answers = await atOnce((index) =>
      askFrom(sites, index, "198.51.100.7", `network-${name}-${index}@example.org`),
    );
    expect(answers.filter(({ status }) => status === 202)).toHaveLength(20);
    for (const answer of answers.filter(({ status }) => status !== 202)) {
      // A database that is asked for too much at once says so, and lets nobody through for that.
      if (answer.status === 503) expect(Number(answer.headers["retry-after"])).toBeGreaterThan(0);
      else expectRefused(answer);
    }
    await expect.poll(() => mailsTo(mailServer, `network-${name}-`)).toBe(20);
    // What is asked for last is sent last: a mail that should not be would have come by then.
    await askOverHttp(from(sites[0], "192.0.2.1"), mailServer, `next-${name}@example.org`);
    expect(mailsTo(mailServer, `network-${name}-`)).toBe(20);
  });
});

test("limits are still there after a kill and a restart", async ({ mailServer, visitor }) => {
  await withSites(1, mailServer, async ([site]) => {
    for (let index = 0; index < 20; index++) {
      await askOverHttp(from(site, "198.51.100.1"), mailServer, `${index}-${visitor.email}`);
    }
    await site.kill("SIGKILL");
    await site.restart();
    expectRefused(await ask(from(site, "198.51.100.2"), `0-${visitor.email}`));
    expectRefused(await ask(from(site, "198.51.100.1"), visitor.email));
    await askOverHttp(from(site, "198.51.100.2"), mailServer, visitor.email);
  });
});

test("an address gets one mail a minute and five an hour, and is told when the next can go", async ({
  site,
  mailServer,
  visitor,
}) => {
  await askOverHttp(visitor.asNewProgram(), mailServer, visitor.email);
  const sentAt = clockTime(site.clock.now());
  await site.clock.advance(20_000);
  const early = await ask(visitor.asNewProgram(), visitor.email);
  const seconds = expectRefused(early);
  expect(seconds).toBeGreaterThan(30);
  expect(seconds).toBeLessThanOrEqual(40);
  expect((early.json() as { detail: string }).detail).toContain(`We sent one at ${sentAt} UTC`);
  await site.clock.advance(seconds * 1000 - 5000);
  expectRefused(await ask(visitor.asNewProgram(), visitor.email));
  await site.clock.advance(5000);
  await askOverHttp(visitor.asNewProgram(), mailServer, visitor.email);

  for (let mail = 3; mail <= 5; mail++) {
    await site.clock.advance(minute);
    await askOverHttp(visitor.asNewProgram(), mailServer, visitor.email);
  }
  await site.clock.advance(2 * minute);
  const sixth = await ask(visitor.asNewProgram(), visitor.email);
  const wait = expectRefused(sixth);
  expect(wait).toBeGreaterThan(50 * 60);
  expect(wait).toBeLessThan(3600);
  await site.clock.advance(wait * 1000 - 5000);
  expectRefused(await ask(visitor.asNewProgram(), visitor.email));
  await site.clock.advance(5000);
  await askOverHttp(visitor.asNewProgram(), mailServer, visitor.email);
});

test("a refusal counts for nothing, and neither does what was malformed or foreign", async ({
  site,
  mailServer,
  visitor,
}) => {
  const program = visitor.asNewProgram();
  for (let time = 0; time < 25; time++) {
    expect((await ask(program, "not an address")).status).toBe(422);
    const body = { json: { email: visitor.email } };
    expect((await program.post("/auth", body, { origin: "null" })).status).toBe(403);
  }
  await askOverHttp(program, mailServer, visitor.email);
  for (let time = 0; time < 25; time++) expectRefused(await ask(program, visitor.email));
  await site.clock.advance(minute);
  await askOverHttp(program, mailServer, visitor.email);
});

test("a network waits no longer than it is told", async ({ site, mailServer, visitor }) => {
  const program = visitor.asNewProgram();
  for (let index = 0; index < 20; index++) {
    await askOverHttp(program, mailServer, `${index}-${visitor.email}`);
  }
  const answer = await ask(program, visitor.email);
  const seconds = expectRefused(answer);
  expect(seconds).toBeGreaterThan(3500);
  expect(seconds).toBeLessThanOrEqual(3600);
  expect(answer.body).toMatch(/Your network has asked .* next can go at \d\d:\d\d UTC/);
  await site.clock.advance(seconds * 1000 - 5000);
  expectRefused(await ask(program, visitor.email));
  await site.clock.advance(5000);
  await askOverHttp(program, mailServer, visitor.email);
});

const networks: Record<string, { same: string[]; other: string }> = {
  "an IPv6 /64": {
    same: ["2001:db8:1:2::1", "2001:DB8:1:2:ffff:ffff:ffff:ffff", "2001:0db8:0001:0002:0:0:0:5"],
    other: "2001:db8:1:3::1",
  },
  "an IPv4 address, however it is written": {
    same: ["203.0.113.9", "::ffff:203.0.113.9", "::ffff:cb00:7109"],
    other: "203.0.113.10",
  },
};

for (const [network, { same, other }] of Object.entries(networks)) {
  test(`${network} is one network`, async ({ site, mailServer, visitor }) => {
    for (let index = 0; index < 20; index++) {
      const program = from(site, same[index % same.length] ?? "");
      await askOverHttp(program, mailServer, `${index}-${visitor.email}`);
    }
    for (const address of same) expectRefused(await ask(from(site, address), visitor.email));
    await askOverHttp(from(site, other), mailServer, visitor.email);
    // The next test may be about the same network.
    await site.clock.advance(hour);
  });
}

for (const { proxies, says, means } of [
  { proxies: 0, says: "198.51.100.1", means: /(127\.0\.0\.1|::1)/ },
  { proxies: 1, says: "198.51.100.1", means: /198\.51\.100\.1/ },
  { proxies: 1, says: "198.51.100.66, 198.51.100.1", means: /198\.51\.100\.1/ },
  { proxies: 2, says: "198.51.100.66, 198.51.100.2, 198.51.100.1", means: /198\.51\.100\.2/ },
]) {
  test(`behind ${proxies} proxies, "${says}" is from where the proxies say`, async ({
    mailServer,
    visitor,
  }) => {
    // Left over from `vercel env pull`, where it would mean a proxy.
    const env = proxies > 0 ? { TRUSTED_PROXIES: `${proxies}` } : { VERCEL: "1" };
    const site = await startSite({ mailServer, env });
    try {
      const mail = await askOverHttp(from(site, says), mailServer, visitor.email);
      const [, address] = /from the network address (\S+),/.exec(mail.text) ?? [];
      expect(address).toMatch(new RegExp(`^${means.source}$`));
      // Whatever else a client says of itself is not believed.
      const forged = {
        forwarded: "for=192.0.2.9",
        "x-real-ip": "192.0.2.9",
        "x-client-ip": "192.0.2.9",
        "true-client-ip": "192.0.2.9",
        "cf-connecting-ip": "192.0.2.9",
      };
      const other = client(site, { ...forged, "x-forwarded-for": says });
      const second = await askOverHttp(other, mailServer, `second-${visitor.email}`);
      expect(second.text).toContain(`from the network address ${address},`);
    } finally {
      await site.stop();
    }
  });
}

test("strangers who use up an address's mails keep no browser out that was in before", async ({
  site,
  mailServer,
  visitor,
}) => {
  const person = visitor.asNewProgram();
  await signInOverHttp(person, mailServer, visitor.email);
  await person.post("/sign_out");
  await site.clock.advance(hour);
  await useUp(site, mailServer, visitor.email, () => visitor.asNewProgram());
  for (let mail = 1; mail <= 5; mail++) {
    await askOverHttp(person, mailServer, visitor.email);
    expectRefused(await ask(person, visitor.email));
    expectRefused(await ask(visitor.asNewProgram(), visitor.email));
    await site.clock.advance(minute);
  }
  expect(expectRefused(await ask(person, visitor.email))).toBeGreaterThan(50 * 60);
  // At an account that it was never in, it is a stranger.
  const other = `other-${visitor.email}`;
  await useUp(site, mailServer, other, () => visitor.asNewProgram());
  expectRefused(await ask(person, other));
});

test("the limits are those of the environment", async ({ mailServer, visitor }) => {
  const env = {
    TRUSTED_PROXIES: "1",
    MAILS_PER_MINUTE: "2",
    MAILS_PER_HOUR: "3",
    MAILS_PER_HOUR_PER_NETWORK: "4",
  };
  const site = await startSite({ mailServer, env });
  try {
    const network = from(site, "198.51.100.1");
    for (let mail = 1; mail <= 2; mail++) await askOverHttp(network, mailServer, visitor.email);
    expectRefused(await ask(network, visitor.email));
    await site.clock.advance(minute);
    await askOverHttp(network, mailServer, visitor.email);
    await site.clock.advance(minute);
    expectRefused(await ask(network, visitor.email));
    await askOverHttp(network, mailServer, `a-${visitor.email}`);
    expectRefused(await ask(network, `b-${visitor.email}`));
  } finally {
    await site.stop();
  }
});

for (const javaScript of [true, false]) {
  test.describe(javaScript ? "with scripts" : "without scripts", () => {
    test.use({ javaScript });

    test("another mail too early is refused on the page itself, where the code still works", async ({
      page,
      mailServer,
      visitor,
    }) => {
      const mail = await askForMail(page, mailServer, visitor.email, { next: "/private?tab=1" });
      const button = page.getByRole("button", { name: "Send another mail" });
      const main = page.getByRole("main");
      if (javaScript) {
        await expect(button).toBeDisabled();
        await expect(main).toContainText(/Another mail can go in 0:[0-5]\d\./);
        await submitAnyway(page);
      } else {
        await expect(main).toContainText(/Another mail can go at \d\d:\d\d UTC\./);
        await button.click();
      }
      await expect(main.getByRole("alert")).toContainText(/We sent one at \d\d:\d\d UTC/);
      await expect(page.getByRole("heading", { level: 1 })).toHaveText("Check your email");
      await typeCode(page, codeIn(mail));
      await expect(page).toHaveURL("/private?tab=1");
    });

    test("another mail goes as soon as it may", async ({ page, site, mailServer, visitor }) => {
      const mail = await askForMail(page, mailServer, visitor.email);
      await site.clock.advance(minute);
      await page.reload();
      await page.getByRole("button", { name: "Send another mail" }).click();
      const next = await mailServer.waitForMail({ to: visitor.email, after: mail });
      await typeCode(page, codeIn(next));
      await expect(page).toHaveURL("/private");
    });

    test("an address that has had its mails is refused on the sign-in page, which keeps what was typed", async ({
      page,
      mailServer,
      visitor,
    }) => {
      await askOverHttp(visitor.asNewProgram(), mailServer, visitor.email);
      await page.goto("/sign-in?next=/private%3Ftab%3D1");
      await page.getByLabel("Email address").fill(visitor.email);
      const answered = page.waitForResponse("**/auth");
      await page.getByRole("button", { name: "Email me a link" }).click();
      const answer = await answered;
      expect(answer.status()).toBe(429);
      expect(Number(answer.headers()["retry-after"])).toBeGreaterThan(0);
      await expect(page.getByRole("main").getByRole("alert")).toContainText(/We sent one at/);
      await expect(page.getByLabel("Email address")).toHaveValue(visitor.email);
      await expect(page.locator('form[action="/auth"] input[name="next"]')).toHaveValue(
        "/private?tab=1",
      );
    });
  });
}

/** Starts so many processes of one site, on one database file and behind one proxy. */
async function withSites(
  processes: number,
  mailServer: MailServer,
  deed: (sites: [Site, ...Site[]]) => Promise<void>,
) {
  const first = await startSite({ mailServer, env: { TRUSTED_PROXIES: "1" } });
  const sites: [Site, ...Site[]] = [first];
  try {
    for (let process = 1; process < processes; process++) {
      const env = { TRUSTED_PROXIES: "1" };
      sites.push(await startSite({ mailServer, beside: first, env }));
    }
    await deed(sites);
  } finally {
    // The database file is the first one's, and goes with it.
    for (const site of sites.reverse()) await site.stop();
  }
}

function atOnce(ask: (index: number) => Promise<HttpAnswer>): Promise<HttpAnswer[]> {
  return Promise.all(Array.from({ length: burst }, (_, index) => ask(index)));
}

/** Asks one process after the other, as a proxy spreads requests. */
function askFrom(sites: Site[], index: number, address: string, email: string) {
  const site = sites[index % sites.length];
  const [first] = sites;
  if (!site || !first) throw new Error("There is no site");
  return ask(client(site, { "x-forwarded-for": address, origin: first.url }), email);
}

/** A program from this network address, as the proxies in front of a site tell. */
function from(site: Site, address: string): HttpClient {
  return client(site, { "x-forwarded-for": address });
}

function ask(program: HttpClient, email: string): Promise<HttpAnswer> {
  return program.post("/auth", { json: { email } }, asJson);
}

/** Has strangers ask for mails to an address until it may get no more for the hour. */
async function useUp(
  site: Site,
  mailServer: MailServer,
  email: string,
  asStranger: () => HttpClient,
) {
  for (let mail = 0; mail < 5; mail++) {
    const stranger = asStranger();
    if ((await ask(stranger, email)).status === 202) await mailServer.waitForMail({ to: email });
    await site.clock.advance(minute);
  }
  expect(expectRefused(await ask(asStranger(), email))).toBeGreaterThan(minute / 1000);
}

/** Expects a refusal that sets no cookie; tells the seconds to wait. */
function expectRefused(answer: HttpAnswer): number {
  expectProblem(answer, 429);
  expect(answer.setCookies).toEqual([]);
  expect(answer.headers["retry-after"]).toMatch(/^[1-9]\d*$/);
  return Number(answer.headers["retry-after"]);
}

function clockTime(date: Date): string {
  return date.toISOString().slice(11, 16);
}

function mailsTo({ messages }: MailServer, prefix: string): number {
  return messages.filter(({ recipients: [to = ""] }) => to.startsWith(prefix)).length;
}

/** Sends the form that asks for another mail, though its button is not to be pressed yet. */
async function submitAnyway(page: Page) {
  const form = page.locator("form", { hasText: "Send another mail" });
  await form.evaluate((element: HTMLFormElement) => element.submit());
}
