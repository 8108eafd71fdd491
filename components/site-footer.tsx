import { useTranslations } from "next-intl";

export function SiteFooter({ hasMailbox }: { hasMailbox: boolean }) {
  const t = useTranslations("site");
  return (
    <footer className="mx-auto w-full max-w-6xl px-5 text-muted text-sm sm:px-8">
      <div className="flex flex-wrap items-center gap-x-8 gap-y-1 border-line border-t py-4">
        <p className="py-2">{t("footer")}</p>
        {hasMailbox && (
          <a href="/mailbox" className="link ms-auto flex min-h-11 items-center">
            {t("mailbox")}
          </a>
        )}
      </div>
    </footer>
  );
}
