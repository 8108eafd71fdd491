import { beforeEach, describe, expect, test } from "vitest";
import type { User } from "@/lib/platform/database/client/client";
import { database } from "@/lib/platform/database/database";
import {
  emptyDatabase,
  forgetLimits,
  prepareTestDatabase,
  refuseWrites,
} from "@/lib/platform/database/test-database";
import { hashToken, randomToken } from "@/lib/platform/secrets";
import { revokeScope } from "./administration";
import { readDetails } from "./audit";
import {
  everybodysScope,
  grantToConfiguredAdmins,
  hasScope,
  isConfiguredAdmin,
  listScopes,
} from "./scopes";
import { storeSignInRequest } from "./sign-in-request";
import { addUser } from "./test-second-factor";
import { redeemMail } from "./test-sign-in";

process.env.ADMIN_EMAILS = " Ann@Example.ORG , carol@MÜNCHEN.de,ｄａｖｅ@example.org,nobody@-,";
await prepareTestDatabase();
const ann = "ann@example.org";
const client = { userAgent: "The browser that signs in", networkAddress: "203.0.113.9" };
const byOperator = { id: "operator", client };

beforeEach(emptyDatabase);

describe("the scopes of an account", () => {
  test("are `authenticated` for everybody, and nothing else at first", async () => {
    const user = await addUser("eve@example.org");
    expect(await listScopes(user.id)).toEqual(["authenticated"]);
    expect(await database().userScope.count()).toBe(0);
  });

  test("are what was granted, in the order of the alphabet after `authenticated`", async () => {
    const user = await addUser("eve@example.org");
    await grant(user, "writer", "editor", everybodysScope, "admin");
    expect(await listScopes(user.id)).toEqual(["authenticated", "admin", "editor", "writer"]);
  });

  test("include `admin` with `super`, and not the other way round", async () => {
    const [eve, bob] = [await addUser("eve@example.org"), await addUser("bob@example.org")];
    await grant(eve, "super");
    await grant(bob, "admin");
    expect(await listScopes(eve.id)).toEqual(["authenticated", "admin", "super"]);
    expect(await listScopes(bob.id)).toEqual(["authenticated", "admin"]);
  });

  test("are nobody else's", async () => {
    const [eve, bob] = [await addUser("eve@example.org"), await addUser("bob@example.org")];
    await grant(eve, "super", "editor");
    expect(await listScopes(bob.id)).toEqual(["authenticated"]);
  });

  test("change at once", async () => {
    const user = await addUser("eve@example.org");
    await grant(user, "admin");
    expect(await listScopes(user.id)).toContain("admin");
    await database().userScope.deleteMany();
    expect(await listScopes(user.id)).toEqual(["authenticated"]);
  });

  test("are compared whole", () => {
    const scopes = ["authenticated", "administrator", "super:reader"];
    expect(hasScope(scopes, "administrator")).toBe(true);
    for (const scope of ["admin", "super", "", "ADMINISTRATOR", "authenticated administrator"])
      expect(hasScope(scopes, scope), scope).toBe(false);
  });
});

