import { headers } from "next/headers";
import { notFound } from "next/navigation";
import { getTranslations } from "next-intl/server";
import { MailboxMail } from "@/components/mailbox-mail";
import { listMailbox } from "@/lib/web/mailbox";

/** The mails that the local transport caught. Whoever reads them can sign in as anybody, so it exists on this machine only. */
export default async function MailboxPage() {
  const mails = await listMailbox(await headers());
  if (!mails) notFound();
  const t = await getTranslations("mailbox");
  return (
    <section>
      <h1 className="font-display text-4xl">{t("title")}</h1>
      <p className="mt-4 text-muted">{mails.length > 0 ? t("lead") : t("empty")}</p>
      <ol className="mt-8 grid gap-6">
        {mails.map((mail) => (
          <li key={mail.id}>
            <MailboxMail {...mail} />
          </li>
        ))}
      </ol>
    </section>
  );
}
