import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { Mail, User } from "@/lib/platform/database/client/client";
import { database } from "@/lib/platform/database/database";
import {
  emptyDatabase,
  forgetLimits,
  prepareTestDatabase,
  refuseWrites,
} from "@/lib/platform/database/test-database";
import { inTransaction } from "@/lib/platform/database/transaction";
import { days, minutes } from "@/lib/platform/duration";
import { LimitReached } from "@/lib/platform/limits";
import { hashToken, randomToken } from "@/lib/platform/secrets";
import { askForAddressChange, peekAddressChange } from "./address-change";
import {
  AdministrationRefused,
  blockUser,
  deleteUser,
  disableSecondFactor,
  endEverySession,
  endSessionsOf,
  grantScope,
  type Operator,
  revokeScope,
  unblockUser,
} from "./administration";
import { readDetails } from "./audit";
import { createUser, resendInvitation } from "./invitation";
import { renderMail } from "./mail-worker";
import { readMailContent } from "./outbox";
import { SignInRefused } from "./redemption";
import { isScopeName, listScopes } from "./scopes";
import { hasSecondFactor } from "./second-factor";
import { findSession } from "./sessions";
import { storeSignInRequest } from "./sign-in-request";
import { peekEnding } from "./sign-in-state";
import { addAttempt, addPasskey, addTotp, addUser } from "./test-second-factor";
import { redeemMail } from "./test-sign-in";
import { findAttempt } from "./two-factor-attempt";

process.env.SITE_URL = "https://example.org";
process.env.SMTP_URL = "smtp://mail.example.org";
await prepareTestDatabase();
const now = new Date("2030-01-01T10:42:00Z");
const client = { userAgent: "The administrator's browser", networkAddress: "203.0.113.9" };

let ann: User;
let bob: User;
/** Ann, who administers. */
let operator: Operator;

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ["Date"] });
  vi.setSystemTime(now);
  await emptyDatabase();
  [ann, bob] = [await addUser(), await addUser("bob@example.org")];
  await hold(ann, "super");
  operator = { id: ann.id, client };
});
afterEach(() => vi.useRealTimers());

describe("inviting", () => {
  const address = { canonical: "carl@example.org", typed: "Carl@example.org" };
  const invitations = () => database().mail.findMany({ where: { template: "invitation" } });

  test("goes with the account by mail, unless it is not to, and is sent again", async () => {
    const id = await createUser(operator, address, null);
    expect(await invitations()).toMatchObject([
      { recipient: "carl@example.org", userId: id, state: "queued" },
    ]);
    await expect(resendInvitation(operator, id)).rejects.toThrow(LimitReached);
    vi.setSystemTime(now.getTime() + minutes(1));
    await resendInvitation(operator, id);
    const states = (await invitations()).map(({ state }) => state);
    expect(states.toSorted()).toEqual(["expired", "queued"]);
    expect((await record()).slice(1)).toEqual([
      { type: "user_updated", userId: id, actor: ann.id, act: "invited" },
    ]);
    const [mail] = await database().mail.findMany({ where: { state: "queued" } });
    const { text } = await renderMail(mail as Mail);
    expect(text).not.toContain(ann.email);
    expect(text).not.toContain(client.networkAddress);
    const quiet = { canonical: "dora@example.org", typed: "dora@example.org" };
    await createUser(operator, quiet, null, "none");
    expect(await invitations()).toHaveLength(2);
  });

  test("ends when the person has come, and is for administrators of that account", async () => {
    await expect(resendInvitation(operator, bob.id)).rejects.toMatchObject({ reason: "already" });
    await expect(resendInvitation(operator, "x")).rejects.toMatchObject({ reason: "unknown-user" });
    const id = await createUser(operator, address, null, "none");
    await use(await askForMail(address.canonical));
    await expect(resendInvitation(operator, id)).rejects.toMatchObject({ reason: "already" });
    expect(await invitations()).toEqual([]);
  });
});

