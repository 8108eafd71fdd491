import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { database } from "@/lib/platform/database/database";
import {
  emptyDatabase,
  forgetLimits,
  prepareTestDatabase,
} from "@/lib/platform/database/test-database";
import { inTransaction } from "@/lib/platform/database/transaction";
import { hashToken, keyedHash, randomToken } from "@/lib/platform/secrets";
import {
  askForAddressChange,
  confirmByCode,
  confirmByLink,
  findPendingChange,
  isReservedAddress,
  peekAddressChange,
  peekUndo,
  undoAddressChange,
  undoToken,
} from "./address-change";
import { readDetails } from "./audit";
import { renderMail } from "./mail-worker";
import { readMailContent } from "./outbox";
import { denyNotice, noticeToken } from "./security-mail";
import { findSession, type SignedIn } from "./sessions";
import { storeSignInRequest } from "./sign-in-request";
import { addAttempt, addPasskey } from "./test-second-factor";
import { redeemMail } from "./test-sign-in";

process.env.SITE_URL = "https://example.org";
process.env.SITE_NAME = "Ann & Bob's";
process.env.SMTP_URL = "smtp://mail.example.org";
await prepareTestDatabase();
const now = new Date("2030-01-01T10:42:00Z");
const minute = 60_000;
const day = 24 * 60 * minute;
const ann = "ann@example.org";
const bob = "bob@example.org";
const fresh = "fresh@example.org";
const third = "third@example.org";
const chrome =
  "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36";
const client = { userAgent: chrome, networkAddress: "203.0.113.9" };

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ["Date"] });
  vi.setSystemTime(now);
  await emptyDatabase();
});
afterEach(() => vi.useRealTimers());

describe("asking", () => {
  test("changes nothing yet, writes to the new address alone, and is written down", async () => {
    const { signedIn } = await signIn(ann);
    const { mail } = await ask(signedIn, fresh, "Fresh@Example.org");
    expect(await addressOf(signedIn)).toBe(ann);
    expect(mail).toMatchObject({ recipient: fresh, template: "address-change" });
    expect(await newsTo(ann)).toEqual([]);
    const [event] = await database().auditEvent.findMany({ where: { type: "sensitive_update" } });
    expect(event).toMatchObject({ userId: signedIn.user.id, actor: signedIn.user.id, ...client });
    expect(event && readDetails(event)).toMatchObject({
      act: "address-change-asked",
      email: fresh,
    });
    expect(await findPendingChange(signedIn.user.id)).toMatchObject({
      formerEmail: ann,
      newEmail: fresh,
      newEmailTyped: "Fresh@Example.org",
      expiresAt: new Date("2030-01-01T10:52:00Z"),
    });
  });

  test("for the address that the account has does nothing", async () => {
    const { signedIn } = await signIn(ann);
    const visitor = { ...client, browserToken: "browser", timeZone: null };
    const address = { canonical: ann, typed: "Ann@example.org" };
    expect(await askForAddressChange(signedIn, address, visitor)).toBe(false);
    expect(await database().addressChange.count()).toBe(0);
    expect(await database().limitCount.count()).toBe(0);
  });

  test("the mail has link and code alone on a line each, and tells times where the browser is", async () => {
    const { signedIn } = await signIn(ann);
    const { mail, linkToken, code } = await ask(signedIn, fresh, fresh, "Asia/Kolkata");
    const { subject, text } = await renderMail(mail);
    const lines = text.split("\n");
    const link = `https://example.org/account/email/confirm?token=${linkToken}`;
    expect(subject).toBe("Your new address at Ann & Bob's");
    expect(lines.filter((line) => line === link)).toHaveLength(1);
    expect(lines.filter((line) => line === code)).toHaveLength(1);
    expect(text).toContain(`The account of ${ann} at Ann & Bob's`);
    expect(text).toMatch(/on January 1, 2030 at 16:12/);
    expect(text).toMatch(/until 16:22/);
    expect(text).toContain("Chrome on Linux, from the network address 203.0.113.9");
  });

  test("only hashes of the secrets are kept", async () => {
    const { signedIn } = await signIn(ann);
    const { linkToken, code } = await ask(signedIn, fresh);
    const row = await database().addressChange.findFirstOrThrow();
    expect(row.linkHash).toBe(hashToken(linkToken));
    expect(Object.values(row)).not.toContain(code);
    expect(row.codeHash).not.toBe(keyedHash("address code", code));
  });

  test("a later wish ends an earlier one: its link, and its code", async () => {
    const { signedIn } = await signIn(ann);
    const earlier = await ask(signedIn, fresh);
    const later = await ask(signedIn, third);
    expect(await peekAddressChange(earlier.linkToken)).toBeNull();
    expect(
      await database().mail.findUniqueOrThrow({ where: { id: earlier.mail.id } }),
    ).toMatchObject({ state: "expired", sealedContent: null });
    expect(await confirmByLink(signedIn, earlier.linkToken, client)).toEqual({
      problem: "unknown",
    });
    expect(await confirmByLink(signedIn, later.linkToken, client)).toBeNull();
    expect(await addressOf(signedIn)).toBe(third);
  });

  test("of two wishes at once, one is left", async () => {
    const { signedIn } = await signIn(ann);
    const { id } = signedIn.user;
    const held = inTransaction(async (transaction) => {
      await transaction.user.update({ where: { id }, data: { email: bob } });
      // Until both have ended what was there before.
      await sleep(300);
      await transaction.user.update({ where: { id }, data: { email: ann } });
    });
    await sleep(100);
    const wish = (email: string) =>
      askForAddressChange(
        signedIn,
        { canonical: email, typed: email },
        { userAgent: "", networkAddress: email, browserToken: email, timeZone: null },
      );
    await Promise.all([held, wish(fresh), wish(third)]);
    expect(await database().addressChange.count({ where: { withdrawnAt: null } })).toBe(1);
  });

  test("counts against the mails that the address may be sent, and what is refused is not stored", async () => {
    const { signedIn } = await signIn(ann);
    const { linkToken } = await ask(signedIn, fresh);
    const visitor = { ...client, browserToken: "browser", timeZone: null };
    const address = { canonical: fresh, typed: fresh };
    await expect(askForAddressChange(signedIn, address, visitor)).rejects.toMatchObject({
      limit: { name: "mail-minute" },
    });
    expect(await database().addressChange.count()).toBe(1);
    expect(await peekAddressChange(linkToken)).not.toBeNull();
  });
});

