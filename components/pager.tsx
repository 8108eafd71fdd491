import { useTranslations } from "next-intl";

type Pager = {
  /** The address of the page before all others; null when it is this one. */
  newest: string | null;
  /** The address of the next page; null when this is the last. */
  older: string | null;
  /** What the two are called where the list does not go by time. */
  words?: { newest: string; older: string };
};

/** The ways from one page of a long list to the others. */
export function Pager({ newest, older, words }: Pager) {
  const t = useTranslations("pager");
  return (
    <div className="flex flex-wrap gap-x-6">
      {newest && <Way href={newest}>{words?.newest ?? t("newest")}</Way>}
      {older && <Way href={older}>{words?.older ?? t("older")}</Way>}
    </div>
  );
}

function Way({ href, children }: { href: string; children: string }) {
  return (
    <a href={href} className="link flex min-h-11 items-center">
      {children}
    </a>
  );
}
