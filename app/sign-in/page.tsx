import type { Metadata } from "next";
import { getTranslations } from "next-intl/server";
import { SignInForm } from "@/components/sign-in-form";
import { Doorway } from "@/components/ui/doorway";
import { signedOutOnly } from "@/lib/latchkey";
import { readAskProblem } from "@/lib/web/ask-problem";
import { readQuery, type SearchParams } from "@/lib/web/query";
import { safeReturnTo } from "@/lib/web/return-to";
import { site } from "@/lib/web/site";

export async function generateMetadata(): Promise<Metadata> {
  return { title: (await getTranslations("signIn"))("title") };
}

export default async function SignInPage({ searchParams }: { searchParams: SearchParams }) {
  const query = await readQuery(searchParams);
  await signedOutOnly(safeReturnTo(query.next));
  const t = await getTranslations("signIn");
  const { signUp } = site();
  return (
    <Doorway door="closed" title={t("title")}>
      <p className="text-muted">{t(signUp === "invited" ? "leadClosed" : "lead")}</p>
      {signUp !== "open" && (
        <p className="text-muted">
          {signUp === "invited"
            ? t("invitedOnly")
            : t("domainsOnly", { domains: signUp.join(", ") })}
        </p>
      )}
      <SignInForm
        email={query.email}
        error={(await readAskProblem(searchParams))?.words}
        next={query.next}
        remember={query.remember === "on"}
      />
    </Doorway>
  );
}