describe("an address that is taken", () => {
  test.each(["by an account", "by who had it lately"])(
    "%s tells so by a mail there, and to whoever asks nothing",
    async (how) => {
      const taken = how === "by an account" ? bob : "bobs.former@example.org";
      const { signedIn: bobs } = await signIn(taken);
      if (taken !== bob) await change(bobs, bob);
      const { signedIn } = await signIn(ann);
      const mail = await askAnyhow(signedIn, taken);
      expect(mail.template).toBe("address-taken");
      const content = readMailContent(mail);
      expect(content).not.toHaveProperty("code");
      expect(content).not.toHaveProperty("linkToken");
      const { subject, text, html } = await renderMail(mail);
      expect(subject).toBe("Somebody wanted your address at Ann & Bob's");
      for (const part of [text, html]) expect(part).not.toContain("token=");
      expect(text).not.toContain(ann);
      const pending = await findPendingChange(signedIn.user.id);
      const free = await signIn("carol@example.org");
      await ask(free.signedIn, fresh);
      const other = await findPendingChange(free.signedIn.user.id);
      expect(typesOf(pending)).toEqual(typesOf(other));
      expect(await confirmByCode(signedIn, "123456", client)).toEqual(
        await confirmByCode(free.signedIn, "123456", client),
      );
      expect(await addressOf(bobs)).toBe(bob);
    },
  );

  test("in the meantime is refused, and nothing is spent or changed", async () => {
    const { signedIn, token } = await signIn(ann);
    const there = await signIn(ann);
    const { linkToken, code } = await ask(signedIn, fresh);
    await signIn(fresh);
    expect(await confirmByLink(signedIn, linkToken, client)).toEqual({ problem: "taken" });
    expect(await confirmByCode(signedIn, code, client)).toEqual({ problem: "taken" });
    expect(await addressOf(signedIn)).toBe(ann);
    for (const each of [token, there.token]) expect(await findSession(each)).not.toBeNull();
    expect(await newsTo(ann)).toEqual([]);
    expect(await database().auditEvent.count({ where: { type: "user_updated" } })).toBe(0);
  });

  test("is one's own former address as well, which one may have back", async () => {
    const { signedIn, token } = await signIn(ann);
    await change(signedIn, fresh);
    await change(await signedInWith(token), ann);
    expect(await addressOf(signedIn)).toBe(ann);
  });

  test("of two accounts that confirm the same one at once, one gets it", async () => {
    const [anns, bobs] = [await signIn(ann), await signIn(bob)];
    const asks = [await ask(anns.signedIn, fresh), await ask(bobs.signedIn, fresh)];
    const outcomes = await Promise.all([
      confirmByLink(anns.signedIn, asks[0]?.linkToken ?? "", client),
      confirmByLink(bobs.signedIn, asks[1]?.linkToken ?? "", client),
    ]);
    expect(outcomes.filter((problem) => problem === null)).toHaveLength(1);
    expect(outcomes.filter((problem) => problem?.problem === "taken")).toHaveLength(1);
    expect(await database().user.count({ where: { email: fresh } })).toBe(1);
  });
});

