import { useTranslations } from "next-intl";
import { Button } from "./ui/button";
import { Field } from "./ui/field";

type CodeForm = {
  action: string;
  /** The secret of the link, where the code alone is not enough. */
  token?: string;
  /** Where to go on to, where the site does not know it by itself. */
  next?: string | undefined;
  problem: string | undefined;
  /** What is asked for; without it, the six digits of the mail. */
  label?: string;
  /** What the button says; without it, "Sign in". */
  submit?: string;
  autoFocus?: boolean;
};

/** The six digits, as phones fill them in and as people type them. */
export function CodeForm({
  action,
  token,
  next,
  problem,
  label,
  submit,
  autoFocus = false,
}: CodeForm) {
  const t = useTranslations("checkEmail");
  return (
    <form action={action} method="post" className="grid grid-cols-1 gap-4" noValidate>
      {token && <input type="hidden" name="token" value={token} />}
      {next && <input type="hidden" name="next" value={next} />}
      <Field
        id="code"
        name="code"
        dir="ltr"
        label={label ?? t("code")}
        error={problem}
        inputMode="numeric"
        autoComplete="one-time-code"
        // Six digits with a space or a dash between any two of them.
        maxLength={20}
        autoFocus={autoFocus}
        required
        className="code-digits min-h-17 font-semibold text-3xl"
      />
      <Button>{submit ?? t("submit")}</Button>
    </form>
  );
}
