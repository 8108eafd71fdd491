import { useTranslations } from "next-intl";
import type { ReactNode } from "react";
import { SectionFrame } from "./section-frame";

const pages = [
  ["/admin/users", "admin.users.title"],
  ["/admin/mail", "admin.mail.title"],
  ["/admin/audit", "admin.audit.title"],
  ["/admin/doctor", "admin.doctor.title"],
] as const;

type AdminFrame = {
  /** Which of the pages it is, or belongs to. */
  path: (typeof pages)[number][0];
  title: ReactNode;
  children: ReactNode;
};

/** A page of administration, and the way to the others. */
export function AdminFrame(page: AdminFrame) {
  const t = useTranslations();
  return (
    <SectionFrame
      label={t("admin.navigation")}
      pages={pages.map(([href, text]) => ({ href, text: t(text) }))}
      isWide
      {...page}
    />
  );
}
