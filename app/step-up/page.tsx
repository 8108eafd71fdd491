import type { Metadata } from "next";
import { redirect } from "next/navigation";
import { getTranslations } from "next-intl/server";
import { Account } from "@/components/ui/account";
import { Button } from "@/components/ui/button";
import { Doorway } from "@/components/ui/doorway";
import { Notice } from "@/components/ui/notice";
import { isRecentlySignedIn } from "@/lib/domain/sessions";
import { requireUser } from "@/lib/latchkey";
import { readAskProblem } from "@/lib/web/ask-problem";
import { readQuery, type SearchParams } from "@/lib/web/query";
import { safeReturnTo } from "@/lib/web/return-to";
import { currentSession } from "@/lib/web/session";

export async function generateMetadata(): Promise<Metadata> {
  return { title: (await getTranslations("stepUp"))("title") };
}

/** Asks somebody who is signed in once more who they are, before something that matters. */
export default async function StepUpPage({ searchParams }: { searchParams: SearchParams }) {
  const user = await requireUser();
  const next = safeReturnTo((await readQuery(searchParams)).next);
  const signedIn = await currentSession();
  if (signedIn && isRecentlySignedIn(signedIn)) redirect(next);
  const problem = await readAskProblem(searchParams);
  const t = await getTranslations("stepUp");
  return (
    <Doorway door="closed" title={t("title")}>
      <p className="text-muted">{t("lead")}</p>
      <Account label={t("account")} address={user.emailTyped} />
      {problem && <Notice look="danger">{problem.words}</Notice>}
      <form action="/auth/step-up" method="post" className="grid">
        <input type="hidden" name="next" value={next} />
        <Button>{t("submit")}</Button>
      </form>
    </Doorway>
  );
}