describe("confirming", () => {
  test.each(["link", "code"])("by %s changes the address, at once", async (way) => {
    const { signedIn } = await signIn(ann);
    const { linkToken, code } = await ask(signedIn, fresh, "Fresh@Example.org");
    vi.setSystemTime(now.getTime() + minute);
    const problem =
      way === "link"
        ? await confirmByLink(signedIn, linkToken, client)
        : await confirmByCode(signedIn, ` ${code.slice(0, 3)} ${code.slice(3)} `, client);
    expect(problem).toBeNull();
    expect(await database().user.findMany()).toMatchObject([
      {
        id: signedIn.user.id,
        email: fresh,
        emailTyped: "Fresh@Example.org",
        emailVerified: new Date(now.getTime() + minute),
      },
    ]);
    const [event] = await database().auditEvent.findMany({ where: { type: "user_updated" } });
    expect(event && readDetails(event)).toEqual({ field: "email", from: ann, to: fresh });
  });

  test("ends the other sessions and what is pending for both addresses, and keeps this one", async () => {
    const { signedIn, token } = await signIn(ann);
    const there = await signIn(ann);
    const bobs = await signIn(bob);
    const { linkToken } = await ask(signedIn, fresh);
    const pending = [await askForMail(ann), await askForMail(fresh)];
    const others = await askForMail(bob);
    await confirmByLink(signedIn, linkToken, client);
    expect(await findSession(token)).toMatchObject({ user: { email: fresh } });
    expect(await findSession(there.token)).toBeNull();
    expect(await findSession(bobs.token)).not.toBeNull();
    for (const id of pending) {
      expect(await requestOf(id)).toMatchObject({ replacedAt: now });
      expect(await mailOf(id)).toMatchObject({ state: "expired", sealedContent: null });
    }
    expect(await requestOf(others)).toMatchObject({ replacedAt: null });
    const revoked = await database().auditEvent.findFirstOrThrow({
      where: { type: "authn_token_revoked" },
    });
    expect(readDetails(revoked)).toEqual({ reason: "address-changed", count: 1 });
  });

  test("tells the former address, which can undo it", async () => {
    const { signedIn } = await signIn(ann);
    await change(signedIn, fresh);
    const [mail, ...others] = await newsTo(ann);
    if (!mail) throw new Error("the former address heard nothing");
    expect(others).toEqual([]);
    expect(await newsTo(fresh)).toEqual([]);
    const changed = await database().addressChange.findFirstOrThrow();
    const notice = await database().securityNotice.findFirstOrThrow();
    expect(notice.browserHash).toBeNull();
    const { subject, text, html } = await renderMail(mail);
    const undo = `https://example.org/undo-address?token=${undoToken(changed.id)}`;
    expect(subject).toBe("Your address at Ann & Bob's has changed");
    expect(text.split("\n").filter((line) => line === undo)).toHaveLength(1);
    expect(html).toContain(`href="${undo}"`);
    expect(html).toMatch(/This wasn.{1,6}t me: undo it/);
    for (const part of [text, html]) expect(part).not.toContain("/not-me");
    expect(text).toContain(`goes by ${fresh} now`);
    expect(text).toContain("Chrome on Linux, from the network address 203.0.113.9");
    expect(text).toMatch(/on January 1, 2030 at 11:42/);
    expect(await peekUndo(undoToken(changed.id))).not.toBeNull();
  });

  test("works until the last moment of ten minutes, and not longer", async () => {
    const { signedIn } = await signIn(ann);
    const late = await ask(signedIn, fresh);
    vi.setSystemTime(now.getTime() + 10 * minute);
    expect(await peekAddressChange(late.linkToken)).toBeNull();
    expect(await findPendingChange(signedIn.user.id)).toBeNull();
    expect(await confirmByLink(signedIn, late.linkToken, client)).toEqual({ problem: "unknown" });
    expect(await confirmByCode(signedIn, late.code, client)).toEqual({ problem: "expired" });
    const early = await ask(signedIn, fresh);
    vi.setSystemTime(now.getTime() + 20 * minute - 1);
    expect(await confirmByLink(signedIn, early.linkToken, client)).toBeNull();
  });

  test("has five tries of the code, and the right one counts no more afterwards; the link does", async () => {
    const { signedIn } = await signIn(ann);
    const { code, linkToken } = await ask(signedIn, fresh);
    for (const triesLeft of [4, 3, 2, 1, 0])
      expect(await confirmByCode(signedIn, wrong(code), client)).toEqual({
        problem: "wrong-code",
        triesLeft,
      });
    expect(await confirmByCode(signedIn, code, client)).toEqual({
      problem: "wrong-code",
      triesLeft: 0,
    });
    expect(await addressOf(signedIn)).toBe(ann);
    expect(await confirmByLink(signedIn, linkToken, client)).toBeNull();
  });

  test("ten wrong codes pause the codes for an address, across asks and accounts; the link works", async () => {
    const [anns, bobs] = [await signIn(ann), await signIn(bob)];
    let [at, code, linkToken] = [now.getTime(), "", ""];
    const askAgain = async ({ signedIn }: typeof anns) => {
      at += 61_000;
      vi.setSystemTime(at);
      const visitor = { ...client, browserToken: "browser", timeZone: null };
      await askForAddressChange(signedIn, { canonical: fresh, typed: fresh }, visitor);
      code = await codeOf(signedIn);
      const where = { recipient: fresh, template: "address-change" };
      const content = readMailContent(
        await database().mail.findFirstOrThrow({ where, orderBy: { id: "desc" } }),
      );
      linkToken = "linkToken" in content ? content.linkToken : "";
    };
    for (const who of [anns, bobs]) {
      await askAgain(who);
      for (let count = 0; count < 5; count++)
        expect(await confirmByCode(who.signedIn, wrong(code), client)).toMatchObject({
          problem: "wrong-code",
        });
    }
    await askAgain(anns);
    const paused = { problem: "paused", retryAt: new Date(at + 15 * minute) };
    for (const typed of [code, wrong(code)])
      expect(await confirmByCode(anns.signedIn, typed, client)).toEqual(paused);
    expect(await findPendingChange(anns.signedIn.user.id)).toMatchObject({ codeTries: 0 });
    expect(await confirmByLink(anns.signedIn, linkToken, client)).toBeNull();
    await askForAddressChange(
      bobs.signedIn,
      { canonical: third, typed: third },
      { ...client, browserToken: "another", timeZone: null },
    );
    expect(await confirmByCode(bobs.signedIn, await codeOf(bobs.signedIn), client)).toBeNull();
  });

  test("a hundred guesses at once are five", async () => {
    const { signedIn } = await signIn(ann);
    const { code } = await ask(signedIn, fresh);
    await Promise.all(
      Array.from({ length: 100 }, () => confirmByCode(signedIn, wrong(code), client)),
    );
    expect(await database().addressChange.findFirst()).toMatchObject({ codeTries: 5 });
  });

  test.each(["", "12345", "1234567", "abcdef", "12345x"])(
    "what is no code is not counted: %j",
    async (typed) => {
      const { signedIn } = await signIn(ann);
      await ask(signedIn, fresh);
      expect(await confirmByCode(signedIn, typed, client)).toEqual({ problem: "malformed-code" });
      expect(await database().addressChange.findFirst()).toMatchObject({ codeTries: 0 });
    },
  );

  test("in somebody else's session does nothing, and spends nothing", async () => {
    const [anns, bobs] = [await signIn(ann), await signIn(bob)];
    const { linkToken, code } = await ask(anns.signedIn, fresh);
    expect(await confirmByLink(bobs.signedIn, linkToken, client)).toEqual({ problem: "unknown" });
    expect(await confirmByCode(bobs.signedIn, code, client)).toEqual({ problem: "expired" });
    await ask(bobs.signedIn, third);
    if ((await codeOf(bobs.signedIn)) !== code)
      expect(await confirmByCode(bobs.signedIn, code, client)).toMatchObject({
        problem: "wrong-code",
      });
    expect(await addressOf(bobs.signedIn)).toBe(bob);
    expect(await confirmByLink(anns.signedIn, linkToken, client)).toBeNull();
  });

  test("twenty times at once, by link and by code, is confirming once", async () => {
    const { signedIn } = await signIn(ann);
    const { linkToken, code } = await ask(signedIn, fresh);
    const outcomes = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        index % 2
          ? confirmByLink(signedIn, linkToken, client)
          : confirmByCode(signedIn, code, client),
      ),
    );
    expect(outcomes.filter((problem) => problem === null)).toHaveLength(1);
    expect(await newsTo(ann)).toHaveLength(1);
    expect(await database().auditEvent.count({ where: { type: "user_updated" } })).toBe(1);
  });

  test("a made-up link is none", async () => {
    const { signedIn } = await signIn(ann);
    const { linkToken } = await ask(signedIn, fresh);
    for (const token of ["", "made-up", hashToken(linkToken), linkToken.slice(1), `${linkToken}=`])
      expect(await confirmByLink(signedIn, token, client)).toEqual({ problem: "unknown" });
  });
});

