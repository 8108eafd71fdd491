import { randomBytes } from "node:crypto";
import { type BrowserContext, test as base } from "@playwright/test";
import { client, type HttpClient, type SentHeaders } from "./http";
import { type MailServer, startMailServer } from "./mail-server";
import { type Site, startSite } from "./site";

export { expect } from "@playwright/test";

/** The person who is at the browser in this test, and nobody else's. */
export interface Visitor {
  /** An address that nobody has used before. */
  email: string;
  /**
   * Another browser, which shares nothing with the first one or any other: the person's telephone,
   * or a stranger's. Closed when the test ends.
   */
  asNewBrowser(): Promise<BrowserContext>;
  /** A program with a cookie jar and a network address of its own, and headers if it has any. */
  asNewProgram(ownHeaders?: SentHeaders): HttpClient;
}

interface ForEachTest {
  /** Whether pages may run scripts; `test.use({ javaScript: false })` to go without. */
  javaScript: boolean;
  visitor: Visitor;
  /** Where the browser seems to come from; the test's own, so that limits count it by itself. */
  networkAddress: string;
  aftermath: undefined;
}

interface ForEachWorker {
  /** More variables for the server; `test.use({ siteEnv })` at the top of a file starts its own. */
  siteEnv: Record<string, string>;
  mailServer: MailServer;
  site: Site;
}

interface DatabaseOfWorker {
  /** Which kind of database this run of the tests is on; the configuration says. */
  databaseKind: "sqlite" | "postgresql";
  databaseOfWorker: undefined;
}

/** Playwright's `test`, whose sites have databases of that kind. */
export const testOnDatabase = base.extend<object, DatabaseOfWorker>({
  databaseKind: ["sqlite", { option: true, scope: "worker" }],
  databaseOfWorker: [
    async ({ databaseKind }, use) => {
      process.env.TEST_DATABASE = databaseKind;
      await use(undefined);
    },
    { scope: "worker", auto: true },
  ],
});

/**
 * Playwright's `test` with a site to visit, its mail, and somebody who visits it:
 *
 *     test("a visitor signs in", async ({ page, mailServer, visitor }) => {
 *       await signIn(page, mailServer, visitor.email, { by: "code" });
 *       await expect(page).toHaveURL("/private");
 *     });
 *
 * Tests of one worker share a server and a database, and are told apart by their addresses.
 */
export const test = testOnDatabase.extend<ForEachTest, ForEachWorker>({
  siteEnv: [{}, { option: true, scope: "worker" }],
  mailServer: [
    async ({ siteEnv: _ }, use) => {
      const mailServer = await startMailServer();
      await use(mailServer);
      await mailServer.stop();
    },
    { scope: "worker" },
  ],
  site: [
    async ({ mailServer, siteEnv, databaseOfWorker: _ }, use) => {
      const site = await startSite({ mailServer, env: { TRUSTED_PROXIES: "1", ...siteEnv } });
      await use(site);
      await site.stop();
    },
    { scope: "worker" },
  ],

  javaScript: [true, { option: true }],
  javaScriptEnabled: ({ javaScript }, use) => use(javaScript),
  baseURL: ({ site }, use) => use(site.url),
  networkAddress: ({ site: _ }, use) => use(newNetworkAddress()),
  extraHTTPHeaders: ({ networkAddress }, use) => use(cameFrom(networkAddress)),

  visitor: async ({ browser, site, javaScript }, use) => {
    const others: BrowserContext[] = [];
    await use({
      email: `person-${randomBytes(6).toString("hex")}@example.org`,
      asNewBrowser: async () => {
        const context = await browser.newContext({
          baseURL: site.url,
          javaScriptEnabled: javaScript,
          extraHTTPHeaders: cameFrom(newNetworkAddress()),
        });
        others.push(context);
        return context;
      },
      asNewProgram: (ownHeaders) =>
        client(site, { ...cameFrom(newNetworkAddress()), ...ownHeaders }),
    });
    for (const context of others) await context.close();
  },

  aftermath: [
    async ({ mailServer, site }, use, testInfo) => {
      const before = site.output().length;
      await use(undefined);
      await mailServer.behave("accept");
      if (testInfo.status !== testInfo.expectedStatus) {
        const body = site.output().slice(before);
        await testInfo.attach("what the server wrote", { body, contentType: "text/plain" });
      }
    },
    { auto: true },
  ],
});

let networkAddresses = 0;

/** An address of the block that is reserved for tests of networks (RFC 2544), never used before. */
function newNetworkAddress(): string {
  const number = networkAddresses++;
  return `198.18.${number >> 8}.${number & 255}`;
}

/** What a proxy in front of the site would say; `TRUSTED_PROXIES` makes the site believe it. */
function cameFrom(networkAddress: string): Record<string, string> {
  return { "X-Forwarded-For": networkAddress };
}
