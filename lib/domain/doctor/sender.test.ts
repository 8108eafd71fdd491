import { afterAll, expect, test } from "vitest";
import { readEnvironment } from "@/lib/platform/environment";
import { examineSender } from "./sender";
import { startNameServer, type Zone } from "./test-name-server";

const server = await startNameServer();
afterAll(server.stop);

const domain = "mail.example.org";
const key = { txt: [`v=DKIM1; k=rsa; p=${"A".repeat(200)}`] };
/** Nothing is wrong with it. */
const good: Zone = {
  [domain]: { mx: ["mx.example.org"], txt: ["unrelated", "v=spf1 ip4:192.0.2.1 -all"] },
  [`k7._domainkey.${domain}`]: key,
  "_dmarc.example.org": { txt: ["v=DMARC1; p=reject"] },
};

test("records that are in order are shown, those of DMARC also from the domain above", async () => {
  const found = await findingsIn(good, { dkimSelector: "k7" });
  expect(found.map(({ status, name }) => [status, name])).toEqual([
    ["ok", "sender.spf"],
    ["ok", "sender.dkim"],
    ["ok", "sender.dmarc"],
  ]);
  expect(found[0]?.values).toEqual({ domain, record: "v=spf1 ip4:192.0.2.1 -all" });
  expect(found[2]?.values).toMatchObject({ policy: "reject" });
});

test("a domain that takes no mail is told: no record, or the one that says so", async () => {
  for (const records of [{}, { mx: ["."] }])
    expect(await namesIn({ [domain]: records })).toContain("warning sender.no-route");
  expect(await namesIn({ [domain]: { a: ["192.0.2.1"] } })).not.toContain(
    "warning sender.no-route",
  );
});

test.each([
  [[], "warning sender.no-spf"],
  [["v=spf10 -all"], "warning sender.no-spf"],
  [["v=spf1 -all", "V=SPF1 ~all"], "fault sender.several-spf"],
  [["v=spf1 mx +all"], "fault sender.spf-lets-all"],
  [["v=spf1 all"], "fault sender.spf-lets-all"],
  [["v=spf1 mx ?all"], "warning sender.spf-open"],
  [["v=spf1 mx"], "warning sender.spf-open"],
  [["v=spf1 mx ~all"], "ok sender.spf"],
  [["v=spf1"], "warning sender.spf-open"],
  [["v=spf1 redirect=spf.example.org"], "ok sender.spf"],
  [["v=spf1 include:spf.example.org include:spf.example.org a mx -all"], "ok sender.spf"],
  [
    ["v=spf1 include:spf.example.org include:spf.example.org a mx ptr -all"],
    "fault sender.spf-lookups",
  ],
  [["v=spf1 include:loop.example.org -all"], "fault sender.spf-lookups"],
  [["v=spf1 exists:%{i}.example.org include:%{d}.example.org -all"], "ok sender.spf"],
])("SPF %j is: %s", async (txt, expected) => {
  const zone: Zone = {
    ...good,
    [domain]: { txt },
    "spf.example.org": { txt: ["v=spf1 include:deep.example.org a:x.example.org -all"] },
    "deep.example.org": { txt: ["v=spf1 mx/24 ip4:192.0.2.1 -all"] },
    "loop.example.org": { txt: ["v=spf1 include:loop.example.org -all"] },
  };
  expect((await namesIn(zone)).filter((name) => name.includes("spf"))).toEqual([expected]);
});

test("a DKIM key is looked up by the name that is given, or by the usual ones, which may be wrong", async () => {
  const usual = { ...good, [`google._domainkey.${domain}`]: key };
  const revoked = { ...good, [`k7._domainkey.${domain}`]: { txt: ["v=DKIM1; p="] } };
  expect(await namesIn(good)).toContain("not-checked sender.dkim-untold");
  expect(await namesIn(usual)).toContain("ok sender.dkim-perhaps");
  expect(await namesIn(good, { dkimSelector: "other" })).toContain("fault sender.no-dkim");
  expect(await namesIn(good, { dkimSelector: "no name" })).toContain("fault sender.no-dkim");
  expect(await namesIn(revoked, { dkimSelector: "k7" })).toContain("fault sender.dkim-revoked");
});

test.each([
  [[], "warning sender.no-dmarc"],
  [["v=DMARC1; p=none"], "warning sender.dmarc-none"],
  [["v=DMARC1"], "warning sender.dmarc-none"],
  [["v=DMARC1; sp=none; p = quarantine; pct=100"], "ok sender.dmarc"],
  [["v=DMARC1; p=reject", "v=DMARC1; p=none"], "fault sender.several-dmarc"],
])("DMARC %j is: %s", async (txt, expected) => {
  const zone = { ...good, [`_dmarc.${domain}`]: { txt }, "_dmarc.example.org": {} };
  expect((await namesIn(zone)).filter((name) => name.includes("dmarc"))).toEqual([expected]);
});

test("name servers that are broken are told once, and nothing is held for missing", async () => {
  const found = await namesIn({}, {}, "sender@example.broken");
  expect(found).toEqual(["not-checked sender.dns-away"]);
});

test("a site of this machine asks nobody", async () => {
  const site = readEnvironment({ AUTH_SECRET: "x".repeat(32) });
  expect(await examineSender(site, {})).toMatchObject([{ name: "sender.local" }]);
});

type Options = { dkimSelector?: string };

async function namesIn(zone: Zone, options?: Options, from?: string): Promise<string[]> {
  return (await findingsIn(zone, options, from)).map(({ status, name }) => `${status} ${name}`);
}

async function findingsIn(zone: Zone, options: Options = {}, from = `sender@${domain}`) {
  server.know(zone);
  const site = readEnvironment({
    AUTH_SECRET: "x".repeat(32),
    SITE_URL: "https://www.example.org",
    SMTP_URL: "smtp://127.0.0.1",
    MAIL_FROM: from,
  });
  return await examineSender(site, { dnsServers: [server.address], ...options });
}
