import type messages from "@/messages/en.json";

/** What is looked at, in the order in which it is told. */
export const checks = [
  "environment",
  "site",
  "proxy",
  "cookies",
  "smtp",
  "sender",
  "clock",
  "database",
  "keys",
] as const;
export type Check = (typeof checks)[number];

/** `fault`: does not work or is not safe. `warning`: works, and may not for everybody or for long. */
export const statuses = ["fault", "warning", "not-checked", "ok"] as const;
type Status = (typeof statuses)[number];

type Words = (typeof messages)["doctor"]["finding"];
/** The words of a finding stand in `messages` under this name: what it is, why it matters, and the fix. */
export type FindingName = {
  [Topic in keyof Words & string]: `${Topic}.${keyof Words[Topic] & string}`;
}[keyof Words & string];
/** The names whose topic is the check itself. */
type OwnName = Exclude<FindingName, `any.${string}`>;

export type Values = Record<string, string | number | Date>;

export type Finding = { check: Check; status: Status; name: FindingName; values: Values };

export const ok = (name: OwnName, values?: Values) => finding("ok", name, values);
export const warning = (name: OwnName, values?: Values) => finding("warning", name, values);
export const fault = (name: OwnName, values?: Values) => finding("fault", name, values);
/** Nothing can be said, and the words say why. */
export const notChecked = (name: OwnName, values?: Values) => finding("not-checked", name, values);

function finding(status: Status, name: OwnName, values: Values = {}): Finding {
  const [check] = name.split(".");
  return { check: check as Check, status, name, values };
}

/** What keeps any check from being done. */
export function hindered(
  check: Check,
  name: Extract<FindingName, `any.${string}`>,
  values: Values = {},
): Finding {
  return { check, status: "not-checked", name, values };
}
