import { useTranslations } from "next-intl";
import { ButtonLink } from "./ui/button";

export function SignedInHome({ name }: { name: string }) {
  const t = useTranslations("home");
  return (
    <section className="max-w-2xl">
      <h1 className="break-words font-display text-4xl sm:text-5xl">{t("welcome", { name })}</h1>
      <p className="mt-4 text-lg text-muted">{t("signedInLead")}</p>
      <ButtonLink href="/private" className="mt-8">
        {t("goPrivate")}
      </ButtonLink>
    </section>
  );
}
