import { createTranslator, IntlErrorCode } from "use-intl/core";
import { describe, expect, test } from "vitest";
import { changeProblems } from "@/lib/domain/address-change";
import { refusalReasons } from "@/lib/domain/administration";
import { eventActs, eventTypes } from "@/lib/domain/audit";
import { emailAddressProblems } from "@/lib/domain/email-address";
import { type FactorKind, factorProblems } from "@/lib/domain/factor-proof";
import { mailStates, mailTemplates } from "@/lib/domain/mail-search";
import { draftProblems } from "@/lib/domain/message-drafts";
import type { MailContent, SensitiveAct } from "@/lib/domain/outbox";
import type { MailWay, SignInRefused } from "@/lib/domain/redemption";
import type { EndReason } from "@/lib/domain/sessions";
import { proofProblems } from "@/lib/domain/sign-in-proof";
import { userFilters } from "@/lib/domain/user-search";
import messages from "@/messages/en.json";
import { auditProblems } from "./audit-filter";

type Notice = Extract<MailContent, { template: "security" }>["notice"];
/** Why somebody is refused: the problems that come with an address, a wrong code for a new one, a wrong second factor. */
type Failure =
  | "wrong-code"
  | "wrong-number"
  | "wrong-address-code"
  | `wrong-${FactorKind}`
  | SignInRefused["reason"];
/** Whether a choice has words of its own, or shares those of "other". */
type Case = "own" | "shared";

