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

test("of those who look first and then write, none goes by what another has changed", async () => {
  const addFirst = (email: string) =>
    inTransaction(async (transaction) => {
      if ((await transaction.user.count()) > 0) return;
      await addUser(transaction, email);
      // So that others have written as well: it is the commit then that PostgreSQL refuses.
      await sleep(50);
    });
  const names = Array.from({ length: 5 }, (_, index) => `${index}`);
  await Promise.all(names.map(addFirst));
  expect(await database().user.count()).toBe(1);
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
