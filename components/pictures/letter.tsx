import { useTranslations } from "next-intl";

/** The mail, as the visitor will meet it. Seen, never read out: the page says the same. */
export function Letter({ siteName, className = "" }: { siteName: string; className?: string }) {
  const t = useTranslations("mail.signIn");
  return (
    <div
      aria-hidden="true"
      className={`rounded-sm bg-paper p-4 sm:p-6 text-paper-ink shadow-paper ${className}`}
    >
      <p className="font-display font-semibold leading-snug sm:text-xl">
        {t("title", { siteName })}
      </p>
      <p className="mt-4 rounded bg-door px-4 py-2.5 text-center font-semibold text-on-door text-sm">
        {t("button")}
      </p>
      <p className="mt-4 text-paper-muted text-sm leading-snug">{t("useCode")}</p>
      <p
        dir="ltr"
        className="mt-2 rounded border border-paper-line py-2 ps-[0.2em] text-center font-semibold tabular-nums tracking-[0.2em] text-lg sm:text-2xl"
      >
        481507
      </p>
    </div>
  );
}
