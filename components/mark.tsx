/** The mark of the site: a keyhole in a rounded square. Owners replace it here and in app/icon.svg. */
export function Mark({ className }: { className?: string }) {
  return (
    <svg viewBox="0 0 32 32" className={className} aria-hidden="true">
      <rect width="32" height="32" rx="9" className="fill-accent" />
      <path
        d="M16 7.5a5 5 0 0 0-2.4 9.4L12 24.5h8l-1.6-7.6A5 5 0 0 0 16 7.5Z"
        className="fill-brass"
      />
    </svg>
  );
}
