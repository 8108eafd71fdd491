import type { Metadata } from "next";
import { redirect } from "next/navigation";
import { getTranslations } from "next-intl/server";
import { FactorForms } from "@/components/factor-forms";
import { Account } from "@/components/ui/account";
import { Button } from "@/components/ui/button";
import { Doorway } from "@/components/ui/doorway";
import { Notice } from "@/components/ui/notice";
import { hasSecondFactor, listFactors } from "@/lib/domain/second-factor";
import { isRecentlySignedIn } from "@/lib/domain/sessions";
import { requireUser } from "@/lib/latchkey";
import { readAskProblem } from "@/lib/web/ask-problem";
import { readFactorProblem } from "@/lib/web/factor-problem";
import { findPausedAct, kindOf } from "@/lib/web/paused-act";
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
  if (signedIn && (await isRecentlySignedIn(signedIn))) redirect(next);
  const t = await getTranslations("stepUp");
  if (await hasSecondFactor(user.id)) {
    const act = signedIn && (await findPausedAct(signedIn, next));
    return (
      <Doorway door="closed" title={t("title")}>
        {act && (
          <p className="text-lg">
            {(await getTranslations("resume.act"))(kindOf(act), { email: act.fields.email ?? "" })}
          </p>
        )}
        <p className="text-muted">{t("leadFactor")}</p>
        <Account label={t("account")} address={user.emailTyped} />
        <FactorForms
          action="/auth/step-up"
          purpose="step-up"
          next={next}
          factors={await listFactors(user.id)}
          problem={await readFactorProblem(searchParams)}
        />
      </Doorway>
    );
  }
  const problem = await readAskProblem(searchParams);
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
