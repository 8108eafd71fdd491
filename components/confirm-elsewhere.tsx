import { useTranslations } from "next-intl";
import type { ReactNode } from "react";
import { CodeForm } from "./code-form";
import { NumberForm } from "./number-form";
import { Account } from "./ui/account";
import { Doorway } from "./ui/doorway";
import { Notice } from "./ui/notice";

type ConfirmElsewhere = {
  address: string;
  device: { browser: string; system: string | null } | null;
  networkAddress: string;
  askedAt: Date;
  token: string;
  /** Whether it asks somebody who is signed in once more who they are: they go on there, and nobody signs in here. */
  isStepUp: boolean;
  /** Whether the number has been typed: the first screen may go on. */
  isApproved: boolean;
  /** Whether the first screen shows a number that can still be typed. */
  hasNumber: boolean;
  numberProblem: string | undefined;
  codeProblem: string | undefined;
};

/** In any other browser: whose account it is, who asked, and nothing that a machine could press. */
export function ConfirmElsewhere(link: ConfirmElsewhere) {
  const { address, device, networkAddress, askedAt, token, hasNumber } = link;
  const t = useTranslations();
  return (
    <Doorway
      door={link.isApproved ? "open" : "key"}
      title={t(link.isApproved ? "confirm.approvedTitle" : "confirm.otherBrowserTitle")}
    >
      <Account
        label={t(link.isStepUp ? "confirm.stepUpAccount" : "confirm.account")}
        address={address}
      />
      <div className="grid gap-2 text-muted">
        <p className="wrap-anywhere">
          {t("confirm.request", {
            device: t("device.name", {
              browser: device?.browser ?? "none",
              system: device?.system ?? "none",
            }),
            networkAddress,
            time: askedAt,
          })}
        </p>
        <p>{t("confirm.notYou")}</p>
        <p>{t(link.isStepUp ? "confirm.stepUpElsewhere" : "confirm.otherBrowser")}</p>
      </div>
      {link.isApproved ? (
        <Notice look="done">{t("confirm.approved")}</Notice>
      ) : hasNumber ? (
        <Way title={t("confirm.thereTitle")} lead={t("confirm.there")}>
          <NumberForm token={token} problem={link.numberProblem} />
        </Way>
      ) : (
        link.numberProblem && <Notice look="danger">{link.numberProblem}</Notice>
      )}
      {!link.isStepUp && (
        <Way title={t("confirm.hereTitle")} lead={t("confirm.here")}>
          <CodeForm action="/auth/confirm" token={token} problem={link.codeProblem} />
        </Way>
      )}
    </Doorway>
  );
}

function Way({ title, lead, children }: { title: string; lead: string; children: ReactNode }) {
  return (
    <section className="grid gap-4 border-line border-t pt-5">
      <div>
        <h2 className="font-semibold text-lg">{title}</h2>
        <p className="mt-1 text-muted">{lead}</p>
      </div>
      {children}
    </section>
  );
}
