import { useTranslations } from "next-intl";
import { Mark } from "./mark";
import { Button, ButtonLink } from "./ui/button";

type SiteHeader = { siteName: string; userName: string | null; path: string };

/** Where you are, who you are, and the way in or out. */
export function SiteHeader({ siteName, userName, path }: SiteHeader) {
  const t = useTranslations("site");
  return (
    <header className="border-line border-b">
      <div className="mx-auto flex max-w-5xl flex-wrap items-center gap-x-6 gap-y-2 px-4 py-3">
        <a
          href="/"
          className="flex items-center gap-2.5 font-semibold"
          aria-label={t("home", { siteName })}
        >
          <Mark className="size-8" />
          {siteName}
        </a>
        <nav aria-label={t("mainNavigation")} className="flex gap-4">
          <a
            href="/private"
            aria-current={path === "/private" ? "page" : undefined}
            className="py-2 text-muted hover:text-ink aria-[current]:text-ink"
          >
            {t("private")}
          </a>
        </nav>
        <div className="ms-auto flex items-center gap-4">
          {userName === null ? (
            path !== "/sign-in" && (
              <ButtonLink href="/sign-in" look="quiet">
                {t("signIn")}
              </ButtonLink>
            )
          ) : (
            <>
              <span className="max-w-48 truncate text-muted text-sm max-sm:sr-only">
                {t("signedInAs", { name: userName })}
              </span>
              <form action="/sign_out" method="post">
                <Button look="quiet">{t("signOut")}</Button>
              </form>
            </>
          )}
        </div>
      </div>
    </header>
  );
}
