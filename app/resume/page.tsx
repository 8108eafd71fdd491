import type { Metadata } from "next";
import { redirect } from "next/navigation";
import { getTranslations } from "next-intl/server";
import { SubmitWhenSeen } from "@/components/submit-when-seen";
import { Button } from "@/components/ui/button";
import { Doorway } from "@/components/ui/doorway";
import { HiddenFields } from "@/components/ui/hidden-fields";
import { peekPausedAct } from "@/lib/domain/paused-act";
import { requireRecentSignIn } from "@/lib/latchkey";
import { kindOf } from "@/lib/web/paused-act";
import { readQuery, type SearchParams } from "@/lib/web/query";
import { currentSession } from "@/lib/web/session";

export async function generateMetadata(): Promise<Metadata> {
  return { title: (await getTranslations("resume"))("title"), robots: { index: false } };
}

/** What was interrupted goes on: its form again, as it was sent. */
export default async function ResumePage({ searchParams }: { searchParams: SearchParams }) {
  await requireRecentSignIn();
  const { act: id = "" } = await readQuery(searchParams);
  const signedIn = await currentSession();
  const act = signedIn && (await peekPausedAct(signedIn, id));
  if (!act) redirect("/account");
  const t = await getTranslations("resume");
  return (
    <Doorway door="key" title={t("title")}>
      <p className="text-lg">{t(`act.${kindOf(act)}`, { email: act.fields.email ?? "" })}</p>
      <p className="text-muted">{t("lead")}</p>
      {/* The other encoding would make a long text three times as long. */}
      <form
        id="resume"
        action={act.path}
        method="post"
        encType="multipart/form-data"
        className="grid"
      >
        <HiddenFields fields={{ ...act.fields, resumed: act.id }} />
        <Button autoFocus>{t("submit")}</Button>
      </form>
      <p>
        <a href="/account" className="link inline-flex min-h-11 items-center">
          {t("back")}
        </a>
      </p>
      <SubmitWhenSeen form="resume" />
    </Doorway>
  );
}
