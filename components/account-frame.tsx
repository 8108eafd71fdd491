import { useTranslations } from "next-intl";
import type { ReactNode } from "react";
import { SectionFrame } from "./section-frame";

const pages = [
  ["/account", "account.overview"],
  ["/account/email", "account.email.title"],
  ["/account/two-factor", "account.twoFactor.title"],
  ["/account/sessions", "account.sessions.title"],
  ["/account/activity", "account.activity.title"],
  ["/account/export", "account.export.title"],
  ["/account/delete", "account.delete.title"],
] as const;

type AccountFrame = {
  /** Which of the pages it is. */
  path: (typeof pages)[number][0];
  title: string;
  children: ReactNode;
};

/** A page of one's account, and the way to the others. */
export function AccountFrame(page: AccountFrame) {
  const t = useTranslations();
  return (
    <SectionFrame
      label={t("account.navigation")}
      pages={pages.map(([href, text]) => ({ href, text: t(text) }))}
      {...page}
    />
  );
}
