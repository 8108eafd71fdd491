import type { Metadata } from "next";
import { getTranslations } from "next-intl/server";
import { Button } from "@/components/ui/button";
import { Card } from "@/components/ui/card";
import { Checkbox } from "@/components/ui/checkbox";
import { Field } from "@/components/ui/field";
import { isEmailAddressProblem } from "@/lib/domain/email-address";
import { signedOutOnly } from "@/lib/latchkey";
import { readQuery, type SearchParams } from "@/lib/web/query";
import { safeReturnTo } from "@/lib/web/return-to";

export async function generateMetadata(): Promise<Metadata> {
  return { title: (await getTranslations("signIn"))("title") };
}

export default async function SignInPage({ searchParams }: { searchParams: SearchParams }) {
  const query = await readQuery(searchParams);
  await signedOutOnly(safeReturnTo(query.next));
  const t = await getTranslations("signIn");
  const error = isEmailAddressProblem(query.problem) ? t(`problem.${query.problem}`) : undefined;
  return (
    <Card title={t("title")}>
      <p className="text-muted">{t("lead")}</p>
      <form action="/auth" method="post" className="grid gap-5" noValidate>
        <Field
          id="email"
          name="email"
          type="email"
          label={t("email")}
          error={error}
          defaultValue={query.email}
          autoComplete="username webauthn"
          autoCapitalize="none"
          spellCheck={false}
          autoFocus
          required
        />
        {query.next && <input type="hidden" name="next" value={query.next} />}
        <Checkbox
          id="remember"
          name="remember"
          label={t("remember")}
          defaultChecked={query.remember === "on"}
        />
        <Button>{t("submit")}</Button>
      </form>
    </Card>
  );
}
