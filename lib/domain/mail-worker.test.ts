import { expect, test } from "vitest";
import type { Mail } from "@/lib/platform/database/client/client";
import { database } from "@/lib/platform/database/database";
import { forgetLimits, prepareTestDatabase } from "@/lib/platform/database/test-database";
import { randomToken } from "@/lib/platform/secrets";
import { mailStopToken, peekMailStop } from "./mail-stop";
import { renderMail } from "./mail-worker";
import { type MailContent, queueMail, readMailContent } from "./outbox";
import { storeSignInRequest } from "./sign-in-request";

process.env.SITE_URL = "https://example.org";
process.env.SITE_NAME = "Ann & Bob's";
process.env.SMTP_URL = "smtp://mail.example.org";
await prepareTestDatabase();

const chrome =
  "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36";

test("in the text the link stands alone on a line, and so does the code", async () => {
  const { text, link, code } = await ask();
  expect(link).toMatch(/^https:\/\/example\.org\/confirm\?token=[\w-]{43}$/);
  expect(text.split("\n").filter((line) => line === link)).toHaveLength(1);
  expect(text.split("\n").filter((line) => line === code)).toHaveLength(1);
});

test("text and HTML name the site, the browser, the network address and the time", async () => {
  const { text, html } = await ask();
  for (const part of [text, readable(html)]) {
    expect(part).toContain("Ann & Bob's");
    expect(part).toContain("Chrome on Linux");
    expect(part).toContain("203.0.113.7");
    expect(part).toMatch(/on [A-Z][a-z]+ \d{1,2}, \d{4} at \d{2}:\d{2} UTC/);
    expect(part).toContain("ann@example.org");
    expect(part).toMatch(/If that was not you/);
  }
});

test("the HTML has the link and the code", async () => {
  const { html, link, code } = await ask();
  expect(html).toContain(`href="${link}"`);
  expect(readable(html).split(/\s+/)).toContain(code);
});

