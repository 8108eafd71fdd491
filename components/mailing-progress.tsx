import { useFormatter, useTranslations } from "next-intl";

type MailingProgress = {
  /** How many it is for; null while nobody knows. */
  total: number | null;
  queued: number;
  waiting: number;
  accepted: number;
  refused: number;
  expired: number;
};

const counts = ["queued", "waiting", "accepted", "refused", "expired"] as const;

/** How far a mailing is. Without a total, the bar says no more than that it goes on. */
export function MailingProgress(mailing: MailingProgress) {
  const t = useTranslations("admin.message.mailing");
  const format = useFormatter();
  const { total, accepted, refused, expired } = mailing;
  const settled = accepted + refused + expired;
  const share = t("share", { settled, total: total ?? -1 });
  return (
    <>
      <div className="grid max-w-2xl grid-cols-1 gap-2">
        <progress
          aria-label={t("progress")}
          className="h-3 w-full appearance-none overflow-clip rounded-full border border-line-strong bg-field [&::-moz-progress-bar]:bg-accent [&::-webkit-progress-bar]:bg-field [&::-webkit-progress-value]:bg-accent [&:indeterminate::-moz-progress-bar]:bg-field"
          {...(total !== null && { max: Math.max(total, 1), value: Math.min(settled, total) })}
        >
          {share}
        </progress>
        <p className="tabular-nums">{share}</p>
      </div>
      <dl className="grid max-w-md grid-cols-[1fr_auto] gap-x-8 gap-y-2 tabular-nums">
        {counts.map((name) => (
          <div key={name} className="contents">
            <dt className="text-muted">{t(name)}</dt>
            <dd className="text-end">{format.number(mailing[name])}</dd>
          </div>
        ))}
      </dl>
    </>
  );
}
