import { parseEmailAddress } from "@/lib/domain/email-address";
import { type MailFilter, mailStates } from "@/lib/domain/mail-search";

export type AskedMailFilter = {
  /** What the fields of the form show again. */
  typed: { state: string; recipient: string };
  /** Which fields are wrong. */
  problems: { state: boolean; recipient: boolean };
  /** Null when a field is wrong: then nothing is meant, and not everything. */
  filter: MailFilter | null;
};

/** Longer than any address. */
const longest = 300;

/** The filter that the query of an address asks for. */
export function readMailFilter(query: Partial<Record<string, string>>): AskedMailFilter {
  const [state = "", recipient = ""] = [query.state, query.recipient].map((value) =>
    (value ?? "").slice(0, longest).trim(),
  );
  const known = mailStates.find((each) => each === state) ?? null;
  const address = recipient ? parseEmailAddress(recipient) : null;
  const canonical = address && "canonical" in address ? address.canonical : null;
  const problems = {
    state: state !== "" && !known,
    recipient: recipient !== "" && !canonical,
  };
  const isWrong = problems.state || problems.recipient;
  const filter = isWrong ? null : { state: known, recipient: canonical };
  return { typed: { state, recipient }, problems, filter };
}
