import { useTranslations } from "next-intl";
import { Notice } from "./ui/notice";

type MailState = { state: string; serverAnswer: string | null };

/** Whether the mail is still here, gone out, or will never go. */
export function stageOf(mail: MailState | null, hasMailbox: boolean): "waiting" | "left" | "lost" {
  switch (mail?.state) {
    case "queued":
      // Where mails stay here, it is there by the time that anybody has looked.
      return hasMailbox ? "left" : "waiting";
    case "accepted":
    case "captured":
      return "left";
    default:
      return "lost";
  }
}

/** How far the mail has come, as honestly as the site knows it. */
export function MailState({ mail, hasMailbox }: { mail: MailState | null; hasMailbox: boolean }) {
  const t = useTranslations("checkEmail");
  switch (mail?.state) {
    case "queued":
      if (hasMailbox) return <InMailbox />;
      return (
        <Notice look="waiting">
          {mail.serverAnswer
            ? t("deferred", { answer: mail.serverAnswer })
            : t(mail.serverAnswer === "" ? "unreachable" : "state.queued")}
        </Notice>
      );
    case "accepted":
      return (
        <Notice look="done">
          {t("state.accepted")}
          {mail.serverAnswer && (
            <span className="mt-1 block text-muted text-sm">
              {t("serverSays", { answer: mail.serverAnswer })}
            </span>
          )}
        </Notice>
      );
    case "captured":
      return <InMailbox />;
    case "refused":
      return (
        <Notice look="danger">{t("state.refused", { answer: mail.serverAnswer ?? "" })}</Notice>
      );
    default:
      return <Notice look="danger">{t("state.expired")}</Notice>;
  }
}

function InMailbox() {
  const t = useTranslations("checkEmail.state");
  return (
    <Notice look="done">
      {t.rich("captured", {
        mailbox: (text) => (
          <a href="/mailbox" className="link -my-2.5 inline-block py-2.5 font-semibold">
            {text}
          </a>
        ),
      })}
    </Notice>
  );
}
