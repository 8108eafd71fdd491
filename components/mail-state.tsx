import { useTranslations } from "next-intl";
import { Notice } from "./ui/notice";

type MailState = { state: string; serverAnswer: string | null };

/** How far the mail has come, as honestly as the site knows it. */
export function MailState({ mail }: { mail: MailState | null }) {
  const t = useTranslations("checkEmail");
  switch (mail?.state) {
    case "queued":
      return (
        <Notice>
          {mail.serverAnswer ? t("deferred", { answer: mail.serverAnswer }) : t("state.queued")}
        </Notice>
      );
    case "accepted":
      return <Notice>{t("state.accepted")}</Notice>;
    case "captured":
      return (
        <Notice>
          {t.rich("state.captured", {
            mailbox: (text) => (
              <a href="/mailbox" className="font-medium underline underline-offset-4">
                {text}
              </a>
            ),
          })}
        </Notice>
      );
    case "refused":
      return (
        <Notice look="danger">{t("state.refused", { answer: mail.serverAnswer ?? "" })}</Notice>
      );
    default:
      return <Notice look="danger">{t("state.expired")}</Notice>;
  }
}
