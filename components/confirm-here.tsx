import { useTranslations } from "next-intl";
import { SubmitWhenSeen } from "./submit-when-seen";
import { Account } from "./ui/account";
import { Button } from "./ui/button";
import { Doorway } from "./ui/doorway";

type ConfirmHere = { siteName: string; address: string; token: string };

/** In the browser that asked: one tap, or none where scripts run. */
export function ConfirmHere({ siteName, address, token }: ConfirmHere) {
  const t = useTranslations("confirm");
  return (
    <Doorway door="key" title={t("title", { siteName })}>
      <p className="text-muted">{t("asked")}</p>
      <Account label={t("account")} address={address} />
      <form id="confirm" action="/auth/confirm" method="post" className="grid">
        <input type="hidden" name="token" value={token} />
        <Button autoFocus>{t("submit")}</Button>
      </form>
      <SubmitWhenSeen form="confirm" />
    </Doorway>
  );
}
