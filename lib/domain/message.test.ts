import { expect, test } from "vitest";
import { checkMessage, InvalidMessage, type MessageProblem, type NewMessage } from "./message";

const good = { subject: "News", text: "Hello" };

test("a message is kept tidy: one line of subject, line breaks of one kind, none at the ends", () => {
  const button = { label: " Read  on ", url: "https://example.org/?a=b#c" };
  expect(
    checkMessage({ subject: "  Some\u00a0 news ", text: "\r\n\n  a\r\nb\rc \n\n", button }),
  ).toEqual({
    subject: "Some news",
    text: "  a\nb\nc",
    button: { ...button, label: "Read on" },
  });
  expect(checkMessage(good)).toEqual({ ...good, button: null });
  for (const text of ["\ttabs", "العربية", "👩‍👧 and 𝔘", "x".repeat(10_000)])
    expect(checkMessage({ ...good, text }).text).toBe(text);
});

test("a text of blanks does not hold the site up, however long it is", () => {
  const blanks = " \n".repeat(14_000);
  for (const text of [`x${blanks}x`, `${blanks}x${blanks}`, blanks.repeat(1000)]) {
    const begunAt = performance.now();
    expect(refusalOf({ ...good, text }).problems).toEqual(["text"]);
    expect(performance.now() - begunAt).toBeLessThan(100);
  }
  expect(checkMessage({ ...good, text: "a\r\n".repeat(5000) }).text).toHaveLength(9999);
  expect(checkMessage({ ...good, text: `${blanks} x` }).text).toBe(" x");
});

test.each<[MessageProblem[], Partial<NewMessage>]>([
  [["subject"], { subject: " " }],
  [["subject"], { subject: "x".repeat(151) }],
  [["subject"], { subject: "News\r\nBcc: everybody@example.org" }],
  [["subject"], { subject: "News\u2028again" }],
  [["subject"], { subject: "News \u202Egnp.exe" }],
  [["subject"], { subject: "\u200b" }],
  [["text"], { text: " \n\n" }],
  [["text"], { text: "x".repeat(10_001) }],
  [["text"], { text: "a\u0000b" }],
  [["text"], { text: "\u001b[2Jgone" }],
  [["text"], { text: "half \ud83d" }],
  [["label"], { button: { label: "", url: "https://example.org" } }],
  [["label"], { button: { label: "x".repeat(61), url: "https://example.org" } }],
  [["url"], { button: { label: "Go", url: "javascript:alert(1)" } }],
  [["url"], { button: { label: "Go", url: "/private" } }],
  [["url"], { button: { label: "Go", url: "https://" } }],
  [["url"], { button: { label: "Go", url: "https://example.org/a b" } }],
  [["url"], { button: { label: "Go", url: `https://example.org/${"x".repeat(2000)}` } }],
  [["subject", "text", "label", "url"], { subject: "", text: "", button: { label: "", url: "" } }],
])("what is wrong is named: %j for %j", (problems, wrong) => {
  const refused = refusalOf({ ...good, ...wrong });
  expect(refused.problems).toEqual(problems);
  expect(refused.message).toMatch(/^A (subject|text|button) .*\.$/);
});

function refusalOf(message: NewMessage): InvalidMessage {
  try {
    checkMessage(message);
  } catch (error) {
    if (error instanceof InvalidMessage) return error;
  }
  throw new Error("It was not refused");
}
