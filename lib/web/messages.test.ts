import { createTranslator, IntlErrorCode } from "use-intl/core";
import { describe, expect, test } from "vitest";
import { changeProblems } from "@/lib/domain/address-change";
import { emailAddressProblems } from "@/lib/domain/email-address";
import type { MailContent, SensitiveAct } from "@/lib/domain/outbox";
import type { SignInRefused, SignInWay } from "@/lib/domain/redemption";
import type { EndReason } from "@/lib/domain/sessions";
import { proofProblems } from "@/lib/domain/sign-in-proof";
import messages from "@/messages/en.json";

type Notice = Extract<MailContent, { template: "security" }>["notice"];
/** What `recordFailedSignIn` is given: the problems that come with an address, and a wrong code for a new one. */
type Failure = "wrong-code" | "wrong-number" | "wrong-address-code" | SignInRefused["reason"];
/** Whether a choice has words of its own, or shares those of "other". */
type Case = "own" | "shared";

// A name that is added to one of these types does not compile until it is decided here which words it gets.
const ways: Record<SignInWay, Case> = {
  link: "own",
  code: "own",
  number: "own",
  "link-and-code": "shared",
};
const ends: Record<EndReason, Case> = {
  "sign-out": "own",
  "not-me": "own",
  "address-changed": "own",
  "address-restored": "own",
  "other-account": "own",
  revoked: "shared",
};
const failures: Record<Failure, Case> = {
  "wrong-code": "own",
  "wrong-number": "own",
  "wrong-address-code": "own",
  used: "own",
  blocked: "own",
  "other-browser": "own",
  "no-account": "shared",
};
const acts: Record<SensitiveAct, true> = {
  "change-address": true,
  export: true,
  delete: true,
  other: true,
};
const notices: Record<Notice, true> = {
  "new-device": true,
  "address-changed": true,
  "address-restored": true,
  "address-undone": true,
};

const leaves = leavesOf(messages);

test.each(leaves)("%s compiles", (key) => {
  expect(errorsOf(key)).toEqual([]);
});

test("what does not compile is noticed, and so is a key that is not there", () => {
  for (const broken of ["{a", "{a, select, b-c {x} other {y}}", "{a, select, b {x}}", "<b>x</c>"])
    expect(errorsOf("broken", { broken }), broken).toContain(IntlErrorCode.INVALID_MESSAGE);
  expect(errorsOf("site.nothing")).toEqual([IntlErrorCode.MISSING_MESSAGE]);
  expect(leaves.length).toBeGreaterThan(200);
});

test("no message is empty, and none has spaces at its ends", () => {
  for (const key of leaves) expect(textOf(key), key).toMatch(/^\S(.*\S)?$/s);
});

const event = "account.activity.event";

describe.each([
  [`${event}.authn_login_success`, "way", ways],
  [`${event}.authn_token_revoked`, "reason", ends],
  [`${event}.authn_login_fail`, "reason", failures],
] as const)("the choices of %s", (key, name, choices) => {
  test.each(Object.entries(choices))("%s has words: its %s", (choice, which) => {
    const words = say(key, { [name]: caseOf(choice), count: 1 });
    const others = say(key, { [name]: "nothing", count: 1 });
    expect(words).not.toBe("");
    expect(words === others).toBe(which === "shared");
  });

  test("are all that it has words for", () => {
    const own = Object.entries(choices).filter(([, which]) => which === "own");
    const cases = casesOf(textOf(key), name);
    expect(cases.toSorted()).toEqual(own.map(([choice]) => caseOf(choice)).toSorted());
  });
});

test.each([
  ["mail.stepUp.act", Object.keys(acts)],
  ["resume.act", Object.keys(acts)],
  ["account.email.problem", changeProblems],
  ["proof.problem", proofProblems],
] as const)("%s has words for each, and for nothing else", (key, names) => {
  const known = leaves.filter((leaf) => leaf.startsWith(`${key}.`));
  expect(known.toSorted()).toEqual(names.map((name) => `${key}.${name}`).toSorted());
});

test("every problem with an address has words, and every security mail", () => {
  for (const problem of emailAddressProblems) expect(leaves).toContain(`signIn.problem.${problem}`);
  for (const notice of Object.keys(notices))
    for (const part of ["subject", "preview", "title", "what"])
      expect(leaves).toContain(`mail.security.${notice}.${part}`);
});

/** A key of a choice in a text may hold no hyphen. */
function caseOf(name: string): string {
  return name.replaceAll("-", "_");
}

/** The keys of a choice, without "other". */
function casesOf(text: string, name: string): string[] {
  const start = text.indexOf(`{${name}, select,`);
  expect(start).toBeGreaterThanOrEqual(0);
  const cases = [];
  let [depth, word] = [0, ""];
  for (const sign of text.slice(start + `{${name}, select,`.length)) {
    if (sign === "{" && depth++ === 0) cases.push(word.trim());
    if (sign === "}" && depth-- === 0) break;
    word = depth === 0 && sign !== "}" ? word + sign : "";
  }
  return cases.filter((each) => each !== "other");
}

function leavesOf(tree: object, path = ""): string[] {
  return Object.entries(tree).flatMap(([name, value]) =>
    typeof value === "string" ? [path + name] : leavesOf(value, `${path}${name}.`),
  );
}

function textOf(key: string): string {
  let node: unknown = messages;
  for (const name of key.split("."))
    node =
      typeof node === "object" && node ? Object.entries(node).find(([n]) => n === name)?.[1] : "";
  return String(node);
}

/** What is wrong with a message when it is given all that it asks for. */
function errorsOf(key: string, from: object = messages): string[] {
  const codes: string[] = [];
  const text = from === messages ? textOf(key) : "";
  const values: Values = {};
  for (const [, name = "", kind] of text.matchAll(/\{(\w+)(?:, (\w+),|\})/g))
    values[name] ??= kind === "time" || kind === "date" ? new Date(0) : kind === "plural" ? 1 : "x";
  for (const [, name = ""] of text.matchAll(/<(\w+)>/g)) values[name] = () => "x";
  translator(from, (code) => codes.push(code))(key, values);
  return codes;
}

function say(key: string, values: Record<string, string | number>): string {
  const refuse = (code: string) => {
    throw new Error(`${key}: ${code}`);
  };
  return translator(messages, refuse)(key, values);
}

type Values = Record<string, string | number | Date | (() => string)>;

/** Takes any key, and not only those that are known. */
function translator(from: object, onError: (code: string) => void) {
  const t = createTranslator({
    locale: "en",
    timeZone: "UTC",
    messages: from as Record<string, string>,
    onError: ({ code }) => onError(code),
  });
  return (key: string, values: Values): string => String(t.rich(key, values));
}
