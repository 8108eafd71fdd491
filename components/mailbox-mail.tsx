import { useFormatter, useTranslations } from "next-intl";
import { Address } from "./ui/address";

type MailboxMail = {
  recipient: string;
  /** Null while it has not been sent. */
  sentAt: Date | null;
  subject: string;
  text: string;
  html: string;
  /** Shows at once how mail programs show it. */
  isOpen: boolean;
};

/** A caught mail as text, with its links alive, and as mail programs show it. */
export function MailboxMail({ recipient, sentAt, subject, text, html, isOpen }: MailboxMail) {
  const t = useTranslations("mailbox");
  const format = useFormatter();
  return (
    <article className="overflow-clip rounded-lg border border-line bg-card">
      <header className="flex flex-wrap items-baseline gap-x-6 gap-y-1 border-line border-b px-5 py-4 sm:px-7">
        <h2 className="wrap-anywhere min-w-0 font-display font-semibold text-xl">{subject}</h2>
        {sentAt && (
          <p className="ms-auto text-muted text-sm tabular-nums">
            <time dateTime={sentAt.toISOString()}>
              {format.dateTime(sentAt, { timeStyle: "long", hourCycle: "h23" })}
            </time>
          </p>
        )}
        <p className="w-full text-muted text-sm">
          {t("to")} <Address className="text-ink">{recipient}</Address>
        </p>
      </header>
      <pre className="wrap-anywhere whitespace-pre-wrap px-5 py-5 font-mono text-sm sm:px-7">
        {withLinks(text)}
      </pre>
      <details className="group border-line border-t" open={isOpen}>
        <summary className="flex min-h-12 cursor-pointer items-center gap-3 px-5 py-2.5 font-semibold focus-visible:-outline-offset-3 sm:px-7">
          <span
            aria-hidden="true"
            className="size-2 shrink-0 rotate-45 border-current border-e-2 border-b-2 group-open:-rotate-135"
          />
          {t("html")}
        </summary>
        {/* A link in it opens a tab of its own, which has to be free of this sandbox: a page in it could not sign in. */}
        <iframe
          title={t("frame", { subject })}
          srcDoc={html}
          sandbox="allow-popups allow-popups-to-escape-sandbox allow-top-navigation-by-user-activation"
          className="block h-184 w-full sm:h-168"
        />
      </details>
    </article>
  );
}

function withLinks(text: string) {
  return text.split(/(https?:\/\/\S+)/).map((part) =>
    part.startsWith("http") ? (
      <a key={part} href={part} className="link inline-block py-1.5">
        {part}
      </a>
    ) : (
      part
    ),
  );
}
