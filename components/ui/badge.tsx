const looks = {
  quiet: "bg-notice",
  good: "bg-notice text-accent",
  warning: "border border-brass-deep text-brass-ink",
  danger: "bg-danger-soft text-danger",
};

/** A word about the state of a thing, beside its name. */
export function Badge({
  look = "quiet",
  children,
}: {
  look?: keyof typeof looks;
  children: string;
}) {
  return (
    <span className={`whitespace-nowrap rounded-full px-3 py-1 font-normal text-sm ${looks[look]}`}>
      {children}
    </span>
  );
}
