import type { Metadata } from "next";
import { getTimeZone, getTranslations } from "next-intl/server";
import { AdminFrame } from "@/components/admin-frame";
import { AuditEvent } from "@/components/audit-event";
import { AuditFilters } from "@/components/audit-filters";
import { Pager } from "@/components/pager";
import { Button } from "@/components/ui/button";
import { HiddenFields } from "@/components/ui/hidden-fields";
import { eventActs, eventTypes } from "@/lib/domain/audit";
import { listAuditEvents } from "@/lib/domain/audit-search";
import { requireScope } from "@/lib/latchkey";
import { readAuditFilter } from "@/lib/web/audit-filter";
import { describeForAdministrators } from "@/lib/web/event-words";
import { setPageStatus } from "@/lib/web/page-status";
import { queryString, readQuery, type SearchParams } from "@/lib/web/query";

const path = "/admin/audit";
const pageSize = 50;
const acts = [...new Set(Object.values(eventActs).flat())];

export async function generateMetadata(): Promise<Metadata> {
  return { title: (await getTranslations("admin.audit"))("title") };
}

export default async function AuditPage({ searchParams }: { searchParams: SearchParams }) {
  await requireScope("admin");
  const query = await readQuery(searchParams);
  const timeZone = await getTimeZone();
  const { typed, problems, filter } = await readAuditFilter(query, timeZone);
  if (!filter) setPageStatus(422);
  const page = filter && (await listAuditEvents(filter, query.after, pageSize));
  const t = await getTranslations("admin.audit");
  return (
    <AdminFrame path={path} title={t("title")}>
      <p className="text-muted">{t("lead")}</p>
      <AuditFilters
        typed={typed}
        problems={problems}
        types={eventTypes.map((type) => [type, t(`type.${type}`)])}
        acts={acts.map((act) => [act, t(`act.${act}`)])}
        timeZone={timeZone}
      />
      <div className="flex flex-wrap items-center justify-between gap-x-6 gap-y-3">
        <h2 className="font-display font-semibold text-xl">{t("results")}</h2>
        {page && (
          <form action="/admin/audit/export" method="post">
            <HiddenFields fields={typed} />
            <Button look="quiet" size="slim" title={t("exportHint")}>
              {t("export")}
            </Button>
          </form>
        )}
      </div>
      {page ? (
        <>
          {page.events.length === 0 && <p>{t(query.after ? "end" : "empty")}</p>}
          <ol className="grid border-line border-t">
            {page.events.map(async (event) => (
              <AuditEvent
                key={event.id}
                {...(await describeForAdministrators(event))}
                at={event.createdAt}
                networkAddress={event.networkAddress}
                subject={{ id: event.userId, email: event.subject?.emailTyped ?? null }}
                doer={{ id: event.actor, email: event.doer?.emailTyped ?? null }}
              />
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
