import { useTranslations } from "next-intl";
import { SubmitWhenSeen } from "./submit-when-seen";
import { Button } from "./ui/button";
import { Card } from "./ui/card";

type ConfirmHere = { siteName: string; address: string; token: string };

/** In the browser that asked: one tap, or none where scripts run. */
export function ConfirmHere({ siteName, address, token }: ConfirmHere) {
  const t = useTranslations("confirm");
  return (
    <Card title={t("title", { siteName })}>
      <p className="text-muted">
        {t("account")} <strong className="break-all text-ink">{address}</strong>
      </p>
      <form id="confirm" action="/auth/confirm" method="post" className="grid">
        <input type="hidden" name="token" value={token} />
        <Button autoFocus>{t("submit")}</Button>
      </form>
      <SubmitWhenSeen form="confirm" />
    </Card>
  );
}
