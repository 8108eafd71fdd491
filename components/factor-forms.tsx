import { useTranslations } from "next-intl";
import { CodeForm } from "./code-form";
import { PasskeyForm } from "./passkey-form";
import { Button } from "./ui/button";
import { Field } from "./ui/field";
import { Notice } from "./ui/notice";

type FactorForms = {
  action: string;
  purpose: "second-factor" | "step-up";
  /** Where to go on to, where the site does not know it by itself. */
  next?: string | undefined;
  /** What the account has. */
  factors: { appSince: Date | null; passkeys: number; recoveryCodes: number };
  /** What went wrong, and in which form. */
  problem: { words: string; form: "code" | "passkey" | "recovery" } | undefined;
};

/** The ways to give a second factor: those that the account has. */
export function FactorForms({ action, purpose, next, factors, problem }: FactorForms) {
  const t = useTranslations("twoFactor");
  const has = {
    app: factors.appSince !== null,
    passkey: factors.passkeys > 0,
    recoveryCode: factors.recoveryCodes > 0,
  };
  const problemOf = (form: "code" | "recovery") =>
    form === problem?.form ? problem.words : undefined;
  const isSaidByField =
    (problem?.form === "code" && has.app) || (problem?.form === "recovery" && has.recoveryCode);
  return (
    <>
      {problem && !isSaidByField && <Notice look="danger">{problem.words}</Notice>}
      {has.passkey && (
        <PasskeyForm
          action={action}
          purpose={purpose}
          fields={{ next }}
          texts={{
            waiting: t("passkey.waiting"),
            cancelled: t("passkey.cancelled"),
            failed: t("passkey.failed"),
          }}
          without={has.app ? null : <p className="text-muted">{t("passkey.noScript")}</p>}
        >
          <Button look={has.app ? "quiet" : "primary"}>{t("passkey.button")}</Button>
        </PasskeyForm>
      )}
      {has.app && (
        <CodeForm
          action={action}
          next={next}
          label={t("app")}
          problem={problemOf("code")}
          submit={t("submit")}
          autoFocus={!problem || problem.form === "code"}
        />
      )}
      {has.recoveryCode && (
        <details open={problem?.form === "recovery" || (!has.app && !has.passkey)}>
          <summary className="link inline-block cursor-pointer py-2.5">
            {t("recovery.summary")}
          </summary>
          <form action={action} method="post" className="mt-3 grid grid-cols-1 gap-4" noValidate>
            <input type="hidden" name="by" value="recovery" />
            {next && <input type="hidden" name="next" value={next} />}
            <Field
              id="recovery-code"
              name="code"
              dir="ltr"
              label={t("recovery.label")}
              hint={t("recovery.hint")}
              error={problemOf("recovery")}
              autoComplete="off"
              autoCapitalize="characters"
              spellCheck={false}
              maxLength={60}
              className="font-mono uppercase"
            />
            <Button look={has.app || has.passkey ? "quiet" : "primary"}>
              {t("recovery.submit")}
            </Button>
          </form>
        </details>
      )}
      <p className="text-muted text-sm">{t("lost")}</p>
    </>
  );
}
