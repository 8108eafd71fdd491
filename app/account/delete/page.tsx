import type { Metadata } from "next";
import { getTranslations } from "next-intl/server";
import { AccountFrame } from "@/components/account-frame";
import { TypedAddress } from "@/components/typed-address";
import { Button } from "@/components/ui/button";
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
        <TypedAddress
          label={t("label", { email: user.emailTyped })}
          problem={problem === "address" ? t("problem") : undefined}
        />
        <Button look="danger" className="justify-self-start">
          {t("submit")}
        </Button>
      </form>
    </AccountFrame>
  );
}
