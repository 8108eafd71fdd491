import { useTranslations } from "next-intl";
import { ButtonLink } from "@/components/ui/button";

/**
 * Where no server of ours stands in front, which names the scope that is missing. In this folder, since every page below
 * brings it along.
 */
export default function ForbiddenPage() {
  const t = useTranslations("forbidden");
  return (
    <div className="mx-auto grid w-full max-w-xl gap-6">
      <h1 className="title">{t("title")}</h1>
      <p className="text-lg text-muted">{t("lead")}</p>
      <p>
        <ButtonLink href="/">{t("home")}</ButtonLink>
      </p>
    </div>
  );
}
