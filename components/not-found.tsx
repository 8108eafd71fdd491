import { useTranslations } from "next-intl";
import { ButtonLink } from "./ui/button";
import { Doorway } from "./ui/doorway";

/** Where nothing is to be seen: an address of nothing, or of what is not there any more. */
export function NotFound() {
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