describe("blocking", () => {
  test("closes the account, and says why", async () => {
    await blockUser(operator, bob.id, "Sends spam");
    expect(await rowOf(bob)).toMatchObject({ blockedAt: now, blockedReason: "Sends spam" });
    expect(await rowOf(ann)).toMatchObject({ blockedAt: null, blockedReason: null });
  });

  test("is written down with who did it and why, and told by mail", async () => {
    await blockUser(operator, bob.id, "Sends spam");
    expect(await record()).toEqual([
      { type: "user_updated", userId: bob.id, actor: ann.id, act: "blocked", reason: "Sends spam" },
    ]);
    expect(await database().auditEvent.findMany()).toMatchObject([client]);
    expect(await toldTo(bob)).toEqual(["blocked"]);
    expect(await database().mail.count()).toBe(1);
  });

  test("tells in the mail what has happened, and not the words for other administrators", async () => {
    await blockUser(operator, bob.id, "Sends spam");
    const { subject, text } = await renderMail(await database().mail.findFirstOrThrow());
    expect(subject).toBe("Your account at Latchkey has been blocked");
    expect(text).toContain("write to the site's owner");
    expect(text).not.toContain("spam");
  });

  test("tells the person nothing of the administrator's network address", async () => {
    await blockUser(operator, bob.id, "Sends spam");
    const { text, html } = await renderMail(await database().mail.findFirstOrThrow());
    for (const part of [text, html]) expect(part).not.toContain(client.networkAddress);
  });

  test("ends the sessions of the account, and nobody else's", async () => {
    const [one, other, anns] = [await signIn(bob), await signIn(bob), await signIn(ann)];
    await blockUser(operator, bob.id, "spam");
    for (const token of [one, other]) expect(await findSession(token)).toBeNull();
    expect(await database().session.findMany()).toMatchObject([{ userId: ann.id }]);
    expect(await findSession(anns)).not.toBeNull();
    const ended = { type: "authn_token_revoked", actor: ann.id, reason: "administrator", count: 2 };
    expect(await record()).toContainEqual({ ...ended, userId: bob.id });
  });

  test("ends the links and codes that are on their way, and takes back the mails", async () => {
    const [bobs, anns] = [await askForMail(bob.email), await askForMail(ann.email)];
    await blockUser(operator, bob.id, "spam");
    expect(await endingOf(bobs)).toBe("replaced");
    expect(await endingOf(anns)).toBeNull();
    const mails = await database().mail.findMany({ where: { template: "sign-in" } });
    expect(mails.find(({ recipient }) => recipient === bob.email)).toMatchObject({
      state: "expired",
      sealedContent: null,
    });
    expect(mails.find(({ recipient }) => recipient === ann.email)?.state).toBe("queued");
  });

  test("ends the sign-ins that wait for a second factor", async () => {
    const [bobs, anns] = [randomToken(), randomToken()];
    await addAttempt(bob, { tokenHash: hashToken(bobs) });
    await addAttempt(ann, { tokenHash: hashToken(anns) });
    await blockUser(operator, bob.id, "spam");
    expect(await findAttempt(bobs)).toBeNull();
    expect(await database().twoFactorAttempt.findMany()).toMatchObject([{ userId: ann.id }]);
  });

  test("ends the change of address that is under way", async () => {
    const linkToken = await wishAddress(bob, "bob.new@example.org");
    expect(await peekAddressChange(linkToken)).not.toBeNull();
    await blockUser(operator, bob.id, "spam");
    expect(await peekAddressChange(linkToken)).toBeNull();
    expect(await database().addressChange.findMany()).toMatchObject([{ withdrawnAt: now }]);
    const where = { template: "address-change" };
    expect(await database().mail.findMany({ where })).toMatchObject([{ state: "expired" }]);
  });

  test("is opened by no mail: neither an older one, nor one that is asked for afterwards", async () => {
    const before = await askForMail(bob.email);
    await blockUser(operator, bob.id, "spam");
    const after = await askForMail(bob.email);
    for (const id of [before, after]) await expect(use(id)).rejects.toThrow(SignInRefused);
    expect(await database().session.count()).toBe(0);
  });

  test("and all that it ends is one: there, or not", async () => {
    const token = await signIn(bob);
    const id = await askForMail(bob.email);
    await addAttempt(bob);
    await wishAddress(bob, "bob.new@example.org");
    const before = await everything();
    await refusing("Mail", "INSERT", () =>
      expect(blockUser(operator, bob.id, "spam")).rejects.toThrow(),
    );
    expect(await everything()).toEqual(before);
    expect(await findSession(token)).not.toBeNull();
    expect(await endingOf(id)).toBeNull();
  });

  test("twenty times at once is blocking once", async () => {
    const outcomes = await Promise.all(
      Array.from({ length: 20 }, () => outcomeOf(blockUser(operator, bob.id, "spam"))),
    );
    expect(outcomes.toSorted()).toEqual([...Array(19).fill("already"), "done"]);
    expect(await toldTo(bob)).toEqual(["blocked"]);
  });
});

