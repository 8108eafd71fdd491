import { useTranslations } from "next-intl";
import { CodeForm } from "./code-form";
import { Account } from "./ui/account";
import { Doorway } from "./ui/doorway";

type ConfirmElsewhere = {
  address: string;
  device: { browser: string; system: string | null } | null;
  networkAddress: string;
  askedAt: Date;
  token: string;
  problem: string | undefined;
};

/** In any other browser: whose account it is, who asked, and nothing that a machine could press. */
export function ConfirmElsewhere({
  address,
  device,
  networkAddress,
  askedAt,
  token,
  problem,
}: ConfirmElsewhere) {
  const t = useTranslations();
  return (
    <Doorway door="key" title={t("confirm.otherBrowserTitle")}>
      <p className="text-muted">{t("confirm.otherBrowser")}</p>
      <Account label={t("confirm.account")} address={address} />
      <CodeForm action="/auth/confirm" token={token} problem={problem} />
      <div className="grid gap-2 border-line border-t pt-5 text-muted text-sm">
        <p className="wrap-anywhere">
          {t("confirm.request", {
            device: t("device.name", {
              browser: device?.browser ?? "none",
              system: device?.system ?? "none",
            }),
            networkAddress,
            time: askedAt,
          })}
        </p>
        <p>{t("confirm.notYou")}</p>
      </div>
    </Doorway>
  );
}
