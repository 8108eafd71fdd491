import { useTranslations } from "next-intl";
import { SubmitWhenSeen } from "./submit-when-seen";
import { Account } from "./ui/account";
import { Button } from "./ui/button";
import { Doorway } from "./ui/doorway";

type ConfirmHere = {
  siteName: string;
  address: string;
  token: string;
  /** Whether it asks somebody who is signed in once more who they are. */
  isStepUp: boolean;
};

/** In the browser that asked: one tap, or none where scripts run. */
export function ConfirmHere({ siteName, address, token, isStepUp }: ConfirmHere) {
  const t = useTranslations("confirm");
  return (
    <Doorway door="key" title={isStepUp ? t("stepUpTitle") : t("title", { siteName })}>
      <p className="text-muted">{t("asked")}</p>
      <Account label={t(isStepUp ? "stepUpAccount" : "account")} address={address} />
      <form id="confirm" action="/auth/confirm" method="post" className="grid">
        <input type="hidden" name="token" value={token} />
        <Button autoFocus>{t(isStepUp ? "stepUpSubmit" : "submit")}</Button>
      </form>
      <SubmitWhenSeen form="confirm" />
    </Doorway>
  );
}