describe("unblocking", () => {
  test("opens the account again, is written down and told, and brings nothing back", async () => {
    const token = await signIn(bob);
    const id = await askForMail(bob.email);
    await blockUser(operator, bob.id, "spam");
    await unblockUser(operator, bob.id);
    expect(await rowOf(bob)).toMatchObject({ blockedAt: null, blockedReason: null });
    expect(await record()).toContainEqual({
      type: "user_updated",
      userId: bob.id,
      actor: ann.id,
      act: "unblocked",
    });
    expect(await toldTo(bob)).toEqual(["blocked", "unblocked"]);
    expect(await findSession(token)).toBeNull();
    await expect(use(id)).rejects.toThrow(SignInRefused);
  });

  test("lets the person sign in again", async () => {
    await blockUser(operator, bob.id, "spam");
    await unblockUser(operator, bob.id);
    const { user } = await use(await askForMail(bob.email));
    expect(user.id).toBe(bob.id);
  });
});

describe("a scope", () => {
  test("is granted and taken away, each written down with who did it", async () => {
    await grantScope(operator, bob.id, "editor");
    expect(await listScopes(bob.id)).toEqual(["authenticated", "editor"]);
    await revokeScope(operator, bob.id, "editor");
    expect(await listScopes(bob.id)).toEqual(["authenticated"]);
    const event = { type: "privilege_permissions_changed", userId: bob.id, actor: ann.id };
    expect(await record()).toEqual([
      { ...event, act: "granted", scope: "editor" },
      { ...event, act: "revoked", scope: "editor" },
    ]);
  });

  test("is taken from one person, and that one scope", async () => {
    for (const user of [ann, bob]) await hold(user, "admin", "editor");
    await revokeScope(operator, bob.id, "admin");
    expect(await listScopes(bob.id)).toEqual(["authenticated", "editor"]);
    expect(await listScopes(ann.id)).toEqual(["authenticated", "admin", "editor", "super"]);
  });

  test("can be granted to oneself, and is not taken from oneself", async () => {
    await grantScope(operator, ann.id, "editor");
    expect(await outcomeOf(revokeScope(operator, ann.id, "editor"))).toBe("oneself");
    expect(await listScopes(ann.id)).toContain("editor");
  });

  test.each(["a", "admin", "super", "site:editor", "a.b_c-d", "a1", "x".repeat(50)])(
    "may be called %j",
    (name) => expect(isScopeName(name)).toBe(true),
  );

  test.each([
    "",
    "authenticated",
    "Admin",
    " admin",
    "admin ",
    "admin\n",
    "a b",
    "1a",
    "-a",
    "a,b",
    'a"b',
    "a/b",
    "ädmin",
    "аdmin",
    "ａdmin",
    "admin\0",
    "x".repeat(51),
  ])("may not be called %j", async (name) => {
    expect(isScopeName(name)).toBe(false);
    await refused("scope", () => grantScope(operator, bob.id, name));
  });
});

