import { EventEmitter, once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { beforeEach, expect, test } from "vitest";
import { Prisma } from "./client/client";
import { adapterFactory, database, findRow, type Transaction } from "./database";
import { execute } from "./statement";
import { isOnPostgresql, prepareTestDatabase } from "./test-database";
import { inTransaction } from "./transaction";

await prepareTestDatabase();

beforeEach(async () => {
  await database().user.deleteMany();
});

test("what is written beside a transaction stays when that is undone", async () => {
  const { undo } = await beginTransaction((transaction) => addUser(transaction, "inside"));
  const beside = addUser(database(), "beside");
  await undo();
  await beside;
  expect(await emails()).toEqual(["beside"]);
});

test("what a transaction has written is not seen beside it before it is kept", async () => {
  const { undo } = await beginTransaction((transaction) => addUser(transaction, "inside"));
  const seen = emails();
  await undo();
  expect(await seen).toEqual([]);
});

test("of two transactions one may be undone and the other kept", async () => {
  const { undo } = await beginTransaction((transaction) => addUser(transaction, "undone"));
  const kept = database().$transaction((transaction) => addUser(transaction, "kept"));
  await undo();
  await kept;
  expect(await emails()).toEqual(["kept"]);
});

test("of those who make the same at once, the second finds what the first has made", async () => {
  const findOrAdd = (email: string) =>
    inTransaction(async (transaction) => {
      const found = await transaction.user.count({ where: { email } });
      if (found === 0) await addUser(transaction, email);
      return found;
    });
  const found = await Promise.all(Array.from({ length: 20 }, () => findOrAdd("same")));
  expect(found.filter((count) => count === 0)).toHaveLength(1);
  expect(await database().user.count()).toBe(1);
});

test("of two who wait for each other both go on in the end", async () => {
  await addUser(database(), "a");
  await addUser(database(), "b");
  const touchBoth = (emails: string[]) =>
    inTransaction(async (transaction) => {
      for (const email of emails) {
        await transaction.user.updateMany({
          where: { email },
          data: { factorTries: { increment: 1 } },
        });
        // So that the other has got its first one.
        await sleep(50);
      }
    });
  await Promise.all([touchBoth(["a", "b"]), touchBoth(["b", "a"])]);
  const users = await database().user.findMany();
  expect(users.map(({ factorTries }) => factorTries)).toEqual([2, 2]);
});

test("what a transaction itself does wrong is not tried for ever", async () => {
  let attempts = 0;
  const twice = inTransaction(async (transaction) => {
    attempts++;
    await addUser(transaction, "same");
    await addUser(transaction, "same");
  });
  await expect(twice).rejects.toMatchObject({ code: "P2002" });
  expect(attempts).toBe(2);
});

test("one row is found as it has been kept last, and none before", async () => {
  const undone = await beginTransaction((transaction) => addUser(transaction, "a"));
  expect(await findRow(userWith("a"))).toBeUndefined();
  await undone.undo();
  await addUser(database(), "a");
  expect(await findRow(userWith("a"))).toEqual(["a", null]);
  await database().user.updateMany({ data: { name: "Ann" } });
  expect(await findRow(userWith("a"))).toEqual(["a", "Ann"]);
});

test("one row is waited for while somebody else has the whole database, and a wrong question is a fault", async () => {
  await addUser(database(), "a");
  const release = await lockWhole();
  const found = findRow(userWith("a"));
  const soon = sleep(300, "nothing yet");
  expect(await Promise.race([found, soon])).toBe("nothing yet");
  await release();
  expect(await found).toEqual(["a", null]);
  await expect(findRow(Prisma.sql`SELECT "none" FROM "Nowhere"`)).rejects.toThrow();
});

function userWith(email: string): Prisma.Sql {
  return Prisma.sql`SELECT u."email", u."name" FROM "User" u WHERE u."email" = ${email}`;
}

/** As a backup or a migration of another process may. @returns what gives it back */
async function lockWhole(): Promise<() => Promise<void>> {
  const other = await adapterFactory().connect();
  if (isOnPostgresql) {
    const transaction = await other.startTransaction();
    await execute(transaction, Prisma.sql`LOCK TABLE "User" IN ACCESS EXCLUSIVE MODE`);
    return async () => {
      await execute(transaction, Prisma.sql`ROLLBACK`);
      await transaction.rollback();
      await other.dispose();
    };
  }
  // In WAL mode only a connection that keeps the file to itself is in the way of readers, and no other may be open then.
  await other.dispose();
  await database().$disconnect();
  const alone = await adapterFactory().connectAlone();
  return () => alone.dispose();
}

/** A transaction that has done `work`, and stays open until it is undone. */
async function beginTransaction(work: (transaction: Transaction) => Promise<void>) {
  const events = new EventEmitter();
  const isDone = once(events, "done");
  const transaction = database().$transaction(async (inside) => {
    await work(inside);
    events.emit("done");
    await once(events, "undo");
    throw new Error("undone");
  });
  const undone = expect(transaction).rejects.toThrow("undone");
  await isDone;
  const undo = async () => {
    // What was asked for beside it has its chance to get in.
    await sleep(50);
    events.emit("undo");
    await undone;
  };
  return { undo };
}

async function addUser(to: Transaction, email: string) {
  await to.user.create({ data: { email, emailTyped: email, emailVerified: new Date() } });
}

async function emails(): Promise<string[]> {
  return (await database().user.findMany()).map(({ email }) => email);
}
