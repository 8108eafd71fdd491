import type { Metadata } from "next";
import { redirect } from "next/navigation";
import { getTranslations } from "next-intl/server";
import { AccountFrame } from "@/components/account-frame";
import { PasskeyForm } from "@/components/passkey-form";
import { Button } from "@/components/ui/button";
import { Field } from "@/components/ui/field";
import { Notice } from "@/components/ui/notice";
import { canHavePasskeys, longestPasskeyName } from "@/lib/domain/passkeys";
import { requireRecentSignIn } from "@/lib/latchkey";
import { readFactorProblem } from "@/lib/web/factor-problem";
import type { SearchParams } from "@/lib/web/query";

export async function generateMetadata(): Promise<Metadata> {
  return { title: (await getTranslations("account.twoFactor.passkeys"))("addTitle") };
}

/** Where a device makes a passkey. */
export default async function AddPasskeyPage({ searchParams }: { searchParams: SearchParams }) {
  await requireRecentSignIn();
  if (!canHavePasskeys()) redirect("/account/two-factor");
  const problem = await readFactorProblem(searchParams);
  const t = await getTranslations("account.twoFactor.passkeys");
  return (
    <AccountFrame path="/account/two-factor" title={t("addTitle")}>
      <p className="text-muted">{t("addLead")}</p>
      {problem && <Notice look="danger">{problem.words}</Notice>}
      <PasskeyForm
        action="/account/two-factor/passkeys/add"
        purpose="new-passkey"
        texts={{ waiting: t("waiting"), cancelled: t("cancelled"), failed: t("failed") }}
        without={<p>{t("noScript")}</p>}
      >
        <Field
          id="name"
          name="name"
          label={t("name")}
          hint={t("nameHint")}
          autoComplete="off"
          maxLength={longestPasskeyName}
        />
        <Button className="justify-self-start">{t("create")}</Button>
      </PasskeyForm>
      <p>
        <a href="/account/two-factor" className="link inline-flex min-h-11 items-center">
          {(await getTranslations("account.twoFactor.app"))("back")}
        </a>
      </p>
    </AccountFrame>
  );
}
