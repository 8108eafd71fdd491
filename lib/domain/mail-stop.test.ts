import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { database } from "@/lib/platform/database/database";
import {
  emptyDatabase,
  forgetLimits,
  prepareTestDatabase,
} from "@/lib/platform/database/test-database";
import { hashToken, randomToken } from "@/lib/platform/secrets";
import { mailStopToken, peekMailStop, resumeMails, stopMails } from "./mail-stop";
import { proveByLink } from "./sign-in-proof";
import { storeSignInRequest } from "./sign-in-request";
import { redeemMail } from "./test-sign-in";

await prepareTestDatabase();
const now = new Date("2030-01-01T10:42:00Z");
const tomorrow = new Date("2030-01-02T10:42:00Z");
const anns = { email: "ann@example.org", emailTyped: "Ann@example.org" };

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ["Date"] });
  vi.setSystemTime(now);
  await emptyDatabase();
});
afterEach(() => vi.useRealTimers());

test("who has the token of a mail sees whose mails it stops, and may stop and resume them", async () => {
  const token = mailStopToken((await ask()).id);
  expect(await peekMailStop(token)).toEqual({ ...anns, stoppedUntil: null });
  expect(await stopMails(token)).toEqual({ ...anns, stoppedUntil: tomorrow });
  expect(await peekMailStop(token)).toEqual({ ...anns, stoppedUntil: tomorrow });
  expect(await resumeMails(token)).toEqual({ ...anns, stoppedUntil: null });
  expect(await peekMailStop(token)).toEqual({ ...anns, stoppedUntil: null });
});

test("looking at a stop link changes nothing, however often", async () => {
  const token = mailStopToken((await ask()).id);
  for (let count = 0; count < 10; count++) await peekMailStop(token);
  expect(await database().mailStop.count()).toBe(0);
  await ask();
});

test("a token that was made up, changed, cut short, or is another's stops nothing", async () => {
  const { id } = await ask();
  const others = await ask({ browser: "bob's", address: "bob@example.org" });
  const token = mailStopToken(id);
  const hashOf = (text: string) => mailStopToken(text).split(".")[1] ?? "";
  const forged = [
    "",
    ".",
    id,
    `${id}.`,
    `.${hashOf(id)}`,
    `.${hashOf("")}`,
    hashOf(id),
    `${others.id}.${hashOf(id)}`,
    `${id}.${hashOf(others.id)}`,
    `${id}.${hashToken(id)}`,
    `${id.toUpperCase()}.${hashOf(id)}`,
    `${id}.${hashOf(id).toLowerCase()}`,
    `x${token}`,
    `${id}\0.${hashOf(id)}`,
    ...Array.from({ length: token.length }, (_, length) => token.slice(0, length)),
    mailStopToken("00000000-0000-7000-8000-000000000000"),
    "a".repeat(100_000),
    ".".repeat(100_000),
  ];
  for (const text of forged) {
    const shown = text.slice(0, 90);
    expect(await peekMailStop(text), shown).toBeNull();
    expect(await stopMails(text), shown).toBeNull();
    expect(await resumeMails(text), shown).toBeNull();
  }
  expect(await database().mailStop.count()).toBe(0);
});

test("whatever character of the hash is changed but the last, the token is none of ours", async () => {
  const { id } = await ask();
  const token = mailStopToken(id);
  // The last one holds two bits that mean nothing.
  for (let place = id.length + 1; place < token.length - 1; place++) {
    const other = token[place] === "A" ? "B" : "A";
    expect(await stopMails(token.slice(0, place) + other + token.slice(place + 1))).toBeNull();
  }
});

test("a token of one address neither stops nor resumes the mails of another", async () => {
  const bobs = await ask({ browser: "bob's", address: "bob@example.org" });
  const ofBob = mailStopToken(bobs.id);
  const ofAnn = mailStopToken((await ask()).id);
  await stopMails(ofAnn);
  expect(await peekMailStop(ofBob)).toMatchObject({ stoppedUntil: null });
  await resumeMails(ofBob);
  expect(await peekMailStop(ofAnn)).toMatchObject({ stoppedUntil: tomorrow });
  expect(await ask({ browser: "bob's", address: "bob@example.org" })).toHaveProperty("id");
});

