import { useTranslations } from "next-intl";
import { Address } from "./ui/address";
import { Button } from "./ui/button";
import { Field, Select, TextArea } from "./ui/field";

type Typed = {
  subject: string;
  text: string;
  label: string;
  url: string;
  to: string;
  search: string;
  filter: string;
  perMinute: string;
};

type MessageForm = {
  typed: Typed;
  /** The address of whom it is for; null when it is for those whom search and filter find. */
  recipient: string | null;
  filters: readonly ("all" | "blocked" | "invited" | "admins")[];
  /** What is wrong, by field. */
  errors: Partial<Record<keyof Typed, string>>;
};

/** A message to one user or to many. In this encoding a long text stays as long as it is. */
export function MessageForm({ typed, recipient, filters, errors }: MessageForm) {
  const t = useTranslations("admin.message");
  const whichOf = useTranslations("admin.users");
  const field = (name: keyof Typed) => ({
    id: name,
    name,
    error: errors[name],
    defaultValue: typed[name],
  });
  return (
    <form
      action="/admin/mail/new/draft"
      method="post"
      encType="multipart/form-data"
      className="grid max-w-2xl grid-cols-1 gap-5"
      noValidate
    >
      {recipient ? (
        <p>
          {t.rich("to", { address: () => <Address>{recipient}</Address> })}
          <input type="hidden" name="to" value={typed.to} />
        </p>
      ) : (
        <>
          <p className="text-muted">{t("many")}</p>
          <Field {...field("search")} label={t("search")} hint={t("searchHint")} />
          <Select
            {...field("filter")}
            label={t("filter")}
            options={filters.map((filter) => [filter, whichOf(`filters.${filter}`)] as const)}
          />
          <Field
            {...field("perMinute")}
            label={t("perMinute")}
            hint={t("perMinuteHint")}
            inputMode="numeric"
          />
        </>
      )}
      <Field {...field("subject")} label={t("subject")} required />
      <TextArea {...field("text")} label={t("text")} hint={t("textHint")} rows={12} required />
      <fieldset className="grid grid-cols-1 gap-5">
        <legend className="mb-3 text-muted">{t("button")}</legend>
        <Field {...field("label")} label={t("label")} />
        <Field {...field("url")} label={t("url")} type="url" dir="ltr" />
      </fieldset>
      <div>
        <Button>{t("look")}</Button>
      </div>
    </form>
  );
}
