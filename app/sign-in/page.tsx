import type { Metadata } from "next";
import { getTranslations } from "next-intl/server";
import { SignInForm } from "@/components/sign-in-form";
import { Doorway } from "@/components/ui/doorway";
import { signedOutOnly } from "@/lib/latchkey";
import { readAskProblem } from "@/lib/web/ask-problem";
import { readQuery, type SearchParams } from "@/lib/web/query";
import { safeReturnTo } from "@/lib/web/return-to";

export async function generateMetadata(): Promise<Metadata> {
  return { title: (await getTranslations("signIn"))("title") };
}

export default async function SignInPage({ searchParams }: { searchParams: SearchParams }) {
  const query = await readQuery(searchParams);
  await signedOutOnly(safeReturnTo(query.next));
  const t = await getTranslations("signIn");
  return (
    <Doorway door="closed" title={t("title")}>
      <p className="text-muted">{t("lead")}</p>
      <SignInForm
        email={query.email}
        error={await readAskProblem(searchParams)}
        next={query.next}
        remember={query.remember === "on"}
      />
    </Doorway>
  );
}
