import { readFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { database } from "@/lib/platform/database/database";
import {
  emptyDatabase,
  forgetLimits,
  listTables,
  prepareTestDatabase,
  refuseWrites,
} from "@/lib/platform/database/test-database";
import { hashToken, randomToken, unseal } from "@/lib/platform/secrets";
import {
  deleteAccount,
  exportAccount,
  longestName,
  readDeletionTime,
  renameAccount,
} from "./account";
import { askForAddressChange, confirmByLink, undoAddressChange, undoToken } from "./address-change";
import { readDetails, recordFailedSignIn } from "./audit";
import { mailStopToken, stopMails } from "./mail-stop";
import { renderMail } from "./mail-worker";
import { beginMailing } from "./mailings";
import { saveDraft } from "./message-drafts";
import { readMailContent } from "./outbox";
import { pauseAct } from "./paused-act";
import { findSession, type SignedIn } from "./sessions";
import { storeSignInRequest } from "./sign-in-request";
import { sweep } from "./sweep";
import { addAttempt, addPasskey, addTotp } from "./test-second-factor";
import { redeemMail } from "./test-sign-in";
import { newTotpSecret } from "./totp";

await prepareTestDatabase();
const now = new Date("2030-01-01T10:42:00Z");
const minute = 60_000;
const day = 24 * 60 * minute;
const ann = "ann@example.org";
const bob = "bob@example.org";
const client = { userAgent: "The agent of the act", networkAddress: "203.0.113.9" };

/** What an export calls the rows of each table that knows a person. */
const partOf: Record<string, string> = {
  User: "account",
  Session: "sessions",
  PausedAct: "sessions",
  KnownBrowser: "known_browsers",
  AddressChange: "address_changes",
  SecurityNotice: "security_notices",
  SignInRequest: "sign_in_requests",
  Mail: "mails",
  MailStop: "mail_stops",
  Totp: "authenticator_app",
  Passkey: "passkeys",
  RecoveryCode: "recovery_codes",
  TwoFactorAttempt: "two_factor_attempts",
  UserScope: "scopes",
  UserSearchTerm: "search_terms",
  Mailing: "mailings",
  MessageDraft: "message_drafts",
  AuditEvent: "events",
};

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ["Date"] });
  vi.setSystemTime(now);
  await emptyDatabase();
});
afterEach(() => vi.useRealTimers());

describe("a name", () => {
  test.each([
    ["Ann", "Ann"],
    ["  Ann \u00a0\u3000 of\u2003Example  ", "Ann of Example"],
    ["Zoe\u0308", "Zo\u00eb"],
    ["Ｆｕｌｌ", "Ｆｕｌｌ"],
    ["محمد", "محمد"],
    ["\u0646\u0627\u0645\u200c\u0647\u0627", "\u0646\u0627\u0645\u200c\u0647\u0627"],
    ["\u{1F469}\u200d\u{1F680}", "\u{1F469}\u200d\u{1F680}"],
    ["<b>Ann</b> {name} & '\"", "<b>Ann</b> {name} & '\""],
    ["x".repeat(longestName), "x".repeat(longestName)],
    [`${" ".repeat(500)}Ann`, "Ann"],
  ])("%j is taken, as %j", async (typed, name) => {
    const { signedIn } = await signIn(ann);
    expect(await renameAccount(signedIn, typed, client)).toBe(true);
    expect((await database().user.findFirstOrThrow()).name).toBe(name);
    const [event, ...others] = await eventsOf("user_updated");
    expect(others).toEqual([]);
    expect(event).toMatchObject({ userId: signedIn.user.id, actor: signedIn.user.id, ...client });
    expect(event && readDetails(event)).toEqual({ field: "name" });
  });

  test.each([
    "x".repeat(longestName + 1),
    "\u{1F511}".repeat(longestName / 2 + 1),
    "A\u0000nn",
    "Ann\nadmin",
    "Ann\u0085",
    "Ann\u007f",
    "Ann\u2028admin",
    "Ann\u2029admin",
    "Ann\u202enimda",
    "\u2066Ann\u2069",
    "Ann\u200f",
    "Ann\u061c",
    "Ann\ud800",
  ])("%j is refused, and nothing is written", async (typed) => {
    const { signedIn } = await signIn(ann);
    expect(await renameAccount(signedIn, typed, client)).toBe(false);
    expect((await database().user.findFirstOrThrow()).name).toBeNull();
    expect(await eventsOf("user_updated")).toEqual([]);
  });

  test.each(["\u200b", "\ufeff", "\u2060\u2060", "\u00ad", "\u{e0041}", "\u3164", "\u200d"])(
    "%j, of which nothing can be seen, is no name",
    async (typed) => {
      const { signedIn } = await signIn(ann);
      await renameAccount(signedIn, typed, client);
      expect((await database().user.findFirstOrThrow()).name).toBeNull();
    },
  );

  test.each(["", " ", "\u00a0\u3000"])("that is empty takes the name away: %j", async (typed) => {
    const { token, signedIn } = await signIn(ann);
    await renameAccount(signedIn, "Ann", client);
    expect(await renameAccount(await signedInWith(token), typed, client)).toBe(true);
    expect((await signedInWith(token)).user.name).toBeNull();
  });

  test("that is the same is not written down", async () => {
    const { token, signedIn } = await signIn(ann);
    await renameAccount(signedIn, "Ann", client);
    expect(await renameAccount(await signedInWith(token), " Ann ", client)).toBe(true);
    expect(await eventsOf("user_updated")).toHaveLength(1);
  });
});