// A name that is added to one of these types does not compile until it is decided here which words it gets.
const ways: Record<MailWay, Case> = {
  link: "own",
  code: "own",
  number: "own",
  "link-and-code": "shared",
};
/** After a mail. A passkey alone is a way of its own. */
const factors: Record<FactorKind, Case> = {
  totp: "own",
  "recovery-code": "own",
  passkey: "own",
};
const ends: Record<EndReason, Case> = {
  "sign-out": "own",
  "not-me": "own",
  "address-changed": "own",
  "address-restored": "own",
  "other-account": "own",
  administrator: "own",
  revoked: "shared",
};
const failures: Record<Failure, Case> = {
  "wrong-code": "own",
  "wrong-number": "own",
  "wrong-address-code": "own",
  used: "own",
  blocked: "own",
  "other-browser": "own",
  "wrong-totp": "own",
  "wrong-recovery-code": "own",
  "wrong-passkey": "own",
  // Said at once, and not written down: nothing of it is a guess.
  "used-factor": "shared",
  "used-passkey": "shared",
  "attempt-over": "shared",
  "no-account": "shared",
};
const acts: Record<SensitiveAct, true> = {
  "change-address": true,
  export: true,
  delete: true,
  "add-factor": true,
  "remove-factor": true,
  "recovery-codes": true,
  administer: true,
  other: true,
};
const notices: Record<Notice, true> = {
  "new-device": true,
  "address-changed": true,
  "address-restored": true,
  "address-undone": true,
  "app-added": true,
  "app-replaced": true,
  "app-removed": true,
  "passkey-added": true,
  "passkey-removed": true,
  "recovery-codes-renewed": true,
  "recovery-code-used": true,
  "factor-paused": true,
  "factor-disabled": true,
  blocked: true,
  unblocked: true,
  "scopes-changed": true,
  "sessions-ended": true,
};
/** What `recordFactorChange` writes down; the others tell of no change of a second factor. */
const factorActs = {
  "app-added": "own",
  "app-replaced": "own",
  "app-removed": "own",
  "passkey-added": "own",
  "passkey-removed": "own",
  "passkey-renamed": "own",
  "recovery-codes-renewed": "own",
} satisfies Record<string, Case>;
/** What administration writes down about an account. */
const administered = {
  blocked: "own",
  unblocked: "own",
  "second-factor-disabled": "own",
  properties: "own",
  mailed: "own",
  "mail-resent": "own",
  "mailing-begun": "own",
  "mailing-stopped": "own",
  invited: "own",
} satisfies Record<string, Case>;
const templates: Record<MailContent["template"], true> = {
  "sign-in": true,
  "step-up": true,
  "no-account": true,
  "address-change": true,
  "address-taken": true,
  security: true,
  "account-deleted": true,
  invitation: true,
  message: true,
};
/** What becomes of a scope. */
const scopeActs = { granted: "shared", revoked: "own" } satisfies Record<string, Case>;
/** What the pages of the second factor say beside the problems of the factor itself, and of the sign-in. */
const pageProblems = [
  "used-passkey",
  "attempt-over",
  "ended",
  "blocked",
  "no-account",
  "other-browser",
  "used",
  "wrong-new-code",
  "wrong-new-passkey",
  "required",
  "name",
  "unknown",
  "no-factor",
];

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
  [`${event}.authn_login_success`, "way", { ...ways, passkey: "own" }],
  [`${event}.authn_login_success`, "factor", factors],
  [`${event}.authn_token_revoked`, "reason", ends],
  [`${event}.authn_login_fail`, "reason", failures],
  [`${event}.second-factor`, "act", factorActs],
  [`${event}.administered`, "act", administered],
  [`${event}.privilege_permissions_changed`, "act", scopeActs],
] as const)("the choices of %s", (key, name, choices) => {
  test.each(Object.entries(choices))("%s has words: its %s", (choice, which) => {
    const rest = { way: "link", factor: "", count: 1, scope: "admin" };
    const words = say(key, { ...rest, [name]: caseOf(choice) });
    const others = say(key, { ...rest, [name]: "nothing" });
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
  ["twoFactor.problem", [...factorProblems, ...pageProblems]],
  ["admin.audit.type", eventTypes],
  ["admin.audit.act", [...new Set(Object.values(eventActs).flat())]],
  ["admin.audit.problem", auditProblems],
  ["admin.mail.state", mailStates],
  ["admin.mail.template", Object.keys(templates)],
  ["admin.mail.template", mailTemplates],
  ["admin.message.problem", draftProblems],
  ["admin.users.filters", userFilters],
  ["admin.refused", refusalReasons],
] as const)("%s has words for each, and for nothing else", (key, names) => {
  const known = leaves.filter((leaf) => leaf.startsWith(`${key}.`));
  expect(known.toSorted()).toEqual(names.map((name) => `${key}.${name}`).toSorted());
});

test("whatever has words of its own in an event can be asked for", () => {
  const told = {
    authn_login_success: { ...ways, passkey: "own" },
    authn_login_fail: failures,
    authn_token_revoked: ends,
    privilege_permissions_changed: scopeActs,
    user_updated: { name: "own", email: "own", ...factorActs, ...administered },
  };
  for (const [type, acts] of Object.entries(told)) {
    const own = Object.entries(acts).filter(([, which]) => which === "own");
    const asked = eventActs[type as keyof typeof told];
    expect(asked, type).toEqual(expect.arrayContaining(own.map(([act]) => act)));
    for (const act of asked) expect(Object.keys(acts), type).toContain(act);
  }
});

test("every problem with an address has words, and every security mail", () => {
  for (const problem of emailAddressProblems) expect(leaves).toContain(`signIn.problem.${problem}`);
  for (const notice of Object.keys(notices))
    for (const part of ["subject", "preview", "title", "what"])
      expect(leaves).toContain(`mail.security.${notice}.${part}`);
});

test("a passkey alone is told once, and not as a second factor too", () => {
  const key = `${event}.authn_login_success`;
  expect(say(key, { way: "passkey", factor: "passkey" })).toBe("Signed in with a passkey");
  expect(say(key, { way: "link", factor: "passkey" })).toBe("Signed in with a link, and a passkey");
});

test("a change of scopes names the scope, and says which way it went", () => {
  const key = `${event}.privilege_permissions_changed`;
  const words = (act: string) => say(key, { scope: "editor", act });
  expect([words("granted"), words("revoked")]).toEqual([
    "Scope “editor” granted",
    "Scope “editor” taken away",
  ]);
});

test("a sign-in that an older version wrote down has no word of a second factor", () => {
  expect(say(`${event}.authn_login_success`, { way: "link", factor: "" })).toBe(
    "Signed in with a link",
  );
});

test.each([
  [0, "at 10:42 UTC"],
  [1, "1 try is left"],
  [2, "2 tries are left"],
])("a wrong second factor says that %d tries are left", (triesLeft, words) => {
  const retryAt = new Date("2030-01-01T10:42:00Z");
  expect(say("twoFactor.problem.wrong-factor", { triesLeft, retryAt })).toContain(words);
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
  for (const [, name = "", kind] of text.matchAll(/\{(\w+)(?:, (\w+)[,}]|\})/g))
    values[name] ??=
      kind === "time" || kind === "date"
        ? new Date(0)
        : kind === "plural" || kind === "number"
          ? 1
          : "x";
  for (const [, name = ""] of text.matchAll(/<(\w+)>/g)) values[name] = () => "x";
  translator(from, (code) => codes.push(code))(key, values);
  return codes;
}

function say(key: string, values: Record<string, string | number | Date>): string {
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