test("a change ends the sign-ins that wait for a second factor, begun with the former address", async () => {
  const { signedIn } = await signIn(ann);
  await addAttempt(signedIn.user);
  await change(signedIn, fresh);
  expect(await database().twoFactorAttempt.count()).toBe(0);
});

describe("undoing", () => {
  test("gives the account back to the former address, ends every session and keeps browsers known", async () => {
    const { signedIn, token } = await signIn(ann);
    const undo = await change(signedIn, fresh);
    const there = await signIn(fresh);
    const pending = await askForMail(fresh);
    const browsers = await database().knownBrowser.findMany();
    expect(await undoAddressChange(undo, client)).toBe(true);
    expect(await addressOf(signedIn)).toBe(ann);
    for (const each of [token, there.token]) expect(await findSession(each)).toBeNull();
    expect(await requestOf(pending)).toMatchObject({ replacedAt: now });
    expect(browsers).not.toEqual([]);
    expect(await database().knownBrowser.findMany()).toEqual(browsers);
    const revoked = await database().auditEvent.findFirstOrThrow({
      where: { type: "authn_token_revoked" },
      orderBy: { id: "desc" },
    });
    expect(revoked).toMatchObject({ actor: null, userId: signedIn.user.id });
    expect(readDetails(revoked)).toEqual({ reason: "address-restored", count: 2 });
    const events = await database().auditEvent.findMany({
      where: { type: "user_updated" },
      orderBy: { id: "desc" },
    });
    expect(events[0]).toMatchObject({ actor: null, userId: signedIn.user.id, ...client });
    expect(events[0] && readDetails(events[0])).toEqual({
      field: "email",
      from: fresh,
      to: ann,
      undone: true,
    });
  });

  test("ends the sign-ins that wait for a second factor, and nobody else's", async () => {
    const { signedIn } = await signIn(ann);
    const { signedIn: others } = await signIn("eve@example.org");
    const undo = await change(signedIn, fresh);
    for (const { user } of [signedIn, signedIn, others]) await addAttempt(user);
    await undoAddressChange(undo, client);
    expect(await database().twoFactorAttempt.findMany()).toMatchObject([
      { userId: others.user.id },
    ]);
  });

  test("leaves nobody a passkey that came with the other address: it needs no mail", async () => {
    const { signedIn } = await signIn(ann);
    const { passkey: own } = await addPasskey(signedIn.user);
    vi.setSystemTime(now.getTime() + minute);
    const undo = await change(signedIn, fresh);
    vi.setSystemTime(now.getTime() + 2 * minute);
    await addPasskey(signedIn.user);
    await undoAddressChange(undo, client);
    const inUse = await database().passkey.findMany({ where: { deniedAt: null } });
    expect(inUse.map(({ id }) => id)).toEqual([own.id]);
  });

  test("tells the former address so, and the one that it no longer goes by", async () => {
    const { signedIn } = await signIn(ann);
    await undoAddressChange(await change(signedIn, fresh), client);
    const news = await newsTo(ann);
    expect(news).toHaveLength(2);
    const last = news.at(-1);
    if (!last) throw new Error("nobody was told");
    const { subject, text } = await renderMail(last);
    expect(subject).toBe("Your address at Ann & Bob's is back");
    expect(text).toContain(`goes by ${ann} again`);
    expect(text).not.toContain("/undo-address");
    expect(text).toContain("/not-me?token=");
    const [displaced, ...others] = await newsTo(fresh);
    expect(others).toEqual([]);
    if (!displaced) throw new Error("the displaced address heard nothing");
    expect(readMailContent(displaced)).toMatchObject({ notice: "address-undone" });
    const told = await renderMail(displaced);
    expect(told.subject).toBe("Your account at Ann & Bob's goes by another address");
    expect(told.text).not.toContain("/undo-address");
    for (const part of [told.text, told.html]) expect(part).not.toContain(ann);
  });

  test("tells an address that has the account back already nothing of having lost it", async () => {
    const { signedIn, token } = await signIn(ann);
    const undo = await change(signedIn, fresh);
    vi.setSystemTime(now.getTime() + minute);
    await change(await signedInWith(token), ann);
    expect(await undoAddressChange(undo, client)).toBe(true);
    expect(await addressOf(signedIn)).toBe(ann);
    const notices = (await newsTo(ann)).map(readMailContent);
    expect(notices).not.toContainEqual(expect.objectContaining({ notice: "address-undone" }));
  });

  test("works until the last moment of seven days, and not longer", async () => {
    const { signedIn } = await signIn(ann);
    const undo = await change(signedIn, fresh);
    vi.setSystemTime(now.getTime() + 7 * day);
    expect(await peekUndo(undo)).toBeNull();
    expect(await undoAddressChange(undo, client)).toBe(false);
    expect(await addressOf(signedIn)).toBe(fresh);
    vi.setSystemTime(now.getTime() + 7 * day - 1);
    expect(await undoAddressChange(undo, client)).toBe(true);
    expect(await addressOf(signedIn)).toBe(ann);
  });

  test("works once, of twenty at once too", async () => {
    const { signedIn } = await signIn(ann);
    const undo = await change(signedIn, fresh);
    const outcomes = await Promise.all(
      Array.from({ length: 20 }, () => undoAddressChange(undo, client)),
    );
    expect(outcomes.filter((isDone) => isDone)).toHaveLength(1);
    expect(await undoAddressChange(undo, client)).toBe(false);
    expect(await newsTo(ann)).toHaveLength(2);
  });

  test("from the first address undoes what was changed afterwards, and that cannot be undone in turn", async () => {
    const { signedIn, token } = await signIn(ann);
    const first = await change(signedIn, fresh);
    vi.setSystemTime(now.getTime() + day);
    const second = await change(await signedInWith(token), third);
    expect(await addressOf(signedIn)).toBe(third);
    const pending = [await askForMail(fresh), await askForMail(third)];
    expect(await undoAddressChange(first, client)).toBe(true);
    expect(await addressOf(signedIn)).toBe(ann);
    expect(await undoAddressChange(second, client)).toBe(false);
    expect(await addressOf(signedIn)).toBe(ann);
    for (const id of pending)
      expect(await requestOf(id)).toMatchObject({ replacedAt: new Date(now.getTime() + day) });
    for (const email of [fresh, third])
      expect(await isReservedAddress(database(), email)).toBe(false);
    const event = await database().auditEvent.findFirstOrThrow({
      where: { type: "user_updated" },
      orderBy: { id: "desc" },
    });
    expect(readDetails(event)).toMatchObject({ from: third, to: ann, undone: true });
    const told = (await newsTo(third)).map(readMailContent);
    expect(told).toMatchObject([{ notice: "address-undone" }]);
  });

  test("of a second change leaves the first one undoable", async () => {
    const { signedIn, token } = await signIn(ann);
    const first = await change(signedIn, fresh);
    vi.setSystemTime(now.getTime() + minute);
    const second = await change(await signedInWith(token), third);
    expect(await undoAddressChange(second, client)).toBe(true);
    expect(await addressOf(signedIn)).toBe(fresh);
    expect(await undoAddressChange(first, client)).toBe(true);
    expect(await addressOf(signedIn)).toBe(ann);
  });

  test("ends a wish that still waits", async () => {
    const { signedIn, token } = await signIn(ann);
    const undo = await change(signedIn, fresh);
    const waiting = await signedInWith(token);
    const { mail, linkToken } = await ask(waiting, third);
    const thirds = await askForMail(third);
    await undoAddressChange(undo, client);
    expect(await requestOf(thirds)).toMatchObject({ replacedAt: null, mail: { state: "queued" } });
    const wish = await database().addressChange.findFirst({ where: { newEmail: third } });
    expect(wish).toMatchObject({ confirmedAt: null, undoneAt: null });
    expect(wish?.withdrawnAt).not.toBeNull();
    expect(await database().mail.findUniqueOrThrow({ where: { id: mail.id } })).toMatchObject({
      state: "expired",
      sealedContent: null,
    });
    expect(await confirmByLink(waiting, linkToken, client)).toEqual({ problem: "unknown" });
    expect(await addressOf(signedIn)).toBe(ann);
  });

  test("a forged, shortened or made-up link undoes nothing, one of another purpose neither", async () => {
    const { signedIn } = await signIn(ann);
    const undo = await change(signedIn, fresh);
    const { id } = await database().addressChange.findFirstOrThrow();
    const notice = await database().securityNotice.findFirstOrThrow();
    const forged = [
      ...Array.from({ length: undo.length }, (_, length) => undo.slice(0, length)),
      `${id}.${hashToken(id)}`,
      noticeToken(id),
      noticeToken(notice.id),
      undoToken(notice.id),
      undoToken("00000000-0000-7000-8000-000000000000"),
      `x${undo}`,
      undo.toUpperCase(),
      "a".repeat(100_000),
    ];
    for (const token of forged) {
      expect(await peekUndo(token), token.slice(0, 90)).toBeNull();
      expect(await undoAddressChange(token, client), token.slice(0, 90)).toBe(false);
    }
    expect(await addressOf(signedIn)).toBe(fresh);
  });

  test("of a change that was never confirmed is none", async () => {
    const { signedIn } = await signIn(ann);
    await ask(signedIn, fresh);
    const { id } = await database().addressChange.findFirstOrThrow();
    expect(await undoAddressChange(undoToken(id), client)).toBe(false);
  });

  test("looking at the link changes nothing", async () => {
    const { signedIn } = await signIn(ann);
    const undo = await change(signedIn, fresh);
    const before = await database().addressChange.findMany();
    for (let count = 0; count < 3; count++) await peekUndo(undo);
    expect(await database().addressChange.findMany()).toEqual(before);
  });
});

