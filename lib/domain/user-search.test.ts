import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { User } from "@/lib/platform/database/client/client";
import { database, type Transaction } from "@/lib/platform/database/database";
import {
  emptyDatabase,
  forgetLimits,
  prepareTestDatabase,
} from "@/lib/platform/database/test-database";
import { inTransaction } from "@/lib/platform/database/transaction";
import { hashToken, randomToken } from "@/lib/platform/secrets";
import { renameAccount } from "./account";
import { askForAddressChange, confirmByLink, undoAddressChange, undoToken } from "./address-change";
import { readMailContent } from "./outbox";
import { indexUser } from "./search-terms";
import { findSession, type SignedIn } from "./sessions";
import { storeSignInRequest } from "./sign-in-request";
import { redeemMail } from "./test-sign-in";
import { listUsers, type UserFilter, userFilters } from "./user-search";

await prepareTestDatabase();
const now = new Date("2030-01-01T10:42:00Z");
const client = { userAgent: "A browser", networkAddress: "203.0.113.9" };

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ["Date"] });
  vi.setSystemTime(now);
  await emptyDatabase();
});
afterEach(() => vi.useRealTimers());

describe("a person is found by", () => {
  beforeEach(async () => {
    await add("ann.smith+news@mail.example.org", "Ann-Marie O'Brien");
    await add("zoe@xn--mnchen-3ya.de", "Zoë Müller", "zoe@münchen.de");
    await add("ivan@example.net", "Иван Ёлкин");
    await add("tanaka@example.com", "田中 太郎");
    await add("plain@example.com", null);
  });

  test.each([
    ["the address", "ann.smith+news@mail.example.org"],
    ["the address, in other case", "Ann.SMITH+News@Mail.Example.ORG"],
    ["the address, in full width", "ａｎｎ.ｓｍｉｔｈ+news@mail.example.org"],
    ["the beginning of the address", "ann.smith+news@ma"],
    ["the part before the @", "ann.smith"],
    ["a part of it", "smith"],
    ["its tag", "news"],
    ["the domain", "mail.example.org"],
    ["a part of the domain", "mail"],
    ["the first name", "ann"],
    ["the second half of it", "marie"],
    ["the last name, after an apostrophe", "brien"],
    ["the last name, whole", "o'brien"],
    ["the whole name", "Ann-Marie O'Brien"],
    ["the beginning of a word", "smi"],
    ["one letter", "s"],
    ["other case", "MARIE"],
    ["full width", "ｓｍｉｔｈ"],
    ["several words", "smith ann"],
    ["beginnings of several words, in any order", "bri mar an"],
    ["words of the address and of the name", "brien mail"],
    ["spaces and signs around", "  «smith»,  ann! "],
    ["the same word twice", "ann ann"],
    ["name and address, as mail programs write them", "Brien <ann.smith+news@mail.example.org>"],
  ])("%s: %j", async (_, search) => {
    expect(await found(search)).toEqual(["ann.smith+news@mail.example.org"]);
  });

  test.each([
    ["Zoë", "zoe@xn--mnchen-3ya.de"],
    ["ZOE\u0308", "zoe@xn--mnchen-3ya.de"],
    ["MÜLL", "zoe@xn--mnchen-3ya.de"],
    ["иван", "ivan@example.net"],
    ["ЁЛК", "ivan@example.net"],
    ["田", "tanaka@example.com"],
    ["太郎 田中", "tanaka@example.com"],
  ])("words of any script: %j", async (search, email) => {
    expect(await found(search)).toEqual([email]);
  });

  test("a domain, all who are there", async () => {
    expect((await found("example.com")).toSorted()).toEqual([
      "plain@example.com",
      "tanaka@example.com",
    ]);
  });

  test("an address in the form that the person typed", async () => {
    expect(await found("zoe@münchen.de")).toEqual(["zoe@xn--mnchen-3ya.de"]);
  });

  test("a domain with its @", async () => {
    expect(await found("@mail.example.org")).toEqual(["ann.smith+news@mail.example.org"]);
  });

  test.each([
    "nobody",
    "mith",
    "smithy",
    "smith nobody",
    "smith müller",
    "smith@mail.example.org",
    "ann@example.org",
    "_mith",
    "%mith",
    "s_ith",
    "' OR 1=1 --",
    '"; DROP TABLE "User" --',
  ])("nothing else: %j", async (search) => {
    expect(await found(search)).toEqual([]);
    expect(await database().user.count()).toBe(5);
  });

  test.each(["smi_h", "sm%h", "sm*h", "sm?th", "smit[h]"])("a wildcard: %j", async (search) => {
    expect(await found(search)).toEqual([]);
  });
});

