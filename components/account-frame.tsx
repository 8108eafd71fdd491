import { useTranslations } from "next-intl";
import type { ReactNode } from "react";

const pages = [
  ["/account", "account.overview"],
  ["/account/email", "account.email.title"],
  ["/account/two-factor", "account.twoFactor.title"],
  ["/account/sessions", "account.sessions.title"],
  ["/account/activity", "account.activity.title"],
  ["/account/export", "account.export.title"],
  ["/account/delete", "account.delete.title"],
] as const;

type AccountFrame = {
  /** Which of the pages it is. */
  path: (typeof pages)[number][0];
  title: string;
  children: ReactNode;
};

/** A page of one's account, and the way to the others. */
export function AccountFrame({ path, title, children }: AccountFrame) {
  const t = useTranslations();
  return (
    <div className="grid gap-x-16 gap-y-8 md:grid-cols-[12rem_minmax(0,38rem)]">
      <nav aria-label={t("account.navigation")}>
        <ul className="-mx-3 flex flex-wrap gap-x-1 md:flex-col">
          {pages.map(([href, text]) => (
            <li key={href}>
              <a
                href={href}
                aria-current={href === path ? "page" : undefined}
                className="flex min-h-11 items-center rounded-md px-3 text-muted hover:text-ink aria-[current]:bg-notice aria-[current]:font-semibold aria-[current]:text-ink"
              >
                {t(text)}
              </a>
            </li>
          ))}
        </ul>
      </nav>
      <section className="grid content-start gap-6">
        <h1 className="title">{title}</h1>
        {children}
      </section>
    </div>
  );
}
