import type { Metadata } from "next";
import { notFound } from "next/navigation";
import { getTranslations } from "next-intl/server";
import { AdminFrame } from "@/components/admin-frame";
import { MailingProgress } from "@/components/mailing-progress";
import { Button } from "@/components/ui/button";
import { Notice } from "@/components/ui/notice";
import { findMailing } from "@/lib/domain/mailings";
import { userFilters } from "@/lib/domain/user-search";
import { requireScope } from "@/lib/latchkey";
import { describeRefusal } from "@/lib/web/administration-problem";
import { readQuery, type SearchParams } from "@/lib/web/query";

/** In seconds: how often the page shows anew how far a mailing is, with scripts or without. */
const showsEvery = 3;

export async function generateMetadata(): Promise<Metadata> {
  return { title: (await getTranslations("admin.message"))("mailings") };
}

export default async function MailingPage({
  params,
  searchParams,
}: {
  params: Promise<{ id: string }>;
  searchParams: SearchParams;
}) {
  await requireScope("admin");
  const { id } = await params;
  const mailing = await findMailing(id);
  if (!mailing) notFound();
  const { createdAt, perMinute, search, endedAt, isDone, isStopped } = mailing;
  const t = await getTranslations("admin.message");
  const whichOf = await getTranslations("admin.users");
  const refusal = await describeRefusal((await readQuery(searchParams)).refused);
  const filter = userFilters.find((known) => known === mailing.filter) ?? "all";
  const state = isStopped ? "stopped" : isDone ? "done" : "going";
  return (
    <AdminFrame path="/admin/mail" title={<bdi>{mailing.subject}</bdi>}>
      {!isDone && (
        <meta
          httpEquiv="refresh"
          content={`${showsEvery};url=/admin/mail/mailings/${mailing.id}`}
        />
      )}
      {refusal && <Notice look="danger">{refusal}</Notice>}
      <p className="text-muted">
        {t("mailing.begun", { time: createdAt, perMinute })}
        <br />
        {t("mailing.audience", {
          filter: whichOf(`filters.${filter}`),
          search: search ? "some" : "none",
          words: search,
        })}
      </p>
      <p role="status">{t("mailing.state", { state })}</p>
      <MailingProgress {...mailing} total={endedAt ? mailing.queued : mailing.total} />
      {!isDone && (
        <form action="/admin/mail/mailings/stop" method="post" className="grid gap-2">
          <input type="hidden" name="mailing" value={mailing.id} />
          <div>
            <Button look="danger">{t("mailing.stop")}</Button>
          </div>
          <p className="text-muted text-sm">{t("mailing.stopHint")}</p>
        </form>
      )}
      <p>
        <a href="/admin/mail/mailings" className="link inline-flex min-h-11 items-center">
          {t("mailing.back")}
        </a>
      </p>
    </AdminFrame>
  );
}
