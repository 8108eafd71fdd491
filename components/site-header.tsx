import { useTranslations } from "next-intl";
import { Mark } from "./mark";
import { Button, ButtonLink } from "./ui/button";

type SiteHeader = { siteName: string; userName: string | null; isAdmin: boolean; path: string };

/** Pages on the way in, where another way in would only be in the way. */
const signInPaths = ["/sign-in", "/check-email", "/confirm", "/two-factor"];

/** Where you are, who you are, and the way in or out. */
export function SiteHeader({ siteName, userName, isAdmin, path }: SiteHeader) {
  const t = useTranslations("site");
  return (
    <header className="mx-auto flex w-full max-w-6xl flex-wrap items-center gap-x-3 gap-y-1 px-5 py-4 sm:gap-x-8 sm:px-8">
      <a
        href="/"
        className="flex min-h-11 min-w-11 items-center gap-2.5"
        aria-label={t("home", { siteName })}
      >
        <Mark className="size-8 shrink-0" />
        <span className="font-display font-semibold text-xl max-[22rem]:sr-only">{siteName}</span>
      </a>
      <nav
        aria-label={t("mainNavigation")}
        className={`flex gap-x-4 sm:gap-x-6 ${isAdmin ? "max-sm:order-last max-sm:w-full" : ""}`}
      >
        <NavLink href="/private" isCurrent={path === "/private"}>
          {t("private")}
        </NavLink>
        {userName !== null && (
          <NavLink href="/account" isCurrent={path.startsWith("/account")}>
            {t("account")}
          </NavLink>
        )}
        {isAdmin && (
          <NavLink href="/admin/users" isCurrent={path.startsWith("/admin")}>
            {t("admin")}
          </NavLink>
        )}
      </nav>
      <div className="ms-auto flex min-w-0 items-center gap-4">
        {userName === null ? (
          !signInPaths.includes(path) && (
            <ButtonLink href="/sign-in" look="quiet" size="slim">
              {t("signIn")}
            </ButtonLink>
          )
        ) : (
          <>
            <span className="max-w-60 truncate text-muted text-sm max-md:sr-only" title={userName}>
              {t.rich("signedInAs", { name: () => <bdi>{userName}</bdi> })}
            </span>
            <form action="/sign_out" method="post">
              <Button look="quiet" size="slim">
                {t("signOut")}
              </Button>
            </form>
          </>
        )}
      </div>
    </header>
  );
}

type NavLink = { href: string; isCurrent: boolean; children: string };

function NavLink({ href, isCurrent, children }: NavLink) {
  return (
    <a
      href={href}
      aria-current={isCurrent ? "page" : undefined}
      className="flex min-h-11 items-center text-muted decoration-2 max-[22rem]:text-sm decoration-brass underline-offset-8 hover:text-ink aria-[current]:text-ink aria-[current]:underline"
    >
      {children}
    </a>
  );
}
