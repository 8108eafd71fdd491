type MailCounts = {
  /** What the counts are of. */
  label: string;
  states: { state: string; words: string; count: string }[];
};

/** How many mails there are of each state, and the way to them. */
export function MailCounts({ label, states }: MailCounts) {
  return (
    <ul aria-label={label} className="flex flex-wrap gap-2">
      {states.map(({ state, words, count }) => (
        <li key={state}>
          <a
            href={`/admin/mail?state=${state}`}
            className="flex min-h-11 items-center gap-2.5 rounded-md bg-notice px-3.5 text-sm hover:underline"
          >
            {words} <strong>{count}</strong>
          </a>
        </li>
      ))}
    </ul>
  );
}
