import { useTranslations } from "next-intl";
import { Button } from "./ui/button";
import { Checkbox } from "./ui/checkbox";
import { Field } from "./ui/field";

type SignInForm = {
  email: string | undefined;
  error: string | undefined;
  next: string | undefined;
  remember: boolean;
};

/** The one question of the site. */
export function SignInForm({ email, error, next, remember }: SignInForm) {
  const t = useTranslations("signIn");
  return (
    <form action="/auth" method="post" className="grid grid-cols-1 gap-5" noValidate>
      <AddressField label={t("email")} error={error} defaultValue={email} autoFocus />
      {next && <input type="hidden" name="next" value={next} />}
      <Checkbox id="remember" name="remember" label={t("remember")} defaultChecked={remember} />
      <Button>{t("submit")}</Button>
      <p className="text-center text-muted text-sm">{t("why")}</p>
    </form>
  );
}

/** The same question at the door of the site, with nothing around it. */
export function ShortSignInForm() {
  const t = useTranslations("signIn");
  return (
    <form action="/auth" method="post" className="flex flex-wrap items-end gap-3" noValidate>
      <AddressField label={t("email")} around="min-w-0 grow-1000 basis-60" />
      <Button size="tall" className="grow">
        {t("submit")}
      </Button>
    </form>
  );
}

type AddressField = {
  label: string;
  error?: string | undefined;
  defaultValue?: string | undefined;
  autoFocus?: boolean;
  around?: string;
};

function AddressField(props: AddressField) {
  return (
    <Field
      id="email"
      name="email"
      type="email"
      dir="ltr"
      placeholder="ann@example.org"
      autoComplete="username webauthn"
      autoCapitalize="none"
      spellCheck={false}
      required
      {...props}
    />
  );
}
