import { useTranslations } from "next-intl";
import { Doorway } from "./ui/doorway";

/** The number was right: the other browser is let in, and nothing is left to do in this one. */
export function Approved() {
  const t = useTranslations("confirm");
  return (
    <Doorway door="open" title={t("approvedTitle")}>
      <p className="text-lg text-muted">{t("approved")}</p>
    </Doorway>
  );
}
