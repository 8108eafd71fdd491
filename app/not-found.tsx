import { useTranslations } from "next-intl";
import { ButtonLink } from "@/components/ui/button";
import { Doorway } from "@/components/ui/doorway";

export default function NotFoundPage() {
  const t = useTranslations("notFound");
  return (
    <Doorway door="walled" title={t("title")}>
      <p className="text-lg text-muted">{t("lead")}</p>
      <p>
        <ButtonLink href="/">{t("home")}</ButtonLink>
      </p>
    </Doorway>
  );
}