describe("a change back to an address that could have undone it", () => {
  async function goAndReturn() {
    const { signedIn, token } = await signIn(ann);
    const first = await change(signedIn, fresh);
    vi.setSystemTime(now.getTime() + minute);
    const second = await change(await signedInWith(token), ann);
    return { signedIn, token, first, second };
  }

  test("cannot be undone by the address between, which is free", async () => {
    const { signedIn, second } = await goAndReturn();
    expect(
      await database().addressChange.findFirst({ where: { formerEmail: fresh } }),
    ).toMatchObject({ undoUntil: null });
    expect(await peekUndo(second)).toBeNull();
    expect(await undoAddressChange(second, client)).toBe(false);
    expect(await addressOf(signedIn)).toBe(ann);
    expect(await isReservedAddress(database(), fresh)).toBe(false);
    expect((await signIn(fresh)).signedIn.user.id).not.toBe(signedIn.user.id);
  });

  test("is told to the address between, which can end every session", async () => {
    const { token } = await goAndReturn();
    const [mail, ...others] = await newsTo(fresh);
    expect(others).toEqual([]);
    if (!mail) throw new Error("the address between heard nothing");
    const content = readMailContent(mail);
    expect(content).toMatchObject({ notice: "address-changed", addressChangeId: null });
    const { text, html } = await renderMail(mail);
    const noticeId = "noticeId" in content ? content.noticeId : "";
    const link = `https://example.org/not-me?token=${noticeToken(noticeId)}`;
    expect(text.split("\n").filter((line) => line === link)).toHaveLength(1);
    for (const part of [text, html]) expect(part).not.toContain("/undo-address");
    expect(await denyNotice(noticeToken(noticeId), client)).toBe(true);
    expect(await findSession(token)).toBeNull();
  });

  test("is told in whole sentences", async () => {
    await goAndReturn();
    const [mail] = await newsTo(fresh);
    if (!mail) throw new Error("the address between heard nothing");
    const { text } = await renderMail(mail);
    expect(text).not.toMatch(/goes by\s+now/);
  });

  test("leaves the first change undoable", async () => {
    const { first } = await goAndReturn();
    expect(await peekUndo(first)).not.toBeNull();
  });
});