describe("the second factor", () => {
  test("is taken away whole, and nobody else's", async () => {
    for (const user of [ann, bob]) {
      await addTotp(user);
      await addPasskey(user);
      await addPasskey(user);
      await database().recoveryCode.create({ data: { userId: user.id, salt: "", hash: "" } });
      await addAttempt(user);
    }
    await disableSecondFactor(operator, bob.id);
    expect(await hasSecondFactor(bob.id)).toBe(false);
    expect(await countOf(bob)).toEqual([0, 0, 0, 0]);
    expect(await countOf(ann)).toEqual([1, 2, 1, 1]);
  });

  test.each([
    ["an app", addTotp],
    ["a passkey", addPasskey],
  ])("that is %s alone is written down and told", async (_, add) => {
    await add(bob);
    await disableSecondFactor(operator, bob.id);
    expect(await record()).toEqual([
      { type: "user_updated", userId: bob.id, actor: ann.id, act: "second-factor-disabled" },
    ]);
    expect(await toldTo(bob)).toEqual(["factor-disabled"]);
  });

  test("lets a mail alone sign in", async () => {
    await addTotp(bob);
    await disableSecondFactor(operator, bob.id);
    expect((await use(await askForMail(bob.email))).session.secondFactorAt).toBeNull();
  });

  test("has been passed by no session any more, should the site ask for one later", async () => {
    await addTotp(bob);
    await signIn(bob, now);
    await disableSecondFactor(operator, bob.id);
    expect(await database().session.findMany()).toMatchObject([{ secondFactorAt: null }]);
  });
});

describe("ending sessions", () => {
  test("ends one, and leaves the others", async () => {
    const [one, other] = [await signIn(bob), await signIn(bob)];
    expect(await endSessionsOf(operator, bob.id, { id: await idOf(one) })).toBe(1);
    expect(await findSession(one)).toBeNull();
    expect(await findSession(other)).not.toBeNull();
    expect(await record()).toEqual([endOf(1)]);
  });

  test("ends all of that person, and the sign-ins that wait", async () => {
    const anns = await signIn(ann);
    await addAttempt(ann);
    await addAttempt(bob);
    for (let count = 0; count < 3; count++) await signIn(bob);
    expect(await endSessionsOf(operator, bob.id, "all")).toBe(3);
    expect(await database().session.count({ where: { userId: bob.id } })).toBe(0);
    expect(await database().twoFactorAttempt.findMany()).toMatchObject([{ userId: ann.id }]);
    expect(await findSession(anns)).not.toBeNull();
    expect(await record()).toEqual([endOf(3)]);
  });

  test("of somebody else's by its id ends nothing, and is not written down", async () => {
    const anns = await signIn(ann);
    for (const id of [await idOf(anns), "", "unknown"])
      expect(await endSessionsOf(operator, bob.id, { id })).toBe(0);
    expect(await findSession(anns)).not.toBeNull();
    expect(await record()).toEqual([]);
  });

  function endOf(count: number) {
    const details = { reason: "administrator", count };
    return { type: "authn_token_revoked", userId: bob.id, actor: ann.id, ...details };
  }
});

