import type { Metadata } from "next";
import { getTranslations } from "next-intl/server";
import { AdminFrame } from "@/components/admin-frame";
import { FindingsOfCheck, SelectorForm } from "@/components/findings";
import { ButtonLink } from "@/components/ui/button";
import { checks, type Finding } from "@/lib/domain/doctor/finding";
import { requireScope } from "@/lib/latchkey";
import { describeFinding, examineByRequest } from "@/lib/web/doctor";
import { readQuery, type SearchParams } from "@/lib/web/query";

const path = "/admin/doctor";

export async function generateMetadata(): Promise<Metadata> {
  return { title: (await getTranslations("admin.doctor"))("title") };
}

export default async function DoctorPage({ searchParams }: { searchParams: SearchParams }) {
  await requireScope("admin");
  const { selector } = await readQuery(searchParams);
  const findings = await examineByRequest(selector?.trim() || undefined);
  const told = await Promise.all(findings.map(describeFinding));
  const t = await getTranslations("admin.doctor");
  const words = await getTranslations("doctor");
  const count = (status: Finding["status"]) =>
    findings.filter((found) => found.status === status).length;
  const isDkimAsked = findings.some(({ name }) => /^sender\.(no-)?dkim/.test(name));
  return (
    <AdminFrame path={path} title={t("title")}>
      <p className="text-muted">{t("lead")}</p>
      <div className="flex flex-wrap items-center justify-between gap-x-6 gap-y-3">
        <p className="font-semibold">
          {t("counts", {
            faults: count("fault"),
            warnings: count("warning"),
            unchecked: count("not-checked"),
          })}
        </p>
        <ButtonLink href={path} look="quiet" size="slim">
          {t("again")}
        </ButtonLink>
      </div>
      {checks.map((check) => (
        <FindingsOfCheck
          key={check}
          title={words(`check.${check}`)}
          findings={told.filter((found) => found.check === check)}
        >
          {check === "sender" && isDkimAsked && <SelectorForm action={path} selector={selector} />}
        </FindingsOfCheck>
      ))}
    </AdminFrame>
  );
}
