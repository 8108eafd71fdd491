import { beforeEach, expect, test, vi } from "vitest";
import { database } from "@/lib/platform/database/database";
import { emptyDatabase, prepareTestDatabase } from "@/lib/platform/database/test-database";
import { days } from "@/lib/platform/duration";
import type { Operator } from "./administration";
import { readDetails } from "./audit";
import {
  checkDraft,
  type DraftFields,
  draftFields,
  emptyDraft,
  findDraft,
  hasRecipients,
  saveDraft,
  sendDraft,
} from "./message-drafts";
import { readMailContent } from "./outbox";
import { addUser } from "./test-second-factor";

await prepareTestDatabase();
const client = { userAgent: "A browser", networkAddress: "203.0.113.9" };
const message = { subject: "News", text: "Hello" };
let operator: Operator;

beforeEach(async () => {
  vi.useRealTimers();
  await emptyDatabase();
  operator = { id: (await addUser()).id, client };
});

test("what is typed is kept as it is, sealed, for its author alone, for a day", async () => {
  const typed = {
    ...emptyDraft,
    subject: " News\r\n",
    text: "x".repeat(20_000),
    perMinute: "often",
  };
  const id = await save(typed);
  expect(await findDraft(operator.id, id)).toEqual(typed);
  expect(JSON.stringify(await database().messageDraft.findFirst())).not.toContain("often");
  expect(await findDraft((await addUser("bob@example.org")).id, id)).toBeNull();
  expect(await findDraft(operator.id, "made-up")).toBeNull();
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + days(1) });
  expect(await findDraft(operator.id, id)).toBeNull();
  expect(await sendDraft(operator, id)).toBeNull();
});

test("the newest 20 of an author are kept, and nothing that is far too long", async () => {
  const bob = await addUser("bob@example.org");
  const others = await saveDraft(bob.id, emptyDraft);
  const ids: string[] = [];
  for (let count = 0; count < 22; count++) ids.push(await save(emptyDraft));
  const kept = await database().messageDraft.findMany({ where: { userId: operator.id } });
  expect(new Set(kept.map(({ id }) => id))).toEqual(new Set(ids.slice(2)));
  expect(await findDraft(bob.id, others)).not.toBeNull();
  for (const name of ["subject", "text", "label", "url", "to", "search", "perMinute"])
    expect(draftFields.safeParse({ [name]: "x".repeat(30_001) }).success, name).toBe(false);
});

test("whom it is for has to be said, also when it is everybody", () => {
  for (const said of [{ to: "x" }, { search: "x" }, { search: "", filter: "all" }])
    expect(hasRecipients(said), JSON.stringify(said)).toBe(true);
  for (const unsaid of [{}, { to: "", search: " " }, { filter: "" }])
    expect(hasRecipients(unsaid), JSON.stringify(unsaid)).toBe(false);
});

test("what is wrong with it is named, and half a button is none", () => {
  expect(checkDraft({ ...emptyDraft, ...message })).toEqual({ ...message, button: null });
  const wrong = { ...emptyDraft, label: "Go", perMinute: "0" };
  expect(checkDraft(wrong)).toEqual(["subject", "text", "url", "perMinute"]);
  expect(checkDraft({ ...wrong, to: "somebody" })).toEqual(["subject", "text", "url"]);
});

test("what is wrong is not sent, and stays to be mended", async () => {
  const id = await save({ ...emptyDraft, ...message, label: "Go" });
  expect(await sendDraft(operator, id)).toBeNull();
  expect(await findDraft(operator.id, id)).not.toBeNull();
  expect(await database().mailing.count()).toBe(0);
});

test("to one, it is one mail, however often its button is pressed", async () => {
  const bob = await addUser("bob@example.org");
  const unknown = save({ ...emptyDraft, ...message, to: "nobody@example.org" });
  await expect(unknown).rejects.toMatchObject({ reason: "unknown-user" });
  const id = await save({ ...emptyDraft, ...message, to: " Bob@Example.org" });
  expect(await findDraft(operator.id, id)).toMatchObject({ to: bob.id });
  const pressed = await Promise.all([1, 2, 3].map(() => sendDraft(operator, id)));
  expect(pressed.filter(Boolean)).toEqual([{ to: bob.id }]);
  const [mail, ...others] = await database().mail.findMany();
  expect(others).toEqual([]);
  expect(mail).toMatchObject({ recipient: bob.email, userId: bob.id, canWait: true });
  const content = { template: "message", message: { ...message, button: null } };
  expect(mail && readMailContent(mail)).toEqual(content);
  const [event] = await database().auditEvent.findMany();
  expect(event).toMatchObject({ type: "user_updated", userId: bob.id, actor: operator.id });
  expect(event && readDetails(event)).toEqual({ act: "mailed", subject: "News" });
});

test("to many, it begins one mailing, and nothing when nobody is found", async () => {
  const id = await save({ ...emptyDraft, ...message, perMinute: "7" });
  const pressed = await Promise.all([1, 2, 3].map(() => sendDraft(operator, id)));
  const [mailing] = await database().mailing.findMany();
  expect(pressed.filter(Boolean)).toEqual([{ mailing: mailing?.id }]);
  const begun = { ...message, search: "", filter: "all", perMinute: 7, total: 1, queued: 0 };
  expect(mailing).toMatchObject({ ...begun, actor: operator.id });
  const nobody = await save({ ...emptyDraft, ...message, search: "nobody" });
  await expect(sendDraft(operator, nobody)).rejects.toMatchObject({ reason: "nobody" });
  const bob = await addUser("bob@example.org");
  const gone = await save({ ...emptyDraft, ...message, to: bob.id });
  await database().user.delete({ where: { id: bob.id } });
  await expect(sendDraft(operator, gone)).rejects.toMatchObject({ reason: "unknown-user" });
  expect(await findDraft(operator.id, gone)).not.toBeNull();
});

function save(fields: DraftFields): Promise<string> {
  return saveDraft(operator.id, fields);
}
