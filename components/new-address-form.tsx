import { useTranslations } from "next-intl";
import { Button } from "./ui/button";
import { Field } from "./ui/field";

type NewAddressForm = { email: string | undefined; problem: string | undefined };

/** Asks for the address that an account is to go by. */
export function NewAddressForm({ email, problem }: NewAddressForm) {
  const t = useTranslations("account.email");
  return (
    <form action="/account/email/change" method="post" className="grid gap-4" noValidate>
      <Field
        id="email"
        name="email"
        type="email"
        dir="ltr"
        label={t("new")}
        hint={t("how")}
        error={problem}
        defaultValue={email}
        autoComplete="email"
        autoCapitalize="none"
        spellCheck={false}
        required
      />
      <Button className="justify-self-start">{t("submit")}</Button>
    </form>
  );
}
