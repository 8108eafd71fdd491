import type { Metadata } from "next";
import { getFormatter, getTranslations } from "next-intl/server";
import { AccountFrame } from "@/components/account-frame";
import { Pager } from "@/components/pager";
import { listEvents } from "@/lib/domain/audit";
import { requireUser } from "@/lib/latchkey";
import { describeEvent, describeOrigin } from "@/lib/web/event-words";
import { readQuery, type SearchParams } from "@/lib/web/query";

const path = "/account/activity";
const pageSize = 50;

export async function generateMetadata(): Promise<Metadata> {
  return { title: (await getTranslations("account.activity"))("title") };
}

export default async function ActivityPage({ searchParams }: { searchParams: SearchParams }) {
  const user = await requireUser();
  const { before } = await readQuery(searchParams);
  const events = await listEvents(user.id, before, pageSize);
  const t = await getTranslations("account.activity");
  const format = await getFormatter();
  return (
    <AccountFrame path={path} title={t("title")}>
      <p className="text-muted">{t("lead")}</p>
      {events.length === 0 && <p>{t("empty")}</p>}
      <ol className="grid border-line border-t">
        {events.map(async (event) => (
          <li key={event.id} className="border-line border-b py-3">
            <p className="wrap-anywhere font-semibold">{await describeEvent(event)}</p>
            <p className="wrap-anywhere text-muted text-sm">
              <time dateTime={event.createdAt.toISOString()}>
                {format.dateTime(event.createdAt, {
                  dateStyle: "long",
                  timeStyle: "long",
                  hourCycle: "h23",
                })}
              </time>
              {" · "}
              {await describeOrigin(event)}
            </p>
          </li>
        ))}
      </ol>
      <Pager
        newest={before ? path : null}
        older={events.length === pageSize ? `${path}?before=${events.at(-1)?.id}` : null}
      />
    </AccountFrame>
  );
}
