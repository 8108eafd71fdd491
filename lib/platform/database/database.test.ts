import { EventEmitter, once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { beforeEach, expect, test } from "vitest";
import { database, type Transaction } from "./database";
import { prepareTestDatabase } from "./test-database";
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
