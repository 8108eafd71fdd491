import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { database } from "@/lib/platform/database/database";
import {
  forgetLimits,
  prepareTestDatabase,
  readStoredBytes,
  refuseWrites,
} from "@/lib/platform/database/test-database";
import { hashToken, randomToken } from "@/lib/platform/secrets";
import { readMailContent } from "./outbox";
import { type SignInAsk, storeSignInRequest } from "./sign-in-request";
import { peekLatestRequest } from "./sign-in-state";
import { redeemMail } from "./test-sign-in";

await prepareTestDatabase();
const now = new Date("2030-01-01T10:42:00Z");

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ["Date"] });
  vi.setSystemTime(now);
  await database().mail.deleteMany();
  await database().signInRequest.deleteMany();
  await forgetLimits();
});
afterEach(() => vi.useRealTimers());

test("one ask stores one request and one mail, which live ten minutes", async () => {
  await storeSignInRequest(askOf("browser"), randomToken());
  const [mail, ...others] = await database().mail.findMany({ include: { signInRequest: true } });
  expect(others).toEqual([]);
  const expiresAt = new Date("2030-01-01T10:52:00Z");
  expect(mail).toMatchObject({ recipient: "ann@example.org", state: "queued", expiresAt });
  expect(mail?.signInRequest).toMatchObject({
    email: "ann@example.org",
    emailTyped: "Ann@Example.org",
    next: "/next",
    keepSignedIn: true,
    createdAt: now,
    expiresAt,
    usedAt: null,
  });
});

test("the mail holds the link's token, a six-digit code and who asked, and when", async () => {
  const linkToken = randomToken();
  await storeSignInRequest(askOf("browser"), linkToken);
  const mail = await database().mail.findFirstOrThrow();
  expect(readMailContent(mail)).toEqual({
    template: "sign-in",
    linkToken,
    code: expect.stringMatching(/^\d{6}$/),
    userAgent: "A browser",
    networkAddress: "203.0.113.7",
    timeZone: null,
    askedAt: now.toISOString(),
  });
});

test("when the request cannot be stored, no mail is", async () => {
  const linkToken = randomToken();
  await storeSignInRequest(askOf("browser"), linkToken);
  await forgetLimits();
  await expect(storeSignInRequest(askOf("browser"), linkToken)).rejects.toThrow();
  expect(await database().mail.count()).toBe(1);
});

test("when the mail cannot be stored, no request is", async () => {
  const allow = await refuseWrites("INSERT", "Mail");
  await expect(storeSignInRequest(askOf("browser"), randomToken())).rejects.toThrow();
  await allow();
  expect(await database().signInRequest.count()).toBe(0);
});

test("asking makes no account, and does the same whether there is one", async () => {
  await storeSignInRequest(askOf("first"), randomToken());
  expect(await database().user.count()).toBe(0);
  await database().user.create({
    data: { email: "ann@example.org", emailTyped: "ann@example.org", emailVerified: now },
  });
  await forgetLimits();
  await storeSignInRequest(askOf("second"), randomToken());
  const [first, second] = [await peekLatestRequest("first"), await peekLatestRequest("second")];
  const bare = { id: "", linkHash: "", codeHash: "", browserHash: "", screenHash: "", number: 0 };
  expect({ ...first, ...bare }).toEqual({ ...second, ...bare });
  expect(await database().user.findFirst()).toMatchObject({ emailTyped: "ann@example.org" });
});

test("the newest request of a browser is found, with the state of its mail", async () => {
  expect(await peekLatestRequest("browser")).toBeNull();
  await storeSignInRequest(askOf("browser"), randomToken());
  vi.setSystemTime(now.getTime() + 1);
  const newest = randomToken();
  await forgetLimits();
  await storeSignInRequest(askOf("browser"), newest);
  await forgetLimits();
  await storeSignInRequest(askOf("another"), randomToken());
  expect(await peekLatestRequest("browser")).toMatchObject({
    linkHash: hashToken(newest),
    mail: { state: "queued", serverAnswer: null },
  });
  expect(await peekLatestRequest("")).toBeNull();
});

test("the database holds no secret: no link, code, browser, screen or session", async () => {
  const [linkToken, browserToken, sessionToken] = [randomToken(), randomToken(), randomToken()];
  const ask = askOf(browserToken);
  await storeSignInRequest(ask, linkToken);
  const mail = await database().mail.findFirstOrThrow();
  const content = readMailContent(mail);
  const code = "code" in content ? content.code : "none";
  const request = await database().signInRequest.findFirstOrThrow();
  await redeemMail(request.id, sessionToken, ask.visitor, undefined, "link");

  const bytes = await readStoredBytes();
  expect(bytes.includes(hashToken(linkToken))).toBe(true);
  for (const secret of [linkToken, browserToken, ask.visitor.screenToken, sessionToken])
    expect(isIn(bytes, secret)).toBe(false);
  // Six digits alone may stand anywhere by chance.
  expect(code).toMatch(/^\d{6}$/);
  expect(bytes.includes(`"${code}"`)).toBe(false);
  for (const row of [mail, request]) expect(Object.values(row)).not.toContain(code);
});

function isIn(bytes: Buffer, secret: string): boolean {
  const raw = Buffer.from(secret, "base64url");
  return [secret, raw, raw.toString("hex"), raw.toString("base64")].some((form) =>
    bytes.includes(form),
  );
}

function askOf(browserToken: string): SignInAsk {
  return {
    address: { canonical: "ann@example.org", typed: "Ann@Example.org" },
    keepSignedIn: true,
    next: "/next",
    visitor: {
      browserToken,
      screenToken: randomToken(),
      userAgent: "A browser",
      networkAddress: "203.0.113.7",
      timeZone: null,
    },
  };
}
