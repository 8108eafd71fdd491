import { useTranslations } from "next-intl";
import { ButtonLink } from "./ui/button";

const steps = ["1", "2", "3"] as const;

export function SignedOutHome({ siteName }: { siteName: string }) {
  const t = useTranslations("home");
  return (
    <>
      <section className="max-w-3xl">
        <h1 className="font-display text-4xl sm:text-6xl">{t("title")}</h1>
        <p className="mt-5 text-lg text-muted">{t("lead", { siteName })}</p>
        <ButtonLink href="/sign-in" className="mt-8">
          {t("start")}
        </ButtonLink>
      </section>
      <section className="mt-16">
        <h2 className="font-display text-2xl">{t("stepsTitle")}</h2>
        <ol className="mt-6 grid gap-6 sm:grid-cols-3">
          {steps.map((step) => (
            <li key={step} className="rounded-2xl border border-line bg-card p-6">
              <h3 className="font-semibold">{t(`step${step}Title`)}</h3>
              <p className="mt-2 text-muted">{t(`step${step}`)}</p>
            </li>
          ))}
        </ol>
      </section>
    </>
  );
}
