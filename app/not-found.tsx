import { useTranslations } from "next-intl";
import { ButtonLink } from "@/components/ui/button";

export default function NotFoundPage() {
  const t = useTranslations("notFound");
  return (
    <section className="max-w-xl">
      <h1 className="font-display text-4xl">{t("title")}</h1>
      <p className="mt-4 text-lg text-muted">{t("lead")}</p>
      <ButtonLink href="/" className="mt-8">
        {t("home")}
      </ButtonLink>
    </section>
  );
}
