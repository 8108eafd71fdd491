import type { Metadata } from "next";
import { getTranslations } from "next-intl/server";
import { AccountFrame } from "@/components/account-frame";
import { Button } from "@/components/ui/button";
import { requireUser } from "@/lib/latchkey";

export async function generateMetadata(): Promise<Metadata> {
  return { title: (await getTranslations("account.export"))("title") };
}

export default async function ExportPage() {
  await requireUser();
  const t = await getTranslations("account.export");
  return (
    <AccountFrame path="/account/export" title={t("title")}>
      <p className="text-muted">{t("lead")}</p>
      <form action="/account/export/download" method="post">
        <Button>{t("submit")}</Button>
      </form>
    </AccountFrame>
  );
}
