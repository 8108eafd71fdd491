import { useTranslations } from "next-intl";

/** The number to type where the link is opened, when that is not here. */
export function ScreenNumber({ number }: { number: number }) {
  const t = useTranslations("checkEmail");
  return (
    <div className="flex items-center gap-5 rounded-md border border-line px-4 py-3">
      <p className="font-display font-semibold text-4xl tabular-nums" dir="ltr">
        {number}
      </p>
      <div className="min-w-0 text-sm">
        <p className="font-semibold">{t("numberTitle")}</p>
        <p className="text-muted">{t("number")}</p>
        <noscript>
          <p className="mt-1 text-muted">{t("numberReload")}</p>
        </noscript>
      </div>
    </div>
  );
}
