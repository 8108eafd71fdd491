import type { Metadata } from "next";
import { getFormatter, getTranslations } from "next-intl/server";
import { AdminFrame } from "@/components/admin-frame";
import { MailCounts } from "@/components/mail-counts";
import { MailFilters } from "@/components/mail-filters";
import { MailRow } from "@/components/mail-row";
import { Pager } from "@/components/pager";
import { ButtonLink } from "@/components/ui/button";
import { Notice } from "@/components/ui/notice";
import {
  countMails,
  type ListedMail,
  listMails,
  mailStates,
  mailTemplates,
  mostCounted,
} from "@/lib/domain/mail-search";
import { requireScope } from "@/lib/latchkey";
import { describeRefusal } from "@/lib/web/administration-problem";
import { readMailFilter } from "@/lib/web/mail-filter";
import { setPageStatus } from "@/lib/web/page-status";
import { queryString, readQuery, type SearchParams } from "@/lib/web/query";

const path = "/admin/mail";
const pageSize = 50;

export async function generateMetadata(): Promise<Metadata> {
  return { title: (await getTranslations("admin.mail"))("title") };
}

export default async function MailPage({ searchParams }: { searchParams: SearchParams }) {
  await requireScope("admin");
  const query = await readQuery(searchParams);
  const { typed, problems, filter } = readMailFilter(query);
  if (!filter) setPageStatus(422);
  const page = filter && (await listMails(filter, query.after, pageSize));
  const counts = await countMails();
  const refusal = await describeRefusal(query.refused);
  const t = await getTranslations("admin.mail");
  const format = await getFormatter();
  const count = (number: number) => format.number(number) + (number === mostCounted ? "+" : "");
  const states = mailStates.map((state) => ({
    state,
    words: t(`state.${state}`),
    count: count(counts[state]),
  }));
  return (
    <AdminFrame path={path} title={t("title")}>
      <p className="text-muted">{t("lead")}</p>
      {refusal && <Notice look="danger">{refusal}</Notice>}
      {query.done === "resent" && <Notice look="done">{t("resent")}</Notice>}
      <p>
        <ButtonLink href="/admin/mail/new" look="quiet" size="slim">
          {t("write")}
        </ButtonLink>
      </p>
      <MailCounts label={t("counts")} states={states} />
      <MailFilters typed={typed} problems={problems} states={states} />
      {page ? (
        <>
          {page.mails.length === 0 && <p>{t(query.after ? "end" : "empty")}</p>}
          <ol aria-label={t("results")} className="grid border-line border-t">
            {page.mails.map(async (mail) => (
              <MailRow key={mail.id} {...mail} {...(await describeMail(mail))} filter={typed} />
            ))}
          </ol>
          <Pager
            newest={query.after ? path + queryString(typed) : null}
            older={page.next ? path + queryString({ ...typed, after: page.next }) : null}
          />
        </>
      ) : (
        <p>{t("wrong")}</p>
      )}
    </AdminFrame>
  );
}

/** What a row says in words. */
async function describeMail(mail: ListedMail) {
  const t = await getTranslations("admin.mail");
  const template = mailTemplates.find((known) => known === mail.template);
  const state = mailStates.find((known) => known === mail.state);
  const times: [string, Date | null][] = [
    [t("created"), mail.createdAt],
    mail.state === "queued" ? [t("next"), mail.nextAttemptAt] : [t("settled"), mail.settledAt],
  ];
  return {
    template: template ? t(`template.${template}`) : mail.template,
    state: state ? t(`state.${state}`) : mail.state,
    isLost: state === "refused" || state === "expired",
    times: times.flatMap(([label, at]) => (at ? { label, at } : [])),
  };
}
