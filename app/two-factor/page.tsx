import type { Metadata } from "next";
import { redirect } from "next/navigation";
import { getTranslations } from "next-intl/server";
import { FactorForms } from "@/components/factor-forms";
import { PasskeyForm } from "@/components/passkey-form";
import { TotpSteps } from "@/components/totp-steps";
import { Account } from "@/components/ui/account";
import { Button, ButtonLink } from "@/components/ui/button";
import { Doorway } from "@/components/ui/doorway";
import { Notice } from "@/components/ui/notice";
import { canHavePasskeys } from "@/lib/domain/passkeys";
import { hasSecondFactor, listFactors } from "@/lib/domain/second-factor";
import { describeTotp } from "@/lib/domain/totp";
import { signedOutOnly } from "@/lib/latchkey";
import { readFactorProblem, type ShownProblem } from "@/lib/web/factor-problem";
import { readQuery, type SearchParams } from "@/lib/web/query";
import { safeReturnTo, signInPath } from "@/lib/web/return-to";
import { currentAttempt } from "@/lib/web/two-factor";

export async function generateMetadata(): Promise<Metadata> {
  return { title: (await getTranslations("twoFactor"))("title"), robots: { index: false } };
}

/** What stands between the mail and the session of somebody who has a second factor, or must have one. */
export default async function TwoFactorPage({ searchParams }: { searchParams: SearchParams }) {
  const attempt = await currentAttempt();
  const problem = await readFactorProblem(searchParams);
  const t = await getTranslations("twoFactor");
  if (!attempt) {
    const next = safeReturnTo((await readQuery(searchParams)).next);
    await signedOutOnly(next);
    if (!problem) redirect("/sign-in");
    return (
      <Doorway door="broken" title={t("overTitle")}>
        <Notice look="danger">{problem.words}</Notice>
        <p>
          <ButtonLink href={signInPath(next)}>{t("again")}</ButtonLink>
        </p>
      </Doorway>
    );
  }
  const { user, userId, sealedTotp } = attempt;
  const isEnrolment = sealedTotp !== null && !(await hasSecondFactor(userId));
  return (
    <Doorway door="closed" title={t(isEnrolment ? "enrolTitle" : "title")}>
      <p className="text-muted">{t(isEnrolment ? "enrolLead" : "lead")}</p>
      <Account label={t("account")} address={user.emailTyped} />
      {isEnrolment ? (
        <Enrolment {...describeTotp(sealedTotp, user.email)} problem={problem} />
      ) : (
        <FactorForms
          action="/auth/two-factor"
          purpose="second-factor"
          factors={await listFactors(userId)}
          problem={problem}
        />
      )}
      <form action="/sign_out" method="post">
        <button type="submit" className="link inline-flex min-h-11 cursor-pointer items-center">
          {t("giveUp")}
        </button>
      </form>
    </Doorway>
  );
}

type Enrolment = { secret: string; uri: string; problem: ShownProblem | undefined };

async function Enrolment({ problem, ...totp }: Enrolment) {
  const t = await getTranslations();
  const isAboutPasskey = problem?.form === "passkey";
  const action = "/auth/two-factor/enrol";
  return (
    <>
      <TotpSteps action={action} problem={isAboutPasskey ? undefined : problem?.words} {...totp} />
      {canHavePasskeys() && (
        <section className="grid gap-4 border-line border-t pt-5">
          <h2 className="font-semibold text-lg">{t("twoFactor.orPasskey")}</h2>
          <p className="text-muted">{t("account.twoFactor.passkeys.lead")}</p>
          {isAboutPasskey && <Notice look="danger">{problem.words}</Notice>}
          <PasskeyForm
            action={action}
            purpose="enrolment"
            texts={{
              waiting: t("account.twoFactor.passkeys.waiting"),
              cancelled: t("account.twoFactor.passkeys.cancelled"),
              failed: t("account.twoFactor.passkeys.failed"),
            }}
            without={<p className="text-muted">{t("account.twoFactor.passkeys.noScript")}</p>}
          >
            <Button look="quiet">{t("account.twoFactor.passkeys.add")}</Button>
          </PasskeyForm>
        </section>
      )}
    </>
  );
}
