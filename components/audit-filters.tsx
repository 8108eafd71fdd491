import { useTranslations } from "next-intl";
import { Button, ButtonLink } from "./ui/button";
import { Field, Select } from "./ui/field";

type FieldName = "person" | "type" | "act" | "from" | "to";
type Problem = "malformed" | "unknown" | "type" | "act" | "day" | "order";
type Options = (readonly [string, string])[];

type AuditFilters = {
  typed: Record<FieldName, string>;
  problems: Partial<Record<FieldName, Problem>>;
  types: Options;
  acts: Options;
  timeZone: string;
};

/** Which events are looked for: a form that only asks. */
export function AuditFilters({ typed, problems, types, acts, timeZone }: AuditFilters) {
  const t = useTranslations("admin.audit");
  const field = (name: FieldName) => {
    const problem = problems[name];
    const error = problem && t(`problem.${problem}`);
    return { id: name, name, defaultValue: typed[name], error };
  };
  const choice = (options: Options) => [["", t("any")] as const, ...options];
  return (
    <search>
      <form
        action="/admin/audit"
        aria-label={t("filters")}
        className="grid grid-cols-1 gap-x-6 gap-y-5 rounded-lg border border-line bg-card px-5 py-5 sm:grid-cols-2 lg:grid-cols-4"
      >
        <Field
          {...field("person")}
          label={t("person")}
          hint={t("personHint")}
          around="sm:col-span-full"
          spellCheck={false}
          autoCapitalize="none"
        />
        <Select {...field("type")} label={t("typeLabel")} options={choice(types)} />
        <Select {...field("act")} label={t("actLabel")} options={choice(acts)} />
        <Field {...field("from")} label={t("from")} type="date" />
        <Field {...field("to")} label={t("to")} type="date" />
        <p className="text-muted text-sm sm:col-span-full">{t("timeZone", { timeZone })}</p>
        <div className="flex flex-wrap gap-3 sm:col-span-full">
          <Button size="slim">{t("submit")}</Button>
          <ButtonLink href="/admin/audit" look="quiet" size="slim">
            {t("reset")}
          </ButtonLink>
        </div>
      </form>
    </search>
  );
}