describe("refused, changes nothing, and is not written down:", () => {
  const acts: [string, (who: Operator, userId: string) => Promise<unknown>][] = [
    ["blocking", (who, userId) => blockUser(who, userId, "spam")],
    ["unblocking", unblockUser],
    ["granting", (who, userId) => grantScope(who, userId, "editor")],
    ["taking a scope", (who, userId) => revokeScope(who, userId, "super")],
    ["the second factor", disableSecondFactor],
    ["ending sessions", (who, userId) => endSessionsOf(who, userId, "all")],
  ];

  test.each(acts)("%s of nobody", async (_, act) => {
    for (const id of ["", "unknown", "' OR 1=1 --", bob.email])
      await refused("unknown-user", () => act(operator, id));
  });

  test("blocking oneself, and taking one's own scope, when there is another super as well", async () => {
    await hold(bob, "super");
    await signIn(ann);
    await refused("oneself", () => blockUser(operator, ann.id, "spam"));
    await refused("oneself", () => revokeScope(operator, ann.id, "super"));
  });

  test("blocking the last super, and taking the scope from them, by the shell as well", async () => {
    await signIn(ann);
    const shell = { id: "operator", client };
    await refused("last-super", () => blockUser(shell, ann.id, "spam"));
    await refused("last-super", () => revokeScope(shell, ann.id, "super"));
  });

  test("anything by who was let through, and has been blocked or demoted since", async () => {
    await hold(bob, "super");
    const byBob = { id: bob.id, client };
    await database().user.update({ where: { id: bob.id }, data: { blockedAt: now } });
    await refused("not-allowed", () => unblockUser(byBob, bob.id));
    await refused("not-allowed", () => grantScope(byBob, bob.id, "editor"));
    await database().user.update({ where: { id: bob.id }, data: { blockedAt: null } });
    await database().userScope.deleteMany({ where: { userId: bob.id } });
    await hold(bob, "admin");
    await refused("not-allowed", () => grantScope(byBob, bob.id, "super"));
    await refused("oneself", () => unblockUser(byBob, bob.id));
  });

  test("anything that an administrator does to a super", async () => {
    await hold(bob, "admin");
    await addTotp(ann);
    await signIn(ann);
    const admin = { id: bob.id, client };
    await refused("above", () => blockUser(admin, ann.id, "spam"));
    await refused("above", () => unblockUser(admin, ann.id));
    await refused("above", () => disableSecondFactor(admin, ann.id));
    await refused("above", () => endSessionsOf(admin, ann.id, "all"));
    await refused("above", () => deleteUser(admin, ann.id));
  });

  test("a blocked super is none who stays", async () => {
    await hold(bob, "super");
    await blockUser(operator, bob.id, "spam");
    const shell = { id: "operator", client };
    await refused("last-super", () => blockUser(shell, ann.id, "spam"));
    await refused("last-super", () => revokeScope(shell, ann.id, "super"));
  });

  test("what has been done already", async () => {
    await refused("already", () => unblockUser(operator, bob.id));
    await refused("already", () => revokeScope(operator, bob.id, "editor"));
    await refused("already", () => revokeScope(operator, bob.id, "super"));
    await refused("already", () => disableSecondFactor(operator, bob.id));
    await grantScope(operator, bob.id, "editor");
    await refused("already", () => grantScope(operator, bob.id, "editor"));
    await blockUser(operator, bob.id, "spam");
    await refused("already", () => blockUser(operator, bob.id, "another reason"));
  });
});

test("everyone is signed out, and who signs in meanwhile is not", async () => {
  await signIn(ann);
  await signIn(bob);
  const { userId, ...session } = await database().session.findFirstOrThrow({
    where: { userId: bob.id },
    omit: { id: true },
  });
  const createdAt = new Date(now.getTime() + 1);
  await database().session.create({
    data: { ...session, userId, tokenHash: "later", createdAt },
  });
  await addAttempt(bob);
  expect(await endEverySession({ id: "operator", client })).toBe(2);
  expect(await database().session.findMany()).toMatchObject([{ tokenHash: "later" }]);
  expect(await database().twoFactorAttempt.count()).toBe(0);
  const [event] = await database().auditEvent.findMany({ where: { userId: null } });
  expect(event).toMatchObject({ type: "authn_token_revoked", actor: "operator" });
});

