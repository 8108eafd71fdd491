import type { Metadata } from "next";
import { redirect } from "next/navigation";
import { getTranslations } from "next-intl/server";
import { AccountFrame } from "@/components/account-frame";
import { TotpSteps } from "@/components/totp-steps";
import { listFactors } from "@/lib/domain/second-factor";
import { peekPendingTotp } from "@/lib/domain/second-factor-changes";
import { describeTotp } from "@/lib/domain/totp";
import { requireRecentSignIn } from "@/lib/latchkey";
import { readFactorProblem } from "@/lib/web/factor-problem";
import type { SearchParams } from "@/lib/web/query";
import { currentSession } from "@/lib/web/session";

export async function generateMetadata(): Promise<Metadata> {
  return { title: (await getTranslations("account.twoFactor.app"))("setUpTitle") };
}

/** The secret of an authenticator app that is being set up: only while it is, and soon after a sign-in. */
export default async function TotpPage({ searchParams }: { searchParams: SearchParams }) {
  const user = await requireRecentSignIn();
  const signedIn = await currentSession();
  const sealed = signedIn && (await peekPendingTotp(signedIn));
  if (!sealed) redirect("/account/two-factor");
  const { appSince } = await listFactors(user.id);
  const t = await getTranslations("account.twoFactor.app");
  return (
    <AccountFrame path="/account/two-factor" title={t("setUpTitle")}>
      {appSince && <p className="text-muted">{t("replaces")}</p>}
      <TotpSteps
        action="/account/two-factor/app/confirm"
        {...describeTotp(sealed, user.email)}
        problem={(await readFactorProblem(searchParams))?.words}
      />
      <p>
        <a href="/account/two-factor" className="link inline-flex min-h-11 items-center">
          {t("back")}
        </a>
      </p>
    </AccountFrame>
  );
}
