import type { Metadata } from "next";
import { getTranslations } from "next-intl/server";
import { AccountFrame } from "@/components/account-frame";
import { Button } from "@/components/ui/button";
import { Field } from "@/components/ui/field";
import { Notice } from "@/components/ui/notice";
import { readDeletionTime } from "@/lib/domain/account";
import { requireUser } from "@/lib/latchkey";
import { readQuery, type SearchParams } from "@/lib/web/query";

export async function generateMetadata(): Promise<Metadata> {
  return { title: (await getTranslations("account.delete"))("title") };
}

export default async function DeletePage({ searchParams }: { searchParams: SearchParams }) {
  const user = await requireUser();
  const { problem } = await readQuery(searchParams);
  const t = await getTranslations("account.delete");
  const possibleAt = await readDeletionTime(user.id);
  return (
    <AccountFrame path="/account/delete" title={t("title")}>
      <p className="text-muted">{t("lead")}</p>
      {possibleAt && <Notice look="waiting">{t("later", { time: possibleAt })}</Notice>}
      <form action="/account/delete/now" method="post" className="grid gap-4" noValidate>
        <Field
          id="email"
          name="email"
          dir="ltr"
          label={t("label", { email: user.emailTyped })}
          error={problem === "address" ? t("problem") : undefined}
          autoComplete="off"
          autoCapitalize="none"
          spellCheck={false}
          required
        />
        <Button look="danger" className="justify-self-start">
          {t("submit")}
        </Button>
      </form>
    </AccountFrame>
  );
}