test("the HTML loads nothing and leads nowhere but to the link and the stop link", async () => {
  const { html, link, stopLink } = await ask();
  const content = html.replace(/^<!DOCTYPE[^>]*>/i, "");
  expect(content).not.toMatch(/\b(src|srcset|background|poster|action|ping)=/i);
  expect(content).not.toMatch(
    /url\(|@import|@font-face|<(link|script|img|iframe|form|base|object)\b/i,
  );
  const addresses = content.match(/(https?:)?\/\/[^"'\s<>)]+/g) ?? [];
  expect(new Set(addresses)).toEqual(new Set([link, stopLink]));
});

test("in the text the stop link stands alone on a line, and its token is that of the mail", async () => {
  const { text, stopLink } = await ask();
  expect(stopLink).toMatch(/\?token=[\w-]{36}\.[\w-]{43}$/);
  expect(text.split("\n").filter((line) => line === stopLink)).toHaveLength(1);
  const token = new URL(stopLink).searchParams.get("token") ?? "";
  expect(await peekMailStop(token)).toMatchObject({ email: "ann@example.org" });
});

test("the number of the screen is not in the mail: who reads the mail alone does not know it", async () => {
  const { text, html, mail } = await ask();
  const { number } = await database().signInRequest.findFirstOrThrow({
    where: { mail: { id: mail.id } },
  });
  expect(number).toBeGreaterThan(12);
  expect(JSON.stringify(readMailContent(mail))).not.toContain(`"number"`);
  for (const part of [text, readable(html)])
    expect(part.split(/\s+/)).not.toContain(String(number));
});

test("the subject is one line, without the code", async () => {
  const { subject, code } = await ask();
  expect(subject).toContain("Ann & Bob's");
  expect(subject).not.toMatch(/\p{Cc}/u);
  expect(subject).not.toContain(code);
});

const strangeUserAgents = [
  '<img src=x onerror="alert(1)">/1.0',
  "'\"><script>alert(1)</script>/1.0 (X11)",
  "Your account is locked: visit https://evil.example/1.0 (X11; Linux)",
  "Mozilla/5.0 (evil.example <b>) Evil/1.0",
  "Chrome/130 evil.example",
  "evil.example/{code}/{0}",
  "evil.example/1\r\n\r\n123456\r\n",
];

test.each(strangeUserAgents)("a user agent is no part of the HTML: %j", async (userAgent) => {
  const { html } = await ask(userAgent);
  expect(html).not.toMatch(/<script|<img|<b>|"alert|'"/i);
});

test.each(strangeUserAgents)(
  "a user agent has no say in a mail of the site: %j",
  async (userAgent) => {
    const { text, html, link, stopLink } = await ask(userAgent);
    for (const part of [text, html])
      expect(part.replaceAll(link, "").replaceAll(stopLink, "")).not.toMatch(
        /evil|alert|onerror|locked|\{code\}/i,
      );
  },
);

test.each(["", "-", "x".repeat(300), "\u202E", "👋"])(
  "an unknown browser is called so: %j",
  async (userAgent) => expect((await ask(userAgent)).text).toContain("with an unknown browser"),
);

const hostileText = [
  "Hello <b>there</b> & goodbye,",
  "see https://example.com/a?b=c&d=e(1). Or javascript:alert(1), or example.net,",
  '<https://example.com/"onclick="x> {braces} %s <!-- -->',
].join("\n");

test("a message is text in paragraphs, whose web addresses are links, and nothing else is markup", async () => {
  const mail = await messageMail("News & <i>more</i>", `${hostileText}\n \n\nAgain.\n\nAgain.`);
  const { subject, text, html } = await renderMail(mail);
  expect(subject).toBe("News & <i>more</i>");
  expect(text).toContain(`\n\n${hostileText}\n\nAgain.\n\nAgain.\n\nRead on\n\nhttps://`);
  expect(text).toMatch(/-- \nWhoever runs Ann & Bob's sent this to ann@example\.org because/);
  const links = [...html.matchAll(/href="([^"]*)"/g)].map(([, href = ""]) => href);
  expect(links).toEqual([
    "https://example.com/a?b=c&amp;d=e(1",
    "https://example.com/",
    "https://example.com/?a=1&amp;b=2",
  ]);
  expect(html).not.toMatch(/<b>|<i>|onclick="|<script|alert\(1\)"/);
  expect(readable(html)).toContain("Hello &lt;b&gt;there&lt;/b&gt; & goodbye,");
  expect(html.match(/Again\./g)).toHaveLength(2);
});

test("an invitation leads to the sign-in page with the address, and carries no secret", async () => {
  const mail = await storedMail({ template: "invitation" });
  const { subject, text, html } = await renderMail(mail);
  expect(subject).toBe("You have an account at Ann & Bob's");
  const link = "https://example.org/sign-in?email=ann%40example.org";
  expect(text.split("\n").filter((line) => line === link)).toHaveLength(1);
  expect(html).toContain(`href="${link}"`);
});

test("two mails differ in link and code, and one looks the same each time", async () => {
  const [one, two] = [await ask(), await ask()];
  expect(one.link).not.toBe(two.link);
  const again = await renderMail(one.mail);
  expect([again.subject, again.text, again.html]).toEqual([one.subject, one.text, one.html]);
});

test("a mail whose content has been erased is not rendered", async () => {
  const { mail } = await ask();
  await expect(renderMail({ ...mail, sealedContent: null })).rejects.toThrow("erased");
});

/** Asks for a mail as a visitor with this user agent, and reads it. */
async function ask(userAgent = chrome) {
  const [browserToken, screenToken] = [randomToken(), randomToken()];
  const visitor = {
    browserToken,
    screenToken,
    userAgent,
    networkAddress: "203.0.113.7",
    timeZone: null,
  };
  const address = { canonical: "ann@example.org", typed: "ann@example.org" };
  await database().mail.deleteMany();
  await forgetLimits();
  await storeSignInRequest({ address, keepSignedIn: false, next: "/", visitor }, randomToken());
  const mail = await database().mail.findFirstOrThrow();
  const content = readMailContent(mail);
  if (content.template !== "sign-in") throw new Error("the mail signs nobody in");
  const link = `https://example.org/confirm?token=${content.linkToken}`;
  const stopLink = `https://example.org/stop-mails?token=${mailStopToken(mail.signInRequestId ?? "")}`;
  return { mail, link, stopLink, code: content.code, ...(await renderMail(mail)) };
}

async function messageMail(subject: string, text: string): Promise<Mail> {
  const button = { label: "Read on", url: "https://example.com/?a=1&b=2" };
  return await storedMail({ template: "message", message: { subject, text, button } });
}

async function storedMail(content: MailContent): Promise<Mail> {
  await database().mail.deleteMany();
  const expiresAt = new Date(Date.now() + 60_000);
  await queueMail(database(), { recipient: "ann@example.org", expiresAt, content });
  return await database().mail.findFirstOrThrow();
}

/** What a person reads. */
function readable(html: string): string {
  return html
    .replace(/<!--.*?-->/gs, "")
    .replace(/<[^>]*>/g, " ")
    .replaceAll("&#x27;", "'")
    .replaceAll("&amp;", "&");
}
