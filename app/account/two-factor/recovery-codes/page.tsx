import type { Metadata } from "next";
import { redirect } from "next/navigation";
import { getTranslations } from "next-intl/server";
import { AccountFrame } from "@/components/account-frame";
import { RecoveryCodes } from "@/components/recovery-codes";
import { requireUser } from "@/lib/latchkey";
import { readQuery, type SearchParams } from "@/lib/web/query";
import { readRecoveryCodes } from "@/lib/web/recovery-codes";
import { safeReturnTo } from "@/lib/web/return-to";
import { site } from "@/lib/web/site";

export async function generateMetadata(): Promise<Metadata> {
  return { title: (await getTranslations("account.twoFactor.recovery"))("shownTitle") };
}

/** The answer to the form that makes recovery codes. Whoever comes by its address finds nothing here. */
export default async function RecoveryCodesPage({ searchParams }: { searchParams: SearchParams }) {
  const user = await requireUser();
  const codes = await readRecoveryCodes();
  if (!codes) redirect("/account/two-factor");
  const t = await getTranslations("account.twoFactor.recovery");
  return (
    <AccountFrame path="/account/two-factor" title={t("shownTitle")}>
      <RecoveryCodes
        codes={codes}
        siteName={site().name}
        email={user.emailTyped}
        next={safeReturnTo((await readQuery(searchParams)).next)}
      />
    </AccountFrame>
  );
}