describe("the former address", () => {
  test("signs nobody up and is no other account's for seven days, and is free afterwards", async () => {
    const { signedIn } = await signIn(ann);
    const { signedIn: bobs } = await signIn(bob);
    await change(signedIn, fresh);
    expect(await isReservedAddress(database(), ann)).toBe(true);
    await expect(signIn(ann)).rejects.toMatchObject({ reason: "no-account" });
    const told = await mailOf(await askForMail(ann));
    expect(readMailContent(told)).toMatchObject({ template: "no-account", isReserved: true });
    expect((await renderMail(told)).text).toContain("goes by another address since a few days");
    expect((await askAnyhow(bobs, ann)).template).toBe("address-taken");
    vi.setSystemTime(now.getTime() + 7 * day - 1);
    await expect(signIn(ann)).rejects.toMatchObject({ reason: "no-account" });
    vi.setSystemTime(now.getTime() + 7 * day);
    expect(await isReservedAddress(database(), ann)).toBe(false);
    expect((await askAnyhow(bobs, ann)).template).toBe("address-change");
    await signIn(ann);
    expect(await database().user.count()).toBe(3);
  });

  test("is free at once when the change is undone", async () => {
    const { signedIn } = await signIn(ann);
    const undo = await change(signedIn, fresh);
    await undoAddressChange(undo, client);
    await signIn(fresh);
    expect(await database().user.count()).toBe(2);
  });

  test("gets the account back also when its owner has been signed out everywhere", async () => {
    const { signedIn } = await signIn(ann);
    const undo = await change(signedIn, fresh);
    await database().session.deleteMany();
    expect(await undoAddressChange(undo, client)).toBe(true);
    expect((await signIn(ann)).signedIn.user.id).toBe(signedIn.user.id);
  });
});