describe("at once", () => {
  test("somebody signs out while every session is ended: all the others end", async () => {
    const count = 2000;
    const row = { userId: bob.id, keepSignedIn: true, ...client, expiresAt: now, createdAt: now };
    await database().session.createMany({
      data: Array.from({ length: count }, (_, index) => ({ ...row, tokenHash: `${index}` })),
    });
    const { id } = await database().session.findFirstOrThrow();
    const signedOut = inTransaction(async (transaction) => {
      await transaction.session.delete({ where: { id } });
      // Until the other has found this one, too.
      await sleep(300);
    });
    await sleep(100);
    expect(await endEverySession(operator)).toBe(count - 1);
    await signedOut;
    expect(await database().session.count()).toBe(0);
  });

  test("two supers take it from each other: one stays", async () => {
    await hold(bob, "super");
    const byBob = { id: bob.id, client };
    const outcomes = await Promise.all([
      outcomeOf(revokeScope(operator, bob.id, "super")),
      outcomeOf(revokeScope(byBob, ann.id, "super")),
    ]);
    expect(outcomes.toSorted()).toEqual(["done", "not-allowed"]);
    expect(await database().userScope.count({ where: { scope: "super" } })).toBe(1);
    expect(await record()).toHaveLength(1);
  });

  test("two supers block each other: one stays", async () => {
    await hold(bob, "super");
    const outcomes = await Promise.all([
      outcomeOf(blockUser(operator, bob.id, "spam")),
      outcomeOf(blockUser({ id: bob.id, client }, ann.id, "spam")),
    ]);
    expect(outcomes.toSorted()).toEqual(["done", "not-allowed"]);
    expect(await database().user.count({ where: { blockedAt: null } })).toBe(1);
  });

  test("a sign-in beside a block or a deletion leaves no session behind", async () => {
    for (let round = 0; round < 10; round++) {
      const email = `race-${round}@example.org`;
      for (const act of ["block", "delete"] as const) {
        const user = await addUser(`${act}-${email}`);
        const id = await askForMail(user.email);
        await Promise.all([
          outcomeOf(
            act === "block" ? blockUser(operator, user.id, "spam") : deleteUser(operator, user.id),
          ),
          use(id).catch((error: unknown) => expect(error).toBeInstanceOf(SignInRefused)),
        ]);
        const left = await database().session.count({ where: { userId: user.id } });
        expect(left, `${act} ${round}`).toBe(0);
      }
    }
  });

  test("of five supers who all go, one stays", async () => {
    const supers = [ann, bob];
    for (const name of ["carol", "dave", "eve"]) supers.push(await addUser(`${name}@example.org`));
    for (const user of supers.slice(1)) await hold(user, "super");
    const shell = { id: "operator", client };
    const outcomes = await Promise.all(
      supers.map((user, index) =>
        outcomeOf(
          index % 2 ? blockUser(shell, user.id, "spam") : revokeScope(shell, user.id, "super"),
        ),
      ),
    );
    expect(outcomes.toSorted()).toEqual(["done", "done", "done", "done", "last-super"]);
    const where = { scope: "super", user: { blockedAt: null } };
    expect(await database().userScope.count({ where })).toBe(1);
  });

  test("twenty grants of one scope are one, and none is a fault", async () => {
    const outcomes = await Promise.all(
      Array.from({ length: 20 }, () => outcomeOf(grantScope(operator, bob.id, "editor"))),
    );
    expect(outcomes.toSorted()).toEqual([...Array(19).fill("already"), "done"]);
    expect(await record()).toHaveLength(1);
  });
});

test.each([
  ["blocking", () => blockUser(operator, bob.id, "spam")],
  ["granting", () => grantScope(operator, bob.id, "editor")],
  ["taking a scope", () => revokeScope(operator, bob.id, "admin")],
  ["the second factor", () => disableSecondFactor(operator, bob.id)],
  ["ending sessions", () => endSessionsOf(operator, bob.id, "all")],
])("%s and its record are both there, or neither", async (_, act) => {
  await hold(bob, "admin");
  await addTotp(bob);
  await signIn(bob);
  const before = await everything();
  await refusing("AuditEvent", "INSERT", () => expect(act()).rejects.toThrow());
  expect(await everything()).toEqual(before);
});

async function hold({ id: userId }: User, ...scopes: string[]) {
  await database().userScope.createMany({ data: scopes.map((scope) => ({ userId, scope })) });
}

/** Expects a refusal that leaves every row as it was. */
async function refused(reason: string, act: () => Promise<unknown>) {
  const before = await everything();
  expect(await outcomeOf(act())).toBe(reason);
  expect(await everything()).toEqual(before);
}

