import { useTranslations } from "next-intl";
import { Address } from "./ui/address";
import { Button } from "./ui/button";
import { HiddenFields } from "./ui/hidden-fields";
import { Time } from "./ui/time";

type MailRow = {
  id: string;
  template: string;
  /** How far it has come, in words, and whether it will go no further. */
  state: string;
  isLost: boolean;
  recipient: string;
  serverAnswer: string | null;
  attempts: number;
  /** When it was stored, has come to its end, or is tried next. */
  times: { label: string; at: Date }[];
  isResendable: boolean;
  /** The filter to come back to. */
  filter: { state: string; recipient: string };
};

/** One mail of the outbox, without what it says. */
export function MailRow(mail: MailRow) {
  const { id, template, state, isLost, recipient, serverAnswer, attempts, times } = mail;
  const t = useTranslations("admin.mail");
  return (
    <li className="flex flex-wrap items-start gap-x-8 gap-y-3 border-line border-b py-4">
      <div className="min-w-0 grow basis-60">
        <p>
          <span className="font-semibold">{template}</span>
          {" · "}
          <span className={isLost ? "text-danger" : "text-muted"}>{state}</span>
        </p>
        <p>
          <Address>{recipient}</Address>
        </p>
        {serverAnswer && (
          <p className="wrap-anywhere text-sm">{t("answer", { answer: serverAnswer })}</p>
        )}
        <p className="text-muted text-sm">
          {times.map(({ label, at }) => (
            <span key={label}>
              {label} <Time at={at} />
              {" · "}
            </span>
          ))}
          {t("attempts", { count: attempts })}
        </p>
      </div>
      {mail.isResendable && (
        <form action="/admin/mail/resend" method="post">
          <HiddenFields fields={{ ...mail.filter, mail: id }} />
          <Button look="quiet" size="slim" aria-label={t("resendLabel", { template, recipient })}>
            {t("resend")}
          </Button>
        </form>
      )}
    </li>
  );
}
