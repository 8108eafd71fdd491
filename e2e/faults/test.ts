import { randomBytes } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { expect } from "@playwright/test";
import { client, type HttpClient } from "../support/http";
import { type MailServer, startMailServer } from "../support/mail-server";
import { type Site, type SiteOptions, startSite } from "../support/site";
import { testOnDatabase } from "../support/test";
import { Toll } from "./toll";

interface ForEachTest {
  toll: Toll;
  mailServer: MailServer;
  /** Starts a site behind one proxy, which is stopped when the test ends. */
  open(options?: SiteOptions): Promise<Site>;
  /** Starts another process of the same site. */
  openBeside(first: Site, env?: Record<string, string>): Promise<Site>;
}

/** Playwright's `test` with sites that are there to be broken, and a toll that says what it cost: more than nothing fails. */
export const test = testOnDatabase.extend<ForEachTest>({
  toll: async ({ databaseKind: _ }, use, { annotations }) => {
    const toll = new Toll();
    const tell = (type: string, description: string) => annotations.push({ type, description });
    await use(toll);
    tell("done", toll.deeds);
    tell("lost", toll.losses);
    tell("longest wait", toll.longestWait ? `${Math.round(toll.longestWait)} ms` : "");
    expect(toll.losses).toBe("");
  },
  mailServer: async ({ databaseKind: _ }, use) => {
    const mailServer = await startMailServer();
    await use(mailServer);
    await mailServer.stop();
  },
  open: async ({ mailServer, databaseOfWorker: _ }, use, testInfo) => {
    const sites: Site[] = [];
    await use(async ({ env, ...options } = {}) => {
      const site = await startSite({
        mailServer,
        ...options,
        env: { TRUSTED_PROXIES: "1", ...env },
      });
      sites.push(site);
      return site;
    });
    // The database is the first one's, and goes with it.
    for (const site of sites.toReversed()) await site.stop();
    const log = testInfo.outputPath("sites.log");
    await writeFile(log, sites.map((site) => site.output()).join("\n"));
    await testInfo.attach("what the sites wrote", { path: log });
  },
  openBeside: async ({ open }, use) => {
    await use((first, env = {}) => open({ beside: first, env }));
  },
});

/** Somebody who has never been here, with a browser and a network address of their own. */
export interface Person {
  email: string;
  program: HttpClient;
}

let people = 0;

/** @param at the process that they come to, of a site that is known by the address of `site` */
export function newcomer(site: Site, at = site): Person {
  // Of the block that is reserved for tests of networks (RFC 2544).
  const networkAddress = `198.${18 + ((people >> 16) & 1)}.${(people >> 8) & 255}.${people & 255}`;
  people++;
  const email = `person-${randomBytes(6).toString("hex")}@example.org`;
  return { email, program: client(at, { origin: site.url, "x-forwarded-for": networkAddress }) };
}

/** The same browser, at one process of a site or another. */
export function sameBrowser({ program }: Person, site: Site, at: Site): HttpClient {
  const copy = newcomer(site, at).program;
  for (const [name, value] of program.cookies) copy.cookies.set(name, value);
  return copy;
}
