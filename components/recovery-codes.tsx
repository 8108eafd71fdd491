import { useTranslations } from "next-intl";
import { CopyAndPrint } from "./copy-and-print";
import { Address } from "./ui/address";
import { ButtonLink } from "./ui/button";

type RecoveryCodes = {
  codes: string[];
  siteName: string;
  email: string;
  /** Where to go on to. */
  next: string;
};

/** Recovery codes, the one time that they are shown: to copy, to download, to print. */
export function RecoveryCodes({ codes, siteName, email, next }: RecoveryCodes) {
  const t = useTranslations("account.twoFactor.recovery");
  const title = t.markup("for", { siteName, address: () => email });
  const text = `${title}\n\n${codes.join("\n")}\n`;
  return (
    <>
      <p className="text-muted">{t("shownLead")}</p>
      <section className="grid gap-4 rounded-lg border border-line bg-card p-5">
        <h2 className="font-semibold">
          {t.rich("for", { siteName, address: () => <Address>{email}</Address> })}
        </h2>
        <ol
          dir="ltr"
          className="grid gap-x-8 gap-y-2 font-mono text-lg tabular-nums sm:grid-cols-2"
        >
          {codes.map((code) => (
            <li key={code} className="select-all whitespace-nowrap">
              {code}
            </li>
          ))}
        </ol>
      </section>
      <div className="flex flex-wrap gap-3 print:hidden">
        <ButtonLink
          look="quiet"
          size="slim"
          download={`recovery-codes-${siteName.replace(/[^\p{L}\p{N}]+/gu, "-")}.txt`}
          href={`data:text/plain;charset=utf-8,${encodeURIComponent(text)}`}
        >
          {t("download")}
        </ButtonLink>
        <CopyAndPrint
          text={text}
          texts={{ copy: t("copy"), copied: t("copied"), print: t("print") }}
        />
      </div>
      <p className="print:hidden">
        <ButtonLink href={next}>{t("saved")}</ButtonLink>
      </p>
    </>
  );
}
