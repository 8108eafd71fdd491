import type { Metadata } from "next";
import { getTranslations } from "next-intl/server";
import { AdminFrame } from "@/components/admin-frame";
import { Button } from "@/components/ui/button";
import { Field } from "@/components/ui/field";
import { longestName } from "@/lib/domain/account";
import { requireScope } from "@/lib/latchkey";
import { describeRefusal } from "@/lib/web/administration-problem";
import { readAskProblem } from "@/lib/web/ask-problem";
import { readQuery, type SearchParams } from "@/lib/web/query";

export async function generateMetadata(): Promise<Metadata> {
  return { title: (await getTranslations("admin.newUser"))("title") };
}

export default async function NewUserPage({ searchParams }: { searchParams: SearchParams }) {
  await requireScope("admin");
  const { email, name, refused } = await readQuery(searchParams);
  const problem = await readAskProblem(searchParams);
  const refusal = await describeRefusal(refused);
  const t = await getTranslations("admin.newUser");
  return (
    <AdminFrame path="/admin/users" title={t("title")}>
      <p className="max-w-prose text-muted">{t("lead")}</p>
      <form
        action="/admin/users/create"
        method="post"
        className="grid max-w-lg gap-4"
        autoComplete="off"
        noValidate
      >
        <Field
          id="email"
          name="email"
          type="email"
          inputMode="email"
          dir="ltr"
          label={t("email")}
          error={refused === "already" ? t("taken") : problem?.words}
          defaultValue={email}
          autoCapitalize="none"
          spellCheck={false}
          required
        />
        <Field
          id="name"
          name="name"
          label={t("name")}
          hint={t("nameHint")}
          error={refused === "already" ? undefined : refusal}
          defaultValue={name}
          maxLength={longestName}
        />
        <Button className="justify-self-start">{t("submit")}</Button>
      </form>
    </AdminFrame>
  );
}
