import { useTranslations } from "next-intl";
import { Badge } from "./ui/badge";
import { Button } from "./ui/button";
import { HiddenFields } from "./ui/hidden-fields";

type SessionRow = {
  id: string;
  device: { browser: string; system: string | null } | null;
  networkAddress: string;
  firstSeenAt: Date;
  lastSeenAt: Date;
  /** Whether it is the one in which this is read. */
  isThis: boolean;
  /** The handler that ends it, for who may. */
  endAction?: string;
  /** Whose it is, where that is not the reader. */
  userId?: string;
};

/** One place where the person is signed in. */
export function SessionRow(session: SessionRow) {
  const { id, networkAddress, firstSeenAt, lastSeenAt, isThis, endAction, userId } = session;
  const t = useTranslations();
  const device = t("device.name", {
    browser: session.device?.browser ?? "none",
    system: session.device?.system ?? "none",
  });
  return (
    <li className="flex flex-wrap items-center gap-x-6 gap-y-3 rounded-lg border border-line bg-card px-5 py-4">
      <div className="min-w-0 grow basis-60">
        <h2 className="font-semibold first-letter:uppercase">
          {device} {isThis && <Badge>{t("account.sessions.this")}</Badge>}
        </h2>
        <p className="wrap-anywhere mt-1 text-muted text-sm">
          {t("account.sessions.from", { networkAddress })}
        </p>
        <p className="text-muted text-sm">
          {t("account.sessions.firstSeen", { time: firstSeenAt })}
        </p>
        <p className="text-muted text-sm">{t("account.sessions.lastSeen", { time: lastSeenAt })}</p>
      </div>
      {!isThis && endAction && (
        <form action={endAction} method="post">
          <HiddenFields fields={{ ...(userId && { user: userId }), session: id }} />
          <Button
            look="quiet"
            size="slim"
            aria-label={t("account.sessions.endLabel", { device, time: lastSeenAt })}
          >
            {t("account.sessions.end")}
          </Button>
        </form>
      )}
    </li>
  );
}
