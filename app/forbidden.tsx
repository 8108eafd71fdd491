import { useTranslations } from "next-intl";
import { ButtonLink } from "@/components/ui/button";
import { Doorway } from "@/components/ui/doorway";

/** Where no server of ours stands in front, which names the scope that is missing. */
export default function ForbiddenPage() {
  const t = useTranslations("forbidden");
  return (
    <Doorway door="walled" title={t("title")}>
      <p className="text-lg text-muted">{t("lead")}</p>
      <p>
        <ButtonLink href="/">{t("home")}</ButtonLink>
      </p>
    </Doorway>
  );
}
