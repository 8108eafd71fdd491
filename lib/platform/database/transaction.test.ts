import { setTimeout as sleep } from "node:timers/promises";
import { beforeEach, expect, test } from "vitest";
import { adapterFactory, database, openDatabase, type Transaction } from "./database";
import { prepareTestDatabase } from "./test-database";
import { inTransaction } from "./transaction";

await prepareTestDatabase();

beforeEach(async () => {
  await database().user.deleteMany();
});

test("a transaction may look before it writes, while another process writes", async () => {
  const otherProcess = openDatabase(adapterFactory());
  const elsewhere: Promise<void>[] = [];
  await inTransaction(async (transaction) => {
    await transaction.user.count();
    elsewhere.push(addUser(otherProcess, 1));
    await sleep(100);
    await addUser(transaction, 2);
  });
  await Promise.all(elsewhere);
  expect(await database().user.count()).toBe(2);
  await otherProcess.$disconnect();
});

async function addUser(to: Transaction, number: number): Promise<void> {
  const email = crypto.randomUUID();
  const data = { email, emailTyped: email, emailVerified: new Date(), name: String(number) };
  await to.user.create({ data });
}
