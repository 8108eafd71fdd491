import { useTranslations } from "next-intl";

export function SiteFooter({ hasMailbox }: { hasMailbox: boolean }) {
  const t = useTranslations("site");
  return (
    <footer className="border-line border-t text-muted text-sm">
      <div className="mx-auto flex max-w-5xl flex-wrap gap-x-6 gap-y-2 px-4 py-6">
        <p>{t("footer")}</p>
        {hasMailbox && (
          <a href="/mailbox" className="ms-auto underline underline-offset-4">
            {t("mailbox")}
          </a>
        )}
      </div>
    </footer>
  );
}