/** Models that point at a person, by a reference or by an address. */
const personal = [
  ...readFileSync("prisma/schema.prisma", "utf8").matchAll(/^model (\w+) \{(.*?)^\}/gms),
]
  .filter(([, , body = ""]) =>
    /^\s+(user|userId|actor|email\w*|\w+Email\w*|recipient|session|sessionId|\w+SessionId|signInRequest|signInRequestId|browserHash|networkAddress|userAgent)\s/m.test(
      body,
    ),
  )
  .map(([, name = ""]) => name);

test("the models that know a person are those that are exported and deleted", () => {
  expect(personal.toSorted()).toEqual(Object.keys(partOf).toSorted());
});

describe("an export", () => {
  test("has rows of every table that knows the person", async () => {
    const { signedIn } = await leadALife();
    const exported = await read(signedIn);
    for (const model of personal) {
      expect(exported[partOf[model] ?? ""], model).toBeTruthy();
      expect(exported[partOf[model] ?? ""], model).not.toEqual([]);
    }
    expect(exported.account).toMatchObject({ id: signedIn.user.id, email: signedIn.user.email });
    expect(JSON.stringify(exported.sessions)).toContain("pausedActs");
    expect(Object.keys(exported).toSorted()).toEqual(
      ["exported_at", ...new Set(Object.values(partOf))].toSorted(),
    );
  });

  test("has no hash, no sealed content and no secret", async () => {
    const { signedIn, secrets } = await leadALife();
    const exported = await read(signedIn);
    const text = JSON.stringify(exported);
    expect(text.match(/"\w*(hash|sealed|token|salt|secret)\w*":/gi)).toBeNull();
    for (const secret of [...secrets, ...(await storedSecrets())])
      expect(text.includes(secret)).toBe(false);
  });

  test("has what a person knows of their second factors", async () => {
    const { signedIn, passkey } = await leadALife();
    const { id, name, credentialId } = passkey;
    const exported = await read(signedIn);
    const userId = signedIn.user.id;
    expect(exported.authenticator_app).toEqual({ userId, createdAt: now.toISOString() });
    expect(exported.passkeys).toMatchObject([{ id, name, credentialId, userId }]);
    expect(exported.recovery_codes).toEqual([{ id: expect.any(String), userId }]);
    expect(exported.two_factor_attempts).toMatchObject([{ userId, way: "link", next: "/" }]);
  });

  test("has the scopes of a person, and the words by which they are found", async () => {
    const { signedIn } = await leadALife();
    const exported = await read(signedIn);
    const userId = signedIn.user.id;
    const grantedAt = now.toISOString();
    expect(exported.scopes).toEqual([{ userId, scope: "editor", grantedAt }]);
    const terms = ["ann", "ann.new@example.org", "example", "example.org", "new", "org"];
    expect(exported.search_terms).toEqual(terms.map((term) => ({ term, userId })));
  });

  test("of who has no second factor says so", async () => {
    const { signedIn } = await signIn(ann);
    expect(await read(signedIn)).toMatchObject({
      authenticator_app: null,
      passkeys: [],
      recovery_codes: [],
      two_factor_attempts: [],
    });
  });

  test("is described part by part", () => {
    const described = readFileSync("docs/export.md", "utf8");
    for (const part of Object.values(partOf)) expect(described).toContain(`\`${part}\``);
  });

  test("is written down, and what is written down is in it", async () => {
    const { signedIn } = await signIn(ann);
    const { events } = await read(signedIn);
    expect(events).toMatchObject([
      { type: "user_created" },
      { type: "authn_login_success", details: { way: "link" } },
      { type: "sensitive_read", details: { act: "export" }, ...client },
    ]);
  });

  test("has nothing of anybody else", async () => {
    const { signedIn } = await leadALife();
    const { signedIn: bobs } = await signIn(bob, { userAgent: "Bob's browser" });
    const text = JSON.stringify(await read(signedIn));
    for (const others of [bobs.user.id, bobs.session.id, bob, "Bob's browser"])
      expect(text.includes(others)).toBe(false);
  });

  test("has mails to a former address as long as that can have the account back, to no wanted one", async () => {
    const { signedIn } = await signIn(ann);
    await changeAddress(signedIn, "second@example.org");
    await forgetLimits();
    const { signedIn: second } = await signIn("second@example.org");
    await wish(second, "wanted@example.org");
    const recipients = async (template?: string) => {
      const mails = (await read(second)).mails as { recipient: string; template: string }[];
      const wanted = mails.filter((mail) => !template || mail.template === template);
      return new Set(wanted.map(({ recipient }) => recipient));
    };
    vi.setSystemTime(now.getTime() + 7 * day - 1);
    expect(await recipients()).toEqual(new Set([ann, "second@example.org"]));
    vi.setSystemTime(now.getTime() + 7 * day);
    expect(await recipients("sign-in")).toEqual(new Set(["second@example.org"]));
    // What was told about the account is the person's, wherever it went.
    expect(await recipients("security")).toEqual(new Set([ann]));
  });

  test("has nothing of who has taken an address since that the person had", async () => {
    const { signedIn, token } = await signIn(ann);
    await changeAddress(signedIn, "second@example.org");
    await forgetLimits();
    const second = await signedInWith(token);
    await changeAddress(second, "third@example.org");
    const first = await database().addressChange.findFirstOrThrow({ where: { formerEmail: ann } });
    await undoAddressChange(undoToken(first.id), client);
    await signIn("second@example.org", { userAgent: "The browser of who came later" });
    const { signedIn: again } = await signIn(ann);
    expect(JSON.stringify(await read(again)).includes("The browser of who came later")).toBe(false);
  });
});

