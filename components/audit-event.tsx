import { useTranslations } from "next-intl";
import { Address } from "./ui/address";
import { Time } from "./ui/time";

/** Who is behind an id: an account, one that is gone, or none. */
type Named = { id: string | null; email: string | null };

type AuditEvent = {
  what: string;
  more: string[];
  at: Date;
  device: string;
  networkAddress: string;
  subject: Named;
  doer: Named;
};

/** One row of the audit trail. */
export function AuditEvent({ what, more, at, device, networkAddress, ...people }: AuditEvent) {
  const t = useTranslations("admin.audit");
  return (
    <li className="grid gap-x-8 gap-y-2 border-line border-b py-4 lg:grid-cols-2">
      <div className="wrap-anywhere min-w-0">
        <p className="font-semibold">{what}</p>
        {more.map((detail) => (
          <p key={detail}>{detail}</p>
        ))}
        <p className="text-muted text-sm">
          <Time at={at} />
          {networkAddress && ` · ${t("from-network", { device, networkAddress })}`}
        </p>
      </div>
      <dl className="grid grid-cols-[auto_minmax(0,1fr)] content-start gap-x-4 gap-y-1 text-sm">
        <dt className="text-muted">{t("subject")}</dt>
        <dd>
          <Who {...people.subject} none={t("nobody")} />
        </dd>
        <dt className="text-muted">{t("doer")}</dt>
        <dd>
          <Who {...people.doer} none={t("stranger")} />
        </dd>
      </dl>
    </li>
  );
}

function Who({ id, email, none }: Named & { none: string }) {
  const t = useTranslations("admin.audit");
  if (!id) return none;
  if (id === "operator" || id === "system") return t(id);
  if (email)
    return (
      <a href={`/admin/users/${id}`} className="link">
        <Address>{email}</Address>
      </a>
    );
  return (
    <>
      <a href={`/admin/audit?person=${id}`} className="link wrap-anywhere">
        {id}
      </a>{" "}
      {t("gone")}
    </>
  );
}
