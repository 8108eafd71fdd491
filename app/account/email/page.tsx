import type { Metadata } from "next";
import { getTranslations } from "next-intl/server";
import { AccountFrame } from "@/components/account-frame";
import { CodeForm } from "@/components/code-form";
import { NewAddressForm } from "@/components/new-address-form";
import { Address } from "@/components/ui/address";
import { Notice } from "@/components/ui/notice";
import { findPendingChange } from "@/lib/domain/address-change";
import { requireUser } from "@/lib/latchkey";
import { readChangeProblem } from "@/lib/web/address-change";
import { readAskProblem } from "@/lib/web/ask-problem";
import { readQuery, type SearchParams } from "@/lib/web/query";

export async function generateMetadata(): Promise<Metadata> {
  return { title: (await getTranslations("account.email"))("title") };
}

export default async function EmailPage({ searchParams }: { searchParams: SearchParams }) {
  const user = await requireUser();
  const pending = await findPendingChange(user.id);
  const { changed, email } = await readQuery(searchParams);
  const askProblem = await readAskProblem(searchParams);
  const changeProblem = await readChangeProblem(searchParams);
  const t = await getTranslations("account.email");
  const newAddress = <NewAddressForm email={askProblem && email} problem={askProblem?.words} />;
  return (
    <AccountFrame path="/account/email" title={t("title")}>
      {changed !== undefined && <Notice look="done">{t("changed")}</Notice>}
      <p className="text-muted">
        {t.rich("now", {
          address: () => <Address className="font-semibold text-ink">{user.emailTyped}</Address>,
        })}
      </p>
      {pending ? (
        <>
          <section className="grid gap-4 rounded-lg border border-line bg-card p-5">
            <h2 className="font-semibold text-lg">{t("pendingTitle")}</h2>
            <p className="text-muted">
              {t.rich("pending", {
                address: () => (
                  <Address className="font-semibold text-ink">{pending.newEmailTyped}</Address>
                ),
              })}
            </p>
            <CodeForm
              action="/account/email/prove"
              problem={changeProblem}
              submit={t("confirm")}
              autoFocus
            />
          </section>
          <details className="group" open={askProblem !== undefined}>
            <summary className="link inline-block cursor-pointer py-2.5">{t("other")}</summary>
            <div className="mt-3">{newAddress}</div>
          </details>
        </>
      ) : (
        <>
          {changeProblem && <Notice look="danger">{changeProblem}</Notice>}
          {newAddress}
        </>
      )}
    </AccountFrame>
  );
}
