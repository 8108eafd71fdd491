import { useTranslations } from "next-intl";
import { Button, ButtonLink } from "./ui/button";
import { Field, Select } from "./ui/field";

type MailFilters = {
  typed: { state: string; recipient: string };
  problems: { state: boolean; recipient: boolean };
  states: { state: string; words: string }[];
};

/** Which mails are looked for: a form that only asks. */
export function MailFilters({ typed, problems, states }: MailFilters) {
  const t = useTranslations("admin.mail");
  const options = states.map(({ state, words }) => [state, words] as const);
  return (
    <search>
      <form
        action="/admin/mail"
        aria-label={t("filters")}
        className="grid grid-cols-1 gap-x-6 gap-y-5 rounded-lg border border-line bg-card px-5 py-5 sm:grid-cols-2"
      >
        <Select
          id="state"
          name="state"
          label={t("stateLabel")}
          defaultValue={typed.state}
          options={[["", t("any")], ...options]}
          error={problems.state ? t("problem.state") : undefined}
        />
        <Field
          id="recipient"
          name="recipient"
          label={t("recipient")}
          defaultValue={typed.recipient}
          error={problems.recipient ? t("problem.recipient") : undefined}
          spellCheck={false}
          autoCapitalize="none"
        />
        <div className="flex flex-wrap gap-3 sm:col-span-2">
          <Button size="slim">{t("submit")}</Button>
          <ButtonLink href="/admin/mail" look="quiet" size="slim">
            {t("reset")}
          </ButtonLink>
        </div>
      </form>
    </search>
  );
}
