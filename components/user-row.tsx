import { useTranslations } from "next-intl";
import { Address } from "./ui/address";
import { UserBadges } from "./user-badges";

type UserRow = {
  user: {
    id: string;
    emailTyped: string;
    name: string | null;
    createdAt: Date;
    blockedAt: Date | null;
    invitedAt: Date | null;
  };
};

/** One account in a list, and the way to its page. */
export function UserRow({ user }: UserRow) {
  const t = useTranslations("admin.users");
  return (
    <li className="border-line border-b">
      <a
        href={`/admin/users/${user.id}`}
        className="-mx-3 flex flex-wrap items-center gap-x-6 gap-y-1 rounded-md px-3 py-3 hover:bg-notice"
      >
        <span className="min-w-0 grow basis-64">
          {user.name && <span className="wrap-anywhere block font-semibold">{user.name}</span>}
          <Address className={user.name ? "text-muted" : "font-semibold"}>
            {user.emailTyped}
          </Address>
        </span>
        <UserBadges user={user} />
        <span className="text-muted text-sm">{t("since", { time: user.createdAt })}</span>
      </a>
    </li>
  );
}
