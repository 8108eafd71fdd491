import type { Metadata } from "next";
import { getTranslations } from "next-intl/server";
import { AccountFrame } from "@/components/account-frame";
import { Account } from "@/components/ui/account";
import { Button } from "@/components/ui/button";
import { Field } from "@/components/ui/field";
import { Notice } from "@/components/ui/notice";
import { longestName } from "@/lib/domain/account";
import { requireUser } from "@/lib/latchkey";
import { readQuery, type SearchParams } from "@/lib/web/query";

export async function generateMetadata(): Promise<Metadata> {
  return { title: (await getTranslations("account"))("title") };
}

export default async function AccountPage({ searchParams }: { searchParams: SearchParams }) {
  const user = await requireUser();
  const { saved, problem, name } = await readQuery(searchParams);
  const t = await getTranslations("account");
  const isRefused = problem === "name";
  return (
    <AccountFrame path="/account" title={t("title")}>
      <Account label={t("address")} address={user.emailTyped} />
      {saved !== undefined && <Notice look="done">{t("name.saved")}</Notice>}
      <form action="/account/name" method="post" className="grid gap-4" noValidate>
        <Field
          id="name"
          name="name"
          label={t("name.label")}
          hint={t("name.hint")}
          error={isRefused ? t("name.problem", { longest: longestName }) : undefined}
          defaultValue={isRefused ? name : (user.name ?? "")}
          autoComplete="name"
          maxLength={longestName}
        />
        <Button className="justify-self-start">{t("name.submit")}</Button>
      </form>
    </AccountFrame>
  );
}