describe("deleting", () => {
  test("leaves no row that names the person, but the mail that tells them", async () => {
    const { signedIn, addresses } = await leadALife();
    await sweep();
    expect(await deleteAccount(signedIn, client)).toBeNull();
    const { Mail: _, AuditEvent: events, Mailing: mailings, ...others } = await everyRow();
    const rest = JSON.stringify(others);
    for (const name of [signedIn.user.id, ...addresses]) expect(rest.includes(name)).toBe(false);
    // What went to the former address goes with its age: that may be somebody else's by now.
    const where = { recipient: { not: ann } };
    expect(await database().mail.findMany({ where })).toMatchObject([
      { template: "account-deleted", recipient: signedIn.user.email },
    ]);
    // Who did what, and began which mailing, stays under an id that leads to nobody.
    const record = JSON.stringify([events, mailings]);
    for (const name of addresses) expect(record.includes(name)).toBe(false);
  });

  test("does nothing while a former address can take the account back, and says until when", async () => {
    const { signedIn } = await signIn(ann);
    await changeAddress(signedIn, "second@example.org");
    const { signedIn: second } = await signIn("second@example.org");
    const before = await everyRow();
    const undoUntil = new Date(now.getTime() + 7 * day);
    expect(await deleteAccount(second, client)).toEqual(undoUntil);
    expect(await readDeletionTime(second.user.id)).toEqual(undoUntil);
    expect(await everyRow()).toEqual(before);
    vi.setSystemTime(undoUntil.getTime() - 1);
    expect(await deleteAccount(second, client)).toEqual(undoUntil);
    vi.setSystemTime(undoUntil);
    expect(await readDeletionTime(second.user.id)).toBeNull();
    expect(await deleteAccount(second, client)).toBeNull();
    expect(await database().user.count()).toBe(0);
  });

  test("is possible at once when the change has been taken back", async () => {
    const { signedIn } = await signIn(ann);
    await changeAddress(signedIn, "second@example.org");
    const { id } = await database().addressChange.findFirstOrThrow();
    await undoAddressChange(undoToken(id), client);
    const { signedIn: again } = await signIn(ann);
    expect(await readDeletionTime(again.user.id)).toBeNull();
    expect(await deleteAccount(again, client)).toBeNull();
    expect(await database().user.count()).toBe(0);
  });

  test("twenty times at once is deleting once", async () => {
    const { signedIn } = await leadALife();
    const outcomes = await Promise.all(
      Array.from({ length: 20 }, () => deleteAccount(signedIn, client)),
    );
    expect(new Set(outcomes)).toEqual(new Set([null]));
    expect(await eventsOf("user_deleted")).toHaveLength(1);
    expect(await database().mail.count({ where: { template: "account-deleted" } })).toBe(1);
  });

  test("leaves the rows of who goes by the former address by now", async () => {
    const { signedIn } = await leadALife();
    await sweep();
    const { signedIn: other } = await signIn(ann, { browserToken: "another" });
    const stopped = await askForMail(ann, { browserToken: "another" });
    await stopMails(mailStopToken(stopped.id));
    const where = { email: ann };
    const rows = async () => ({
      requests: await database().signInRequest.findMany({ where }),
      stops: await database().mailStop.findMany({ where }),
      mails: await database().mail.findMany({
        where: { recipient: ann, OR: [{ userId: null }, { userId: other.user.id }] },
      }),
      sessions: await database().session.findMany({ where: { userId: other.user.id } }),
    });
    const before = await rows();
    await deleteAccount(signedIn, client);
    expect(await rows()).toEqual(before);
    expect(before.stops).toHaveLength(1);
  });

  test("leaves what happened on record, without details, address and browser", async () => {
    const { signedIn } = await leadALife();
    const before = await database().auditEvent.findMany({ where: { userId: signedIn.user.id } });
    await deleteAccount(signedIn, client);
    const after = await database().auditEvent.findMany({ where: { userId: signedIn.user.id } });
    expect(after).toHaveLength(before.length + 1);
    expect(after.map(({ type }) => type)).toContain("user_deleted");
    for (const event of after)
      expect(event).toMatchObject({ details: null, networkAddress: "", userAgent: "" });
  });

  test("ends every session at once", async () => {
    const { signedIn, token } = await leadALife();
    const there = randomToken();
    const where = { tokenHash: hashToken(token) };
    const { id: _, ...row } = await database().session.findUniqueOrThrow({ where });
    await database().session.create({ data: { ...row, tokenHash: hashToken(there) } });
    expect(await findSession(there)).not.toBeNull();
    await deleteAccount(signedIn, client);
    for (const each of [token, there]) expect(await findSession(each)).toBeNull();
  });

  test("tells the address, in the person's time zone", async () => {
    const { signedIn } = await signIn(ann);
    await deleteAccount(signedIn, client);
    const mail = await database().mail.findFirstOrThrow();
    expect(mail.expiresAt).toEqual(new Date(now.getTime() + 3 * day));
    expect(readMailContent(mail)).toEqual({
      template: "account-deleted",
      isByAdministrator: false,
      timeZone: "Europe/Berlin",
      askedAt: now.toISOString(),
      ...client,
    });
    const { subject, text } = await renderMail(mail);
    expect(subject).toBe("Your account at Latchkey has been deleted");
    expect(text).toContain("from the network address 203.0.113.9");
    expect(text).toContain("11:42");
  });

  test("leaves everybody else's rows as they are", async () => {
    await signIn(bob);
    await askForMail(bob);
    const before = await everyRow();
    const { signedIn } = await leadALife();
    await deleteAccount(signedIn, client);
    const after = await everyRow();
    for (const [table, rows] of Object.entries(before)) {
      if (table === "LimitCount") continue;
      expect(after[table], table).toEqual(expect.arrayContaining(rows));
    }
  });

  test("leaves the rows of whose address the person only wanted", async () => {
    await signIn(bob);
    const { id } = await askForMail(bob);
    await stopMails(mailStopToken(id));
    await database().mailStop.updateMany({ data: { expiresAt: new Date(now.getTime() + day) } });
    const { signedIn } = await signIn(ann);
    const before = await database().signInRequest.findMany({ where: { email: bob } });
    const stops = await database().mailStop.findMany();
    const mails = await database().mail.findMany({ where: { recipient: bob } });
    await database().mailStop.deleteMany();
    await forgetLimits();
    await askForAddressChange(
      signedIn,
      { canonical: bob, typed: bob },
      { ...client, browserToken: "browser", timeZone: null },
    );
    await database().mailStop.createMany({ data: stops });
    await deleteAccount(signedIn, client);
    expect(await database().signInRequest.findMany({ where: { email: bob } })).toEqual(before);
    expect(await database().mailStop.findMany()).toEqual(stops);
    expect(await database().mail.findMany({ where: { recipient: bob } })).toEqual(
      expect.arrayContaining(mails),
    );
  });

  test("and its record are both there, or neither", async () => {
    const { signedIn, token } = await signIn(ann);
    const allow = await refuseWrites("INSERT", "Mail");
    await expect(deleteAccount(signedIn, client)).rejects.toThrow();
    await allow();
    expect(await findSession(token)).not.toBeNull();
    expect(await eventsOf("user_deleted")).toEqual([]);
    for (const event of await eventsOf("authn_login_success")) expect(event.details).not.toBeNull();
  });

  test("frees the address for a new account, which knows nothing of the old one", async () => {
    const { signedIn } = await leadALife();
    await deleteAccount(signedIn, client);
    const { signedIn: fresh } = await signIn(signedIn.user.email);
    expect(fresh.user.id).not.toBe(signedIn.user.id);
    const exported = await read(fresh);
    expect(JSON.stringify(exported)).not.toContain(signedIn.user.id);
  });
});