describe("a name is found", () => {
  test("when the address has many parts", async () => {
    await add("a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p.q.r.s.t.u.v@example.org", "Zacharias");
    expect(await found("zacharias")).toHaveLength(1);
  });

  test("word by word, as far as a name goes", async () => {
    const words = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine"];
    await add("ann@example.org", words.join(" "));
    for (const word of words) expect(await found(word), word).toHaveLength(1);
  });
});

describe("a search that somebody makes up", () => {
  beforeEach(async () => void (await add("ann@example.org", "Ann Smith")));

  test.each([
    ["one long word", "x".repeat(10_240)],
    ["one long address", `${"x".repeat(10_000)}@example.org`],
    ["many words", "abc ".repeat(2560)],
    ["many different words", Array.from({ length: 2000 }, (_, index) => `w${index}`).join(" ")],
    ["a broken letter", "ann\ud800zzz"],
    ["a broken letter in an address", "ann@\udc00"],
    ["a zero", "zzz\0ann"],
    ["a zero in an address", "ann@\0"],
    ["the last letter of all", "\u{10ffff}@"],
  ])("is answered, and finds nobody: %s", async (_, search) => {
    expect(await listUsers(search, "all", undefined, 10)).toEqual({ users: [], next: null });
  });

  test.each(["", " ", "\t\n", "\u3000"])("and that is empty lists all: %j", async (search) => {
    expect(await found(search)).toEqual(["ann@example.org"]);
  });
});

describe("what is listed", () => {
  test("is what the models say, and no more", async () => {
    const user = await add("ann@example.org", "Ann", "Ann@Example.org");
    const data = { blockedAt: now, invitedAt: new Date(0), blockedReason: "spam" };
    await database().user.update({ where: { id: user.id }, data });
    for (const search of ["", "ann"]) {
      const { users } = await listUsers(search, "all", undefined, 10);
      expect(users).toStrictEqual([
        {
          id: user.id,
          email: "ann@example.org",
          emailTyped: "Ann@Example.org",
          name: "Ann",
          createdAt: now,
          blockedAt: now,
          invitedAt: new Date(0),
        },
      ]);
    }
  });

  test("without a search is the newest first", async () => {
    for (const name of ["carol", "ann", "bob"]) await add(`${name}@example.org`);
    expect(await found("")).toEqual(["bob@example.org", "ann@example.org", "carol@example.org"]);
  });

  test("with one is in the order of the words", async () => {
    for (const name of ["anna", "anton", "ann"]) await add(`${name}@example.org`);
    expect(await found("an")).toEqual(["ann@example.org", "anna@example.org", "anton@example.org"]);
  });
});

