import { useTranslations } from "next-intl";
import type { ReactNode } from "react";
import { ButtonLink } from "./ui/button";
import { Doorway } from "./ui/doorway";

type DeadLink = {
  title?: string;
  reason: string;
  /** The sign-in page, with the destination kept. */
  signIn: string;
  /** A nearer way on. */
  children?: ReactNode;
};

/** A link or a code that signs nobody in any more: why, and the way on. */
export function DeadLink({ title, reason, signIn, children }: DeadLink) {
  const t = useTranslations("confirm");
  return (
    <Doorway door="broken" title={title ?? t("deadTitle")}>
      <p className="text-lg text-muted">{reason}</p>
      {children ?? (
        <p>
          <ButtonLink href={signIn}>{t("newMail")}</ButtonLink>
        </p>
      )}
    </Doorway>
  );
}
