import { useTranslations } from "next-intl";
import { ButtonLink } from "./ui/button";
import { Doorway } from "./ui/doorway";

/** A link that signs nobody in any more: why, and the way on. */
export function DeadLink({ reason, signIn }: { reason: string; signIn: string }) {
  const t = useTranslations("confirm");
  return (
    <Doorway door="broken" title={t("deadTitle")}>
      <p className="text-lg text-muted">{reason}</p>
      <p>
        <ButtonLink href={signIn}>{t("newMail")}</ButtonLink>
      </p>
    </Doorway>
  );
}
