import type { Metadata } from "next";
import { headers } from "next/headers";
import { notFound } from "next/navigation";
import { getTranslations } from "next-intl/server";
import { MailboxMail } from "@/components/mailbox-mail";
import { ButtonLink } from "@/components/ui/button";
import { Doorway } from "@/components/ui/doorway";
import { listMailbox } from "@/lib/web/mailbox";

export async function generateMetadata(): Promise<Metadata> {
  return { title: (await getTranslations("mailbox"))("title"), robots: { index: false } };
}

/** The mails that the local transport caught. Whoever reads them can sign in as anybody, so it exists on this machine only. */
export default async function MailboxPage() {
  const mails = await listMailbox(await headers());
  if (!mails) notFound();
  const t = await getTranslations("mailbox");
  if (mails.length === 0)
    return (
      <Doorway door="closed" title={t("title")}>
        <p className="text-lg text-muted">{t("empty")}</p>
        <p>
          <ButtonLink href="/sign-in">{t("ask")}</ButtonLink>
        </p>
      </Doorway>
    );
  return (
    <section className="mx-auto max-w-3xl">
      <h1 className="title">{t("title")}</h1>
      <p className="mt-3 max-w-prose text-muted">{t("lead")}</p>
      <ol className="mt-8 grid gap-8">
        {mails.map((mail, position) => (
          <li key={mail.id} className="min-w-0">
            <MailboxMail {...mail} isOpen={position === 0} />
          </li>
        ))}
      </ol>
    </section>
  );
}
