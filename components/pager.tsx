type Pager = {
  /** The page before all others; null when it is this one. */
  newest: { href: string; label: string } | null;
  older: { href: string; label: string } | null;
};

/** The ways from one page of a long list to the others. */
export function Pager({ newest, older }: Pager) {
  return (
    <div className="flex flex-wrap gap-x-6">
      {[newest, older].map(
        (way) =>
          way && (
            <a key={way.href} href={way.href} className="link flex min-h-11 items-center">
              {way.label}
            </a>
          ),
      )}
    </div>
  );
}