/** Asks for a change as if the mails before had been long ago, and reads the mail to the new address. */
async function ask(signedIn: SignedIn, email: string, typed = email, timeZone = "Europe/Berlin") {
  const mail = await askAnyhow(signedIn, email, typed, timeZone);
  const content = readMailContent(mail);
  if (content.template !== "address-change") throw new Error("the mail confirms nothing");
  return { mail, ...content };
}

async function askAnyhow(
  signedIn: SignedIn,
  email: string,
  typed = email,
  timeZone = "Europe/Berlin",
) {
  await forgetLimits();
  await askForAddressChange(
    signedIn,
    { canonical: email, typed },
    { ...client, browserToken: "browser", timeZone },
  );
  return await database().mail.findFirstOrThrow({
    where: { recipient: email, template: { startsWith: "address-" } },
    orderBy: { id: "desc" },
  });
}

async function codeOf(signedIn: SignedIn): Promise<string> {
  const pending = await findPendingChange(signedIn.user.id);
  const mail = await database().mail.findFirstOrThrow({
    where: { recipient: pending?.newEmail ?? "", template: "address-change" },
    orderBy: { id: "desc" },
  });
  const content = readMailContent(mail);
  return "code" in content ? content.code : "";
}

/** @returns the secret of the link that undoes it */
async function change(signedIn: SignedIn, email: string): Promise<string> {
  const { linkToken } = await ask(signedIn, email);
  expect(await confirmByLink(signedIn, linkToken, client)).toBeNull();
  const { id } = await database().addressChange.findUniqueOrThrow({
    where: { linkHash: hashToken(linkToken) },
  });
  return undoToken(id);
}

