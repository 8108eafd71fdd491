import { useTranslations } from "next-intl";
import { Button } from "./ui/button";
import { Field } from "./ui/field";

/** The number that the first screen shows. Two digits, so that it is read and typed at a glance. */
export function NumberForm({ token, problem }: { token: string; problem: string | undefined }) {
  const t = useTranslations("confirm");
  return (
    <form action="/auth/number" method="post" className="grid grid-cols-1 gap-4" noValidate>
      <input type="hidden" name="token" value={token} />
      <Field
        id="number"
        name="number"
        dir="ltr"
        label={t("number")}
        hint={t("thereWarning")}
        error={problem}
        inputMode="numeric"
        autoComplete="off"
        maxLength={5}
        required
        className="code-digits min-h-17 font-semibold text-3xl"
      />
      <Button>{t("letIn")}</Button>
    </form>
  );
}