describe("pages", () => {
  /** Everybody is found by several words, and several people by the same. */
  beforeEach(async () => {
    await inTransaction(async (transaction) => {
      for (let count = 0; count < 25; count++) {
        const email = `ann.annie${count % 3}@annex${count}.example.org`;
        await create(transaction, email, `Anna ${"Ann ".repeat(count)}`);
      }
    });
  });

  test.each(["", "an", "ann", "annie", "ann example", "org an ann annie"])(
    "of a search for %j are without doubles and gaps, of any length",
    async (search) => {
      const all = await found(search, "all", 100);
      expect(new Set(all).size).toBe(25);
      for (const length of [1, 2, 7, 24, 25, 26]) {
        const pages = await readPages(search, "all", length);
        expect(pages.flat(), `${length}`).toEqual(all);
        expect(pages.length).toBe(Math.ceil(25 / length));
        for (const page of pages.slice(0, -1)) expect(page).toHaveLength(length);
      }
    },
  );

  test("of a filter are without doubles and gaps", async () => {
    const blocked = (await database().user.findMany()).filter((_, index) => index % 2);
    const where = { id: { in: blocked.map(({ id }) => id) } };
    await database().user.updateMany({ where, data: { blockedAt: now } });
    for (const search of ["", "ann"]) {
      const pages = await readPages(search, "blocked", 5);
      expect(pages.flat().toSorted()).toEqual(blocked.map(({ email }) => email).toSorted());
    }
  });

  test("go on where they were when somebody comes in between", async () => {
    const { users, next } = await listUsers("", "all", undefined, 10);
    await add("late@example.org");
    const rest = await listUsers("", "all", next ?? undefined, 100);
    const seen = [...users, ...rest.users].map(({ email }) => email);
    expect(new Set(seen).size).toBe(25);
    expect(seen).not.toContain("late@example.org");
  });

  test("have no next one at the end", async () => {
    expect((await listUsers("", "all", undefined, 25)).next).toBeNull();
    expect((await listUsers("", "all", undefined, 24)).next).not.toBeNull();
    expect((await listUsers("nobody", "all", undefined, 1)).next).toBeNull();
  });

  test.each([
    "",
    "made-up",
    "x".repeat(10_000),
    "\0",
    ...[null, 1, [], ["a"], [1, 2], ["a", "b", "c"], { key: "a", id: "b" }, [null, null]].map(
      encode,
    ),
  ])("after a cursor that is none begin at the beginning: %j", async (cursor) => {
    for (const search of ["", "ann"])
      expect(await listUsers(search, "all", cursor, 5)).toEqual(
        await listUsers(search, "all", undefined, 5),
      );
  });

  test.each([
    ["", ""],
    ["' OR 1=1 --", "' OR 1=1 --"],
    ["\u{10ffff}", "\u{10ffff}"],
    ["\ud800", "\0"],
    ["x".repeat(10_000), "x".repeat(10_000)],
  ])("after one that somebody made up hold nobody who is not searched", async (...made) => {
    await add("bob@example.org");
    const { users } = await listUsers("ann", "all", encode(made), 100);
    expect(users.map(({ email }) => email)).not.toContain("bob@example.org");
    await expect(listUsers("", "all", encode(made), 100)).resolves.toHaveProperty("users");
  });
});

describe("a filter", () => {
  test.each<[UserFilter, string[]]>([
    ["all", ["admin", "blocked", "editor", "invited", "super", "twice"]],
    ["blocked", ["blocked"]],
    ["invited", ["invited"]],
    ["admins", ["admin", "super", "twice"]],
  ])("%s shows those, with a search and without", async (filter, names) => {
    await addOfEachKind();
    for (const search of ["", "example.org"]) {
      const emails = await found(search, filter);
      expect(emails.toSorted()).toEqual(names.map((name) => `${name}@example.org`));
    }
    expect(await found("editor", filter)).toHaveLength(filter === "all" ? 1 : 0);
  });

  test("is one of these", () => {
    expect(userFilters).toEqual(["all", "blocked", "invited", "admins"]);
  });

  async function addOfEachKind() {
    const users: Record<string, User> = {};
    for (const name of ["admin", "blocked", "editor", "invited", "super", "twice"])
      users[name] = await add(`${name}@example.org`);
    const idOf = (name: string) => users[name]?.id ?? "";
    const set = (name: string, data: object) =>
      database().user.update({ where: { id: idOf(name) }, data });
    await set("blocked", { blockedAt: now });
    await set("invited", { invitedAt: now });
    for (const scope of ["admin", "editor", "super"])
      await database().userScope.create({ data: { userId: idOf(scope), scope } });
    for (const scope of ["admin", "super"])
      await database().userScope.create({ data: { userId: idOf("twice"), scope } });
  }
});

describe("found at once is", () => {
  test("who has signed up", async () => {
    await signIn("ann.smith@example.org");
    for (const search of ["smith", "ann.smith@example.org"])
      expect(await found(search)).toEqual(["ann.smith@example.org"]);
  });

  test("a new name, and the old one no more", async () => {
    const signedIn = await signIn("ann@example.org");
    await renameAccount(signedIn, "Smith", client);
    expect(await found("smith")).toHaveLength(1);
    const user = { ...signedIn.user, name: "Smith" };
    await renameAccount({ ...signedIn, user }, "Jones", client);
    expect([await found("smith"), await found("jones")]).toEqual([[], ["ann@example.org"]]);
    await renameAccount({ ...signedIn, user: { ...user, name: "Jones" } }, "", client);
    expect([await found("jones"), await found("ann")]).toEqual([[], ["ann@example.org"]]);
  });

  test("a new address, and the former one when it is taken back", async () => {
    const signedIn = await signIn("ann@example.org");
    await renameAccount(signedIn, "Smith", client);
    await changeAddress(signedIn, "fresh@example.net");
    expect(await found("ann")).toEqual([]);
    for (const search of ["fresh", "example.net", "smith"])
      expect(await found(search), search).toEqual(["fresh@example.net"]);
    const { id } = await database().addressChange.findFirstOrThrow();
    await undoAddressChange(undoToken(id), client);
    expect(await found("fresh")).toEqual([]);
    for (const search of ["ann", "smith"])
      expect(await found(search), search).toEqual(["ann@example.org"]);
  });

  test("nobody who is gone", async () => {
    await add("ann@example.org");
    await database().user.deleteMany();
    expect(await found("ann")).toEqual([]);
    expect(await database().userSearchTerm.count()).toBe(0);
  });
});

