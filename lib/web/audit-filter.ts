import { z } from "zod";
import { eventActs, eventTypes } from "@/lib/domain/audit";
import { type AuditFilter, resolvePerson } from "@/lib/domain/audit-search";
import { nextDay, startOfDay } from "./day";

/** Programs may send anything; what is no text is no filter either, and says so. */
const field = z.string().nullish().catch("?");
/** The fields of a form; the query of an address has the same. */
export const auditFilter = z.object({
  person: field,
  type: field,
  act: field,
  from: field,
  to: field,
});
const auditFields = auditFilter.keyof().options;
type AuditField = (typeof auditFields)[number];

/** What is wrong with fields of a filter, each in a word for its text. */
export const auditProblems = ["malformed", "unknown", "type", "act", "day", "order"] as const;
type AuditProblem = (typeof auditProblems)[number];

export type AskedFilter = {
  /** What the fields of the form show again. */
  typed: Record<AuditField, string>;
  problems: Partial<Record<AuditField, AuditProblem>>;
  /** Null when a field is wrong: then nothing is meant, and not everything. */
  filter: AuditFilter | null;
};

/** Longer than anything that can be meant. */
const longest = 300;

/**
 * The filter that fields of an address or a form ask for.
 * @param timeZone where the days of `from` and `to` begin
 */
export async function readAuditFilter(
  given: Record<string, unknown>,
  timeZone: string,
): Promise<AskedFilter> {
  const fields = auditFilter.parse(given);
  const typed = Object.fromEntries(
    auditFields.map((field) => [field, (fields[field] ?? "").slice(0, longest).trim()]),
  ) as AskedFilter["typed"];
  const type = eventTypes.find((known) => known === typed.type) ?? null;
  const act =
    Object.values(eventActs)
      .flat()
      .find((known) => known === typed.act) ?? null;
  const person = typed.person ? await resolvePerson(typed.person) : null;
  const from = startOfDay(typed.from, timeZone);
  const until = startOfDay(nextDay(typed.to) ?? "", timeZone);
  const problems: AskedFilter["problems"] = {
    ...(person && "problem" in person && { person: person.problem }),
    ...(typed.type && !type && { type: "type" }),
    ...(typed.act && !act && { act: "act" }),
    ...(typed.from && !from && { from: "day" }),
    ...(typed.to && !until && { to: "day" }),
    ...(from && until && from >= until && { to: "order" }),
  };
  const filter = { person: person && "id" in person ? person.id : null, type, act, from, until };
  return { typed, problems, filter: Object.keys(problems).length > 0 ? null : filter };
}
