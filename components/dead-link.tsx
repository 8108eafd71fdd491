import { useTranslations } from "next-intl";
import { ButtonLink } from "./ui/button";
import { Card } from "./ui/card";

/** A link that signs nobody in any more: why, and the way on. */
export function DeadLink({ reason, signIn }: { reason: string; signIn: string }) {
  const t = useTranslations("confirm");
  return (
    <Card title={t("deadTitle")}>
      <p className="text-muted">{reason}</p>
      <ButtonLink href={signIn}>{t("newMail")}</ButtonLink>
    </Card>
  );
}
