/** The mark of the site: a door and its keyhole. Owners replace it here and in app/icon.svg. */
export function Mark({ className }: { className?: string }) {
  return (
    <svg viewBox="0 0 32 32" className={className} aria-hidden="true">
      <path d="M4 31V13a12 12 0 0 1 24 0v18z" className="fill-door" />
      <path
        d="M16 9.5a4.5 4.5 0 0 0-2.3 8.4L12.2 25h7.6l-1.5-7.1A4.5 4.5 0 0 0 16 9.5z"
        className="fill-brass"
      />
    </svg>
  );
}
