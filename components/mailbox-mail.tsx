import { useFormatter, useTranslations } from "next-intl";

type MailboxMail = { recipient: string; sentAt: Date; subject: string; text: string; html: string };

/** A caught mail as text, with its links alive, and as mail programs show it. */
export function MailboxMail({ recipient, sentAt, subject, text, html }: MailboxMail) {
  const t = useTranslations("mailbox");
  const format = useFormatter();
  return (
    <article className="rounded-2xl border border-line bg-card p-6">
      <h2 className="font-semibold text-lg">{subject}</h2>
      <p className="text-muted text-sm">
        {t("to")} {recipient},{" "}
        <time dateTime={sentAt.toISOString()}>
          {format.dateTime(sentAt, { timeStyle: "medium" })} UTC
        </time>
      </p>
      <pre className="mt-4 overflow-x-auto whitespace-pre-wrap break-words font-mono text-sm">
        {withLinks(text)}
      </pre>
      <details className="mt-4">
        <summary className="cursor-pointer py-2">{t("html")}</summary>
        <iframe
          title={subject}
          srcDoc={html}
          sandbox="allow-popups allow-top-navigation-by-user-activation"
          className="h-160 w-full rounded-lg border border-line bg-white"
        />
      </details>
    </article>
  );
}

function withLinks(text: string) {
  return text.split(/(https?:\/\/\S+)/).map((part) =>
    part.startsWith("http") ? (
      <a key={part} href={part} className="break-all underline underline-offset-4">
        {part}
      </a>
    ) : (
      part
    ),
  );
}