test("stopped, the address gets no mail that an unknown browser asks for, and nothing is stored", async () => {
  await stopMails(mailStopToken((await ask()).id));
  for (const browser of ["browser", "another"])
    await expect(ask({ browser })).rejects.toMatchObject({
      limit: { name: "mail-stopped" },
      retryAt: tomorrow,
    });
  expect(await database().mail.count()).toBe(1);
  expect(await database().signInRequest.count()).toBe(1);
  expect(await database().limitCount.count()).toBe(0);
});

test("a stop ends after 24 hours, and not before", async () => {
  const token = mailStopToken((await ask()).id);
  await stopMails(token);
  vi.setSystemTime(tomorrow.getTime() - 1);
  await expect(ask()).rejects.toMatchObject({ limit: { name: "mail-stopped" } });
  vi.setSystemTime(tomorrow);
  expect(await peekMailStop(token)).toEqual({ ...anns, stoppedUntil: null });
  expect(await ask()).toHaveProperty("id");
});

test("after a stop has ended, the same mail can stop them for another day", async () => {
  const token = mailStopToken((await ask()).id);
  await stopMails(token);
  vi.setSystemTime(tomorrow);
  await stopMails(token);
  expect(await peekMailStop(token)).toMatchObject({
    stoppedUntil: new Date("2030-01-03T10:42:00Z"),
  });
});

test("a stop link works for seven days after the mail was asked for, and not longer", async () => {
  const sevenDays = 7 * 24 * 60 * 60 * 1000;
  const token = mailStopToken((await ask()).id);
  vi.setSystemTime(now.getTime() + sevenDays - 1);
  expect(await stopMails(token)).toHaveProperty("stoppedUntil");
  vi.setSystemTime(now.getTime() + sevenDays);
  expect(await peekMailStop(token)).toBeNull();
  expect(await stopMails(token)).toBeNull();
  expect(await resumeMails(token)).toBeNull();
  await expect(ask()).rejects.toMatchObject({ limit: { name: "mail-stopped" } });
});

test("resumed, mails come again at once", async () => {
  const token = mailStopToken((await ask()).id);
  await stopMails(token);
  await resumeMails(token);
  expect(await ask()).toHaveProperty("id");
  expect(await resumeMails(token)).toEqual({ ...anns, stoppedUntil: null });
});

test("links that have been sent go on working", async () => {
  const { id, linkToken } = await ask();
  await stopMails(mailStopToken(id));
  expect(await proveByLink(linkToken, "browser")).toMatchObject({ request: { id } });
});

test("a browser that has signed in before still gets its mails", async () => {
  const { id } = await ask();
  const visitor = { browserToken: "browser", userAgent: "", networkAddress: "", timeZone: null };
  await redeemMail(id, randomToken(), visitor, undefined, "link");
  await stopMails(mailStopToken(id));
  expect(await ask()).toHaveProperty("id");
  await expect(ask({ browser: "another" })).rejects.toMatchObject({
    limit: { name: "mail-stopped" },
  });
});

test("of twenty stops and resumes at once the database keeps one row at most, and none fails", async () => {
  const token = mailStopToken((await ask()).id);
  await Promise.all(Array.from({ length: 20 }, () => stopMails(token)));
  expect(await database().mailStop.findMany()).toEqual([
    { email: "ann@example.org", expiresAt: tomorrow },
  ]);
  await Promise.all(
    Array.from({ length: 20 }, (_, index) => (index % 2 ? stopMails(token) : resumeMails(token))),
  );
  expect(await database().mailStop.count()).toBeLessThanOrEqual(1);
});

/** Asks for a mail as if the ones before had been long ago. */
async function ask({ browser = "browser", address = "ann@example.org" } = {}) {
  const linkToken = randomToken();
  await forgetLimits();
  await storeSignInRequest(
    {
      address: { canonical: address, typed: address.replace(/^a/, "A") },
      keepSignedIn: false,
      next: "/",
      visitor: {
        browserToken: browser,
        screenToken: "",
        userAgent: "",
        networkAddress: "203.0.113.7",
        timeZone: null,
      },
    },
    linkToken,
  );
  const linkHash = hashToken(linkToken);
  const { id } = await database().signInRequest.findUniqueOrThrow({ where: { linkHash } });
  return { id, linkToken };
}
