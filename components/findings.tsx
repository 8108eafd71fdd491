import { useTranslations } from "next-intl";
import type { ReactNode } from "react";
import { Badge } from "./ui/badge";
import { Button } from "./ui/button";
import { Field } from "./ui/field";

type Finding = {
  status: "fault" | "warning" | "not-checked" | "ok";
  /** The status in words. */
  state: string;
  what: string;
  why: string | null;
  fix: string | null;
};

const looks = { fault: "danger", warning: "warning", "not-checked": "quiet", ok: "good" } as const;

type FindingsOfCheck = { title: string; findings: Finding[]; children?: ReactNode };

/** What has come of one check. */
export function FindingsOfCheck({ title, findings, children }: FindingsOfCheck) {
  return (
    <section className="grid grid-cols-1 gap-x-8 gap-y-3 border-line border-t pt-4 lg:grid-cols-[10rem_minmax(0,1fr)]">
      <h2 className="font-semibold">{title}</h2>
      <div className="grid grid-cols-1 gap-4">
        <ul className="grid gap-4">
          {findings.map((found) => (
            <FoundThing key={found.what} {...found} />
          ))}
        </ul>
        {children}
      </div>
    </section>
  );
}

function FoundThing({ status, state, what, why, fix }: Finding) {
  const t = useTranslations("admin.doctor");
  const parts = [
    [t("why"), why],
    [t("fix"), fix],
  ] as const;
  return (
    <li className="wrap-anywhere grid min-w-0 items-start justify-items-start gap-x-4 gap-y-2 sm:grid-cols-[7.5rem_minmax(0,1fr)]">
      <Badge look={looks[status]}>{state}</Badge>
      <div className="grid min-w-0 gap-2">
        <p className="max-w-prose">{what}</p>
        {parts.some(([, words]) => words !== null) && (
          <dl className="grid max-w-prose gap-1 text-sm">
            {parts.map(
              ([about, words]) =>
                words !== null && (
                  <div key={about}>
                    <dt className="inline text-muted">{about}: </dt>
                    <dd className="inline">{words}</dd>
                  </div>
                ),
            )}
          </dl>
        )}
      </div>
    </li>
  );
}

/** Asks for the name that DNS cannot tell. */
export function SelectorForm({
  action,
  selector,
}: {
  action: string;
  selector?: string | undefined;
}) {
  const t = useTranslations("admin.doctor");
  return (
    <form action={action} className="flex max-w-lg flex-wrap items-end gap-3">
      <Field
        id="selector"
        name="selector"
        label={t("selector")}
        hint={t("selectorHint")}
        defaultValue={selector}
        maxLength={60}
        autoComplete="off"
        spellCheck={false}
      />
      <Button look="quiet" size="slim">
        {t("selectorSubmit")}
      </Button>
    </form>
  );
}