describe("whom ADMIN_EMAILS names", () => {
  test.each([ann, "carol@xn--mnchen-3ya.de", "dave@example.org"])(
    "is known by the canonical address, in whatever form it is typed: %s",
    async (email) => {
      expect(isConfiguredAdmin(email)).toBe(true);
      const user = await signIn(email);
      expect(await listScopes(user.id)).toEqual(["authenticated", "admin", "super"]);
    },
  );

  test.each(["eve@example.org", "ann@example.org.evil.example", "ann@example.com", "nobody@-", ""])(
    "is nobody else: %j",
    (email) => expect(isConfiguredAdmin(email)).toBe(false),
  );

  test("gets `super` by signing in, which is written down as the system's act", async () => {
    const user = await signIn(ann);
    const [event, ...others] = await grants();
    expect(others).toEqual([]);
    expect(event).toMatchObject({ userId: user.id, actor: "system", ...client });
    expect(event && readDetails(event)).toEqual({
      act: "granted",
      scope: "super",
      reason: "ADMIN_EMAILS",
    });
  });

  test("gets it once, and not by a second sign-in", async () => {
    await signIn(ann);
    const user = await signIn(ann);
    expect(await database().userScope.count({ where: { userId: user.id } })).toBe(1);
    expect(await grants()).toHaveLength(1);
  });

  test("does not get back what has been taken away: by no sign-in, and by no start", async () => {
    const user = await signIn(ann);
    await grant(await addUser("bob@example.org"), "super");
    await revokeScope(byOperator, user.id, "super");
    await signIn(ann);
    await grantToConfiguredAdmins();
    expect(await listScopes(user.id)).toEqual(["authenticated"]);
  });

  test("does not get it back by making a new account", async () => {
    const user = await signIn(ann);
    await database().user.delete({ where: { id: user.id } });
    const again = await signIn(ann);
    expect(await listScopes(again.id)).toEqual(["authenticated"]);
    await grantToConfiguredAdmins();
    expect(await listScopes(again.id)).toEqual(["authenticated"]);
  });

  test("gets it by nothing less than a sign-in", async () => {
    await askForMail(ann);
    expect(await database().userScope.count()).toBe(0);
    expect(await grants()).toEqual([]);
  });

  test("who signs in otherwise gets nothing", async () => {
    const user = await signIn("eve@example.org");
    expect(await listScopes(user.id)).toEqual(["authenticated"]);
    expect(await grants()).toEqual([]);
    expect(await database().configuredAdmin.count()).toBe(0);
  });
});

describe("at the start", () => {
  test("accounts that are there already get `super`, and no others", async () => {
    const [user, eve] = [await addUser(ann), await addUser("eve@example.org")];
    await grantToConfiguredAdmins();
    expect(await listScopes(user.id)).toEqual(["authenticated", "admin", "super"]);
    expect(await listScopes(eve.id)).toEqual(["authenticated"]);
    const [event] = await grants();
    const nobody = { userAgent: "", networkAddress: "" };
    expect(event).toMatchObject({ userId: user.id, actor: "system", ...nobody });
  });

  test("of several processes at once, one grants", async () => {
    await addUser(ann);
    await Promise.all(Array.from({ length: 10 }, grantToConfiguredAdmins));
    expect(await database().userScope.count()).toBe(1);
    expect(await grants()).toHaveLength(1);
  });

  test("who holds it already keeps it", async () => {
    const user = await addUser(ann);
    await grant(user, "super", "editor");
    await grantToConfiguredAdmins();
    expect(await listScopes(user.id)).toEqual(["authenticated", "admin", "editor", "super"]);
  });

  test("the grant and its record are both there, or neither", async () => {
    const user = await addUser(ann);
    const allow = await refuseWrites("INSERT", "AuditEvent");
    await expect(grantToConfiguredAdmins()).rejects.toThrow();
    await allow();
    expect(await listScopes(user.id)).toEqual(["authenticated"]);
    await grantToConfiguredAdmins();
    expect(await listScopes(user.id)).toContain("super");
  });
});

async function grant({ id: userId }: User, ...scopes: string[]) {
  await database().userScope.createMany({ data: scopes.map((scope) => ({ userId, scope })) });
}

function grants() {
  return database().auditEvent.findMany({ where: { type: "privilege_permissions_changed" } });
}

async function signIn(email: string): Promise<User> {
  const { id, visitor } = await askForMail(email);
  const { user } = await redeemMail(id, randomToken(), visitor, undefined, "link");
  return await database().user.findUniqueOrThrow({ where: { id: user.id } });
}

async function askForMail(email: string) {
  const visitor = { ...client, browserToken: "browser", screenToken: "screen", timeZone: null };
  const linkToken = randomToken();
  const address = { canonical: email, typed: email };
  await forgetLimits();
  await storeSignInRequest({ address, keepSignedIn: true, next: "/", visitor }, linkToken);
  const where = { linkHash: hashToken(linkToken) };
  const { id } = await database().signInRequest.findUniqueOrThrow({ where });
  return { id, visitor };
}
