import type { Metadata } from "next";
import { getTranslations } from "next-intl/server";
import { AccountFrame } from "@/components/account-frame";
import { SessionRow } from "@/components/session-row";
import { Button } from "@/components/ui/button";
import { Notice } from "@/components/ui/notice";
import { describeDevice } from "@/lib/domain/device";
import { listSessions } from "@/lib/domain/sessions";
import { requireUser } from "@/lib/latchkey";
import { readQuery, type SearchParams } from "@/lib/web/query";
import { currentSession } from "@/lib/web/session";

export async function generateMetadata(): Promise<Metadata> {
  return { title: (await getTranslations("account.sessions"))("title") };
}

export default async function SessionsPage({ searchParams }: { searchParams: SearchParams }) {
  const user = await requireUser();
  const current = await currentSession();
  const isThis = (session: { id: string }) => session.id === current?.session.id;
  const all = await listSessions(user.id);
  const sessions = [...all.filter(isThis), ...all.filter((session) => !isThis(session))];
  const { ended } = await readQuery(searchParams);
  const t = await getTranslations("account.sessions");
  return (
    <AccountFrame path="/account/sessions" title={t("title")}>
      <p className="text-muted">{t("lead")}</p>
      {/^\d{1,4}$/.test(ended ?? "") && (
        <Notice look="done">{t("ended", { count: Number(ended) })}</Notice>
      )}
      <ul className="grid gap-3">
        {sessions.map((session) => (
          <SessionRow
            key={session.id}
            id={session.id}
            device={describeDevice(session.userAgent)}
            networkAddress={session.networkAddress}
            firstSeenAt={session.createdAt}
            lastSeenAt={session.lastSeenAt}
            isThis={isThis(session)}
            endAction="/account/sessions/end"
          />
        ))}
      </ul>
      {sessions.length > 1 ? (
        <form action="/account/sessions/end" method="post">
          <input type="hidden" name="session" value="others" />
          <Button look="quiet">{t("endOthers")}</Button>
        </form>
      ) : (
        <p className="text-muted">{t("alone")}</p>
      )}
    </AccountFrame>
  );
}
