import { expect, test } from "vitest";
import { database } from "@/lib/platform/database/database";
import { prepareTestDatabase } from "@/lib/platform/database/test-database";
import { readDetails } from "./domain/audit";
import { readMailContent } from "./domain/outbox";
import { addUser } from "./domain/test-second-factor";
import { emailUser } from "./latchkey";

await prepareTestDatabase();

test("the site's own code writes to a user, and what is wrong it is told in words", async () => {
  const user = await addUser();
  const message = { subject: "Your order", text: "It is on its way.\n\nThank you." };
  const id = await emailUser(user, message);
  const [mail, ...others] = await database().mail.findMany();
  expect(others).toEqual([]);
  expect(mail).toMatchObject({ id, recipient: user.email, state: "queued" });
  const content = { template: "message", message: { ...message, button: null } };
  expect(mail && readMailContent(mail)).toEqual(content);
  const [event] = await database().auditEvent.findMany();
  expect(event).toMatchObject({ userId: user.id, actor: "system" });
  expect(event && readDetails(event)).toEqual({ act: "mailed", subject: "Your order" });

  const wrong = emailUser(user, { subject: "a\nb", text: "x" });
  await expect(wrong).rejects.toThrow("A subject has 1 to 150 characters on one line");
  await expect(emailUser({ id: "gone" }, message)).rejects.toThrow("unknown-user");
  expect(await database().mail.count()).toBe(1);
});
