import type { Metadata } from "next";
import { getTranslations } from "next-intl/server";
import type { ReactNode } from "react";
import { AccountFrame } from "@/components/account-frame";
import { PasskeyRow } from "@/components/passkey-row";
import { Button, ButtonLink } from "@/components/ui/button";
import { Notice } from "@/components/ui/notice";
import {
  canHavePasskeys,
  listPasskeys,
  longestPasskeyName,
  mostPasskeys,
} from "@/lib/domain/passkeys";
import { hasSecondFactor, listFactors, mustHaveSecondFactor } from "@/lib/domain/second-factor";
import { listSessions } from "@/lib/domain/sessions";
import { requireUser } from "@/lib/latchkey";
import { readFactorProblem } from "@/lib/web/factor-problem";
import { readQuery, type SearchParams } from "@/lib/web/query";

export async function generateMetadata(): Promise<Metadata> {
  return { title: (await getTranslations("account.twoFactor"))("title") };
}

/** What this page has just done, and says. */
const dones = [
  "app-added",
  "app-removed",
  "passkey-added",
  "passkey-removed",
  "recovery-codes-renewed",
  "renamed",
] as const;

export default async function SecondFactorPage({ searchParams }: { searchParams: SearchParams }) {
  const user = await requireUser();
  const isOn = await hasSecondFactor(user.id);
  const { appSince, recoveryCodes } = await listFactors(user.id);
  const query = await readQuery(searchParams);
  const done = dones.find((known) => known === query.done);
  const problem = await readFactorProblem(searchParams);
  const t = await getTranslations("account.twoFactor");
  return (
    <AccountFrame path="/account/two-factor" title={t("title")}>
      {done && <Notice look="done">{t(`done.${done}`)}</Notice>}
      {done && done !== "renamed" && <OtherSessions userId={user.id} />}
      {problem && <Notice look="danger">{problem.words}</Notice>}
      <p className="text-muted">
        {t("lead")} {t(isOn ? "isOn" : "isOff")}{" "}
        {(await mustHaveSecondFactor(user)) && t("isRequired")}
      </p>
      <Section title={t("app.title")}>
        <p className="text-muted">{appSince ? t("app.on", { time: appSince }) : t("app.off")}</p>
        <div className="flex flex-wrap gap-3">
          <form action="/account/two-factor/app/begin" method="post">
            <Button look={isOn ? "quiet" : "primary"} size="slim">
              {t(appSince ? "app.replace" : "app.begin")}
            </Button>
          </form>
          {appSince && (
            <form action="/account/two-factor/app/remove" method="post">
              <Button look="quiet" size="slim">
                {t("app.remove")}
              </Button>
            </form>
          )}
        </div>
      </Section>
      <Passkeys userId={user.id} isOn={isOn} />
      {isOn && (
        <Section title={t("recovery.title")}>
          <p className="text-muted">
            {t("recovery.why")} {t("recovery.left", { count: recoveryCodes })}
          </p>
          <form action="/account/two-factor/recovery-codes/new" method="post">
            <Button look="quiet" size="slim">
              {t("recovery.renew")}
            </Button>
            <p className="mt-2 text-muted text-sm">{t("recovery.renewWarning")}</p>
          </form>
        </Section>
      )}
    </AccountFrame>
  );
}

/** After a change of what opens the account: whoever was signed in before still is (ASVS 7.4.3). */
async function OtherSessions({ userId }: { userId: string }) {
  if ((await listSessions(userId)).length < 2) return null;
  const t = await getTranslations("account.twoFactor.others");
  return (
    <form action="/account/sessions/end" method="post" className="grid justify-items-start gap-3">
      <input type="hidden" name="session" value="others" />
      <p className="text-muted">{t("text")}</p>
      <Button look="quiet" size="slim">
        {t("submit")}
      </Button>
    </form>
  );
}

async function Passkeys({ userId, isOn }: { userId: string; isOn: boolean }) {
  const passkeys = await listPasskeys(userId);
  const isFull = passkeys.length >= mostPasskeys;
  const t = await getTranslations("account.twoFactor.passkeys");
  return (
    <Section title={t("title")}>
      <p className="text-muted">{t("lead")}</p>
      {passkeys.length > 0 && (
        <ul className="grid gap-3">
          {passkeys.map(({ id, name, createdAt, lastUsedAt, deniedAt }) => (
            <PasskeyRow
              key={id}
              id={id}
              name={name}
              addedAt={createdAt}
              lastUsedAt={lastUsedAt}
              isDenied={deniedAt !== null}
              longestName={longestPasskeyName}
            />
          ))}
        </ul>
      )}
      {!canHavePasskeys() && <p className="text-muted">{t("impossible")}</p>}
      {isFull && <p className="text-muted">{t("full")}</p>}
      {canHavePasskeys() && !isFull && (
        <p>
          <ButtonLink
            href="/account/two-factor/passkeys"
            look={isOn ? "quiet" : "primary"}
            size="slim"
          >
            {t("add")}
          </ButtonLink>
        </p>
      )}
    </Section>
  );
}

function Section({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section className="grid gap-4 border-line border-t pt-6">
      <h2 className="font-semibold text-xl">{title}</h2>
      {children}
    </section>
  );
}