/** What an address is told about its account. */
function newsTo(recipient: string) {
  const where = { recipient, template: "security", state: "queued" };
  return database().mail.findMany({ where, orderBy: { id: "asc" } });
}

async function addressOf({ user }: SignedIn): Promise<string> {
  return (await database().user.findUniqueOrThrow({ where: { id: user.id } })).email;
}

function typesOf(row: object | null) {
  return Object.entries(row ?? {}).map(([name, value]) => [name, typeof value]);
}

async function signedInWith(token: string): Promise<SignedIn> {
  const signedIn = await findSession(token);
  if (!signedIn) throw new Error("nobody is signed in with it");
  return signedIn;
}

const browser = {
  browserToken: "browser",
  screenToken: "screen",
  userAgent: chrome,
  networkAddress: "203.0.113.7",
  timeZone: "Europe/Berlin",
};

async function signIn(email: string) {
  const token = randomToken();
  await redeemMail(await askForMail(email), token, browser, undefined, "link");
  return { token, signedIn: await signedInWith(token) };
}

/** @returns the id of the request */
async function askForMail(email: string): Promise<string> {
  const linkToken = randomToken();
  const address = { canonical: email, typed: email };
  await forgetLimits();
  await storeSignInRequest({ address, keepSignedIn: true, next: "/", visitor: browser }, linkToken);
  await forgetLimits();
  return (
    await database().signInRequest.findUniqueOrThrow({ where: { linkHash: hashToken(linkToken) } })
  ).id;
}

function requestOf(id: string) {
  return database().signInRequest.findUniqueOrThrow({ where: { id }, include: { mail: true } });
}

function mailOf(signInRequestId: string) {
  return database().mail.findUniqueOrThrow({ where: { signInRequestId } });
}

function wrong(code: string): string {
  return String((Number(code) + 1) % 1_000_000).padStart(6, "0");
}
