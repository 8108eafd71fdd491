import type { Metadata } from "next";
import { getTranslations } from "next-intl/server";
import { StripToken } from "@/components/strip-token";
import { Address } from "@/components/ui/address";
import { Button } from "@/components/ui/button";
import { Doorway } from "@/components/ui/doorway";
import { peekMailStop } from "@/lib/domain/mail-stop";
import { readQuery, type SearchParams } from "@/lib/web/query";

export async function generateMetadata(): Promise<Metadata> {
  return { title: (await getTranslations("stopMails"))("title"), robots: { index: false } };
}

/** Looks at a stop link and changes nothing; its button does. */
export default async function StopMailsPage({ searchParams }: { searchParams: SearchParams }) {
  const { token = "" } = await readQuery(searchParams);
  const view = await peekMailStop(token);
  const t = await getTranslations("stopMails");
  if (!view)
    return (
      <Doorway door="broken" title={t("unknownTitle")}>
        <p className="text-lg text-muted">{t("unknown")}</p>
        <StripToken token={token} isKnown={false} />
      </Doorway>
    );
  const address = () => <Address className="font-semibold text-ink">{view.emailTyped}</Address>;
  const { stoppedUntil } = view;
  return (
    <Doorway door="closed" title={t(stoppedUntil ? "doneTitle" : "title")}>
      <p className="text-muted">
        {stoppedUntil
          ? t.rich("done", { address, until: stoppedUntil })
          : t.rich("lead", { address })}
      </p>
      <p className="text-muted">{t("stays")}</p>
      <form action="/auth/stop" method="post" className="grid">
        <input type="hidden" name="token" value={token} />
        <input type="hidden" name="act" value={stoppedUntil ? "resume" : "stop"} />
        <Button look={stoppedUntil ? "quiet" : "primary"}>
          {t(stoppedUntil ? "resume" : "submit")}
        </Button>
      </form>
      <StripToken token={token} isKnown />
    </Doorway>
  );
}