test("of common words, a page looks at five thousand accounts, and the next goes on behind them", async () => {
  await add("ann@example.org", "Smith");
  await addMany(5_100);
  await add("zoe@example.org", "Smith");
  const first = await listUsers("example org smith", "all", undefined, 50);
  expect(first.users.map(({ email }) => email)).toEqual(["ann@example.org", "zoe@example.org"]);
  const common = await listUsers("example 198", "all", undefined, 50);
  expect(common).toMatchObject({ users: [], next: expect.any(String) });
  const rest = await listUsers("example 198", "all", common.next ?? "", 50);
  expect(rest).toEqual({ users: [], next: null });
});

/** Accounts at example.org, and as many at 198.example, straight into the tables. */
async function addMany(count: number) {
  await database().$executeRaw`INSERT INTO "User" ("id", "email", "emailTyped", "emailVerified")
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${2 * count})
    SELECT CAST(10000000 + i AS TEXT), i || '@many.example', '', ${now} FROM n`;
  await database().$executeRaw`INSERT INTO "UserSearchTerm" ("term", "userId")
    SELECT CASE WHEN substr("id", 8) IN ('1', '3', '5', '7', '9') THEN 'example' ELSE '198' END, "id" FROM "User" WHERE "emailTyped" = ''`;
}

test("the words of one person are not those of another", async () => {
  await add("ann@example.org", "Smith");
  await add("bob@example.org", "Jones");
  expect(await found("ann jones")).toEqual([]);
});

async function add(email: string, name: string | null = null, emailTyped = email): Promise<User> {
  return await inTransaction((transaction) => create(transaction, email, name, emailTyped));
}

async function create(
  transaction: Transaction,
  email: string,
  name: string | null,
  emailTyped = email,
): Promise<User> {
  const data = { email, emailTyped, emailVerified: now, name, createdAt: now };
  const user = await transaction.user.create({ data });
  await indexUser(transaction, user);
  return user;
}

async function found(search: string, filter: UserFilter = "all", limit = 50): Promise<string[]> {
  const { users } = await listUsers(search, filter, undefined, limit);
  return users.map(({ email }) => email);
}

async function readPages(search: string, filter: UserFilter, length: number): Promise<string[][]> {
  const pages: string[][] = [];
  let after: string | undefined;
  do {
    const { users, next } = await listUsers(search, filter, after, length);
    pages.push(users.map(({ email }) => email));
    after = next ?? undefined;
  } while (after && pages.length < 100);
  return pages;
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}

const browser = { ...client, browserToken: "browser", timeZone: null };
const visitor = { ...browser, screenToken: "screen" };

async function signIn(email: string): Promise<SignedIn> {
  const [linkToken, sessionToken] = [randomToken(), randomToken()];
  const address = { canonical: email, typed: email };
  await forgetLimits();
  await storeSignInRequest({ address, keepSignedIn: true, next: "/", visitor }, linkToken);
  const where = { linkHash: hashToken(linkToken) };
  const { id } = await database().signInRequest.findUniqueOrThrow({ where });
  await redeemMail(id, sessionToken, visitor, undefined, "link");
  const found = await findSession(sessionToken);
  if (!found) throw new Error("nobody is signed in");
  return found;
}

async function changeAddress(signedIn: SignedIn, email: string) {
  await askForAddressChange(signedIn, { canonical: email, typed: email }, browser);
  const mail = await database().mail.findFirstOrThrow({ where: { template: "address-change" } });
  const content = readMailContent(mail);
  const linkToken = "linkToken" in content ? content.linkToken : "";
  expect(await confirmByLink(signedIn, linkToken, client)).toBeNull();
}