/** Somebody of whom every table has something, and whose address has changed too long ago to be undone. */
async function leadALife() {
  const own = "ann.new@example.org";
  const addresses = [ann, own, "ann.wish@example.org"];
  vi.setSystemTime(now.getTime() - 8 * day);
  const { signedIn: former } = await signIn(ann);
  await renameAccount(former, "Ann", client);
  await changeAddress(former, own);
  vi.setSystemTime(now);
  const { token, signedIn } = await signIn(own);
  await recordFailedSignIn(own, "wrong-code", client);
  const stopped = await askForMail(own, { browserToken: "another" });
  await stopMails(mailStopToken(stopped.id));
  await database().mailStop.updateMany({ data: { expiresAt: new Date(now.getTime() + day) } });
  await wish(signedIn, "ann.wish@example.org");
  await pauseAct(signedIn, "/account/delete/now", { confirmation: "the typed words" });
  const { linkToken } = await askForMail(own);
  await database().userScope.create({ data: { userId: signedIn.user.id, scope: "editor" } });
  await write(signedIn);
  const { passkey, totpSecret } = await addFactors(signedIn);
  const typed = ["screen token", "the typed words", totpSecret];
  const secrets = [token, linkToken, stopped.linkToken, ...typed];
  return { token, signedIn, addresses, secrets, passkey };
}

