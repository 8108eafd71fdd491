import { expect, test, vi } from "vitest";
import { printJson } from "./output";

test("JSON says the same to programs, and nothing that a terminal obeys", () => {
  const print = vi.spyOn(console, "log").mockImplementation(() => {});
  const value = {
    name: "\u009b2Jgone\u007f\u001b[2J \u202egnp.exe\u2066 \u{e0041} 語👩‍👧",
    at: ["a\nb"],
  };
  printJson(value);
  const printed = String(print.mock.calls[0]?.[0]);
  print.mockRestore();
  expect(JSON.parse(printed)).toEqual(value);
  expect(printed).toMatch(/^\{\n {2}"name": /);
  expect(printed.replaceAll("\n", "")).not.toMatch(/[\p{Cc}\p{Cf}]/u);
  expect(printed).toContain(
    "\\u009b2Jgone\\u007f\\u001b[2J \\u202egnp.exe\\u2066 \\udb40\\udc41 語",
  );
});
