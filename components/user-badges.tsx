import { useTranslations } from "next-intl";
import { Badge } from "./ui/badge";

type UserBadges = { user: { blockedAt: Date | null; invitedAt: Date | null } };

/** What keeps an account from being signed in to, if anything does. */
export function UserBadges({ user }: UserBadges) {
  const t = useTranslations("admin.users");
  return (
    <>
      {user.blockedAt && <Badge look="danger">{t("blocked")}</Badge>}
      {user.invitedAt && <Badge>{t("invited")}</Badge>}
    </>
  );
}
