import { useTranslations } from "next-intl";
import { CodeForm } from "./code-form";
import { Card } from "./ui/card";

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
    <Card title={t("confirm.otherBrowserTitle")}>
      <p className="text-muted">
        {t("confirm.account")} <strong className="break-all text-ink">{address}</strong>
      </p>
      <p className="text-muted">{t("confirm.otherBrowser")}</p>
      <CodeForm action="/auth/confirm" token={token} problem={problem} />
      <p className="border-line border-t pt-5 text-muted text-sm">
        {t("confirm.request", {
          device: t("device.name", {
            browser: device?.browser ?? "none",
            system: device?.system ?? "none",
          }),
          networkAddress,
          time: askedAt,
        })}{" "}
        {t("confirm.notYou")}
      </p>
    </Card>
  );
}