/** To others, as an administrator. */
async function write({ user }: SignedIn) {
  const news = { subject: "News", text: "Hello", label: "", url: "" };
  const audience = { search: "", filter: "all", perMinute: "60" } as const;
  const operator = { id: user.id, client };
  await beginMailing(operator, news, audience);
  await saveDraft(user.id, { ...news, ...audience, to: "" });
}

/** A second factor of each kind, and a sign-in that waits for one, and has one to set up. */
async function addFactors({ user, session }: SignedIn) {
  const sealedSecret = await addTotp(user);
  const sealedTotp = newTotpSecret();
  await database().session.update({ where: { id: session.id }, data: { sealedTotp } });
  await addAttempt(user, { sealedTotp: newTotpSecret() });
  const code = { salt: "the salt of the codes", hash: "the hash of a code" };
  await database().recoveryCode.create({ data: { ...code, userId: user.id } });
  const { passkey } = await addPasskey(user);
  return { passkey, totpSecret: unseal("totp secret", sealedSecret) };
}

async function changeAddress(signedIn: SignedIn, email: string) {
  const linkToken = await wish(signedIn, email);
  expect(await confirmByLink(signedIn, linkToken, client)).toBeNull();
}

/** @returns the secret of the link in the mail to the new address */
async function wish(signedIn: SignedIn, email: string): Promise<string> {
  const address = { canonical: email, typed: email };
  const visitor = { ...client, browserToken: "browser token", timeZone: null };
  expect(await askForAddressChange(signedIn, address, visitor)).toBe(true);
  const mail = await database().mail.findFirstOrThrow({
    where: { recipient: email, template: "address-change" },
    orderBy: { id: "desc" },
  });
  const content = readMailContent(mail);
  return "linkToken" in content ? content.linkToken : "";
}

