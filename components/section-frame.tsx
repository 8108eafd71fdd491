import type { ReactNode } from "react";

type SectionFrame = {
  /** What the pages together are called. */
  label: string;
  pages: { href: string; text: string }[];
  /** Which of them it is, or belongs to. */
  path: string;
  title: ReactNode;
  /** For what needs more room than a text: tables. */
  isWide?: boolean;
  children: ReactNode;
};

/** A page among others, and the way to those. */
export function SectionFrame({ label, pages, path, title, isWide, children }: SectionFrame) {
  const columns = isWide
    ? "md:grid-cols-[10rem_minmax(0,1fr)]"
    : "md:grid-cols-[12rem_minmax(0,38rem)]";
  return (
    <div className={`grid grid-cols-1 gap-x-16 gap-y-8 ${columns}`}>
      <nav aria-label={label}>
        <ul className="-mx-3 flex flex-wrap gap-x-1 md:flex-col">
          {pages.map(({ href, text }) => (
            <li key={href}>
              <a
                href={href}
                aria-current={href === path ? "page" : undefined}
                className="flex min-h-11 items-center rounded-md px-3 text-muted hover:text-ink aria-[current]:bg-notice aria-[current]:font-semibold aria-[current]:text-ink"
              >
                {text}
              </a>
            </li>
          ))}
        </ul>
      </nav>
      <section className="grid grid-cols-1 content-start gap-6">
        <h1 className="title">{title}</h1>
        {children}
      </section>
    </div>
  );
}