async function outcomeOf(act: Promise<unknown>): Promise<string> {
  try {
    await act;
    return "done";
  } catch (error) {
    if (error instanceof AdministrationRefused) return error.reason;
    throw error;
  }
}

async function refusing(table: "Mail" | "AuditEvent", what: "INSERT", act: () => Promise<void>) {
  const allow = await refuseWrites(what, table);
  try {
    await act();
  } finally {
    await allow();
  }
}

/** Every row that an act could change. */
async function everything() {
  const all = database();
  return [
    await all.user.findMany(),
    await all.userScope.findMany(),
    await all.session.findMany(),
    await all.signInRequest.findMany(),
    await all.twoFactorAttempt.findMany(),
    await all.addressChange.findMany(),
    await all.totp.findMany(),
    await all.passkey.findMany(),
    await all.recoveryCode.findMany(),
    await all.securityNotice.findMany(),
    await all.mail.findMany(),
    await all.auditEvent.findMany(),
  ];
}

async function record() {
  const events = await database().auditEvent.findMany({
    where: { type: { not: "sensitive_update" } },
    orderBy: { id: "asc" },
  });
  return events.map((event) => {
    const { type, userId, actor } = event;
    return { type, userId, actor, ...readDetails(event) };
  });
}

/** The security mails to somebody, in the order of the acts. */
async function toldTo({ email: recipient }: User) {
  const where = { recipient, template: "security" };
  const mails = await database().mail.findMany({ where, orderBy: { id: "asc" } });
  return mails.map(readMailContent).map((content) => "notice" in content && content.notice);
}

async function rowOf({ id }: User): Promise<User> {
  return await database().user.findUniqueOrThrow({ where: { id } });
}

async function countOf({ id: userId }: User): Promise<number[]> {
  const where = { userId };
  return await Promise.all([
    database().totp.count({ where }),
    database().passkey.count({ where }),
    database().recoveryCode.count({ where }),
    database().twoFactorAttempt.count({ where }),
  ]);
}

async function idOf(token: string): Promise<string> {
  const where = { tokenHash: hashToken(token) };
  return (await database().session.findUniqueOrThrow({ where })).id;
}

/** @returns the value of the session's cookie */
async function signIn({ id: userId }: User, secondFactorAt: Date | null = null): Promise<string> {
  const token = randomToken();
  await database().session.create({
    data: {
      userId,
      tokenHash: hashToken(token),
      keepSignedIn: true,
      userAgent: "",
      networkAddress: "",
      secondFactorAt,
      expiresAt: new Date(Date.now() + days(7)),
    },
  });
  return token;
}

const browser = { ...client, browserToken: "browser", timeZone: null };
const visitor = { ...browser, screenToken: "screen" };

/** @returns the id of what a mail with a link and a code is about */
async function askForMail(email: string): Promise<string> {
  const linkToken = randomToken();
  const address = { canonical: email, typed: email };
  await forgetLimits();
  await storeSignInRequest({ address, keepSignedIn: true, next: "/", visitor }, linkToken);
  const where = { linkHash: hashToken(linkToken) };
  return (await database().signInRequest.findUniqueOrThrow({ where })).id;
}

async function use(requestId: string) {
  return await redeemMail(requestId, randomToken(), visitor, undefined, "link");
}

async function endingOf(id: string) {
  const request = await database().signInRequest.findUniqueOrThrow({ where: { id } });
  return (await peekEnding(request))?.problem ?? null;
}

/** @returns the secret of the link to the new address */
async function wishAddress(user: User, email: string): Promise<string> {
  const signedIn = await findSession(await signIn(user));
  if (!signedIn) throw new Error("nobody is signed in");
  await askForAddressChange(signedIn, { canonical: email, typed: email }, browser);
  const content = readMailContent(
    await database().mail.findFirstOrThrow({ where: { recipient: email } }),
  );
  return "linkToken" in content ? content.linkToken : "";
}
