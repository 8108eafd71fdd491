import { useTranslations } from "next-intl";
import { CodeForm } from "./code-form";
import { QrCode } from "./qr-code";

type TotpSteps = {
  action: string;
  /** In base32. */
  secret: string;
  /** The `otpauth:` address that says it all. */
  uri: string;
  problem: string | undefined;
};

/** How to give the secret to an authenticator app, and to show that it has it. */
export function TotpSteps({ action, secret, uri, problem }: TotpSteps) {
  const t = useTranslations("account.twoFactor.app");
  return (
    <>
      <div className="grid gap-3">
        <p>{t("scan")}</p>
        <QrCode text={uri} label={t("qr")} />
        <p>
          <a href={uri} className="link inline-flex min-h-11 items-center">
            {t("open")}
          </a>
        </p>
        <p className="text-muted">{t("secret")}</p>
        <p>
          <code dir="ltr" className="wrap-anywhere select-all font-mono text-lg">
            {secret.replace(/.{4}(?=.)/g, "$& ")}
          </code>
        </p>
      </div>
      <div className="grid gap-4">
        <p>{t("type")}</p>
        <CodeForm action={action} label={t("code")} problem={problem} submit={t("submit")} />
      </div>
    </>
  );
}