async function read(signedIn: SignedIn): Promise<Record<string, unknown>> {
  return JSON.parse(JSON.stringify(await exportAccount(signedIn, client)));
}

/** Every row of every table, as the database has it. */
async function everyRow(): Promise<Record<string, unknown[]>> {
  const tables = await listTables();
  expect(tables.length).toBeGreaterThan(Object.keys(partOf).length);
  const rows: Record<string, unknown[]> = {};
  for (const name of tables)
    rows[name] = await database().$queryRawUnsafe<unknown[]>(`SELECT * FROM "${name}" ORDER BY 1`);
  return rows;
}

/** Every value of a column that is a hash, its salt, or sealed. */
async function storedSecrets(): Promise<string[]> {
  const rows = Object.values(await everyRow()).flat();
  return rows
    .flatMap((row) => Object.entries(row ?? {}))
    .filter(([name, value]) => /hash|sealed|salt/i.test(name) && typeof value === "string" && value)
    .map(([, value]) => String(value));
}

function eventsOf(type: string) {
  return database().auditEvent.findMany({ where: { type }, orderBy: { id: "asc" } });
}

async function signedInWith(token: string): Promise<SignedIn> {
  const signedIn = await findSession(token);
  if (!signedIn) throw new Error("nobody is signed in with it");
  return signedIn;
}

const browser = {
  browserToken: "browser token",
  screenToken: "screen token",
  userAgent: "A browser",
  networkAddress: "203.0.113.7",
  timeZone: "Europe/Berlin",
};

async function signIn(email: string, given: Partial<typeof browser> = {}) {
  const token = randomToken();
  const { id } = await askForMail(email, given);
  await redeemMail(id, token, { ...browser, ...given }, undefined, "link");
  return { token, signedIn: await signedInWith(token) };
}

async function askForMail(email: string, given: Partial<typeof browser> = {}) {
  const linkToken = randomToken();
  const address = { canonical: email, typed: email };
  const visitor = { ...browser, ...given };
  await forgetLimits();
  await storeSignInRequest({ address, keepSignedIn: true, next: "/", visitor }, linkToken);
  const where = { linkHash: hashToken(linkToken) };
  const { id } = await database().signInRequest.findUniqueOrThrow({ where });
  await forgetLimits();
  return { id, linkToken };
}
