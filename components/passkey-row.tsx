import { useTranslations } from "next-intl";
import { Button } from "./ui/button";
import { Field } from "./ui/field";

type PasskeyRow = {
  id: string;
  name: string;
  addedAt: Date;
  lastUsedAt: Date | null;
  /** Whether its owner has put it out of use. */
  isDenied: boolean;
  longestName: number;
};

/** A passkey: what it is called, when it was used, and what can be done with it. */
export function PasskeyRow({ id, name, addedAt, lastUsedAt, isDenied, longestName }: PasskeyRow) {
  const t = useTranslations("account.twoFactor.passkeys");
  return (
    <li className="grid gap-1 rounded-lg border border-line bg-card p-4">
      <p className="wrap-anywhere font-semibold">
        <bdi>{name}</bdi>
      </p>
      <p className="text-muted text-sm">
        {t("addedAt", { time: addedAt })}
        <br />
        {lastUsedAt ? t("usedAt", { time: lastUsedAt }) : t("neverUsed")}
      </p>
      {isDenied && <p className="text-danger text-sm">{t("denied")}</p>}
      <div className="mt-2 flex flex-wrap items-start gap-x-6 gap-y-2">
        <form action="/account/two-factor/passkeys/remove" method="post">
          <input type="hidden" name="passkey" value={id} />
          <Button look="quiet" size="slim" aria-label={t("removeLabel", { name })}>
            {t("remove")}
          </Button>
        </form>
        <details className="min-w-0 grow">
          <summary
            className="link inline-block cursor-pointer py-2.5"
            aria-label={t("renameLabel", { name })}
          >
            {t("rename")}
          </summary>
          <form
            action="/account/two-factor/passkeys/rename"
            method="post"
            className="mt-2 grid gap-3"
            noValidate
          >
            <input type="hidden" name="passkey" value={id} />
            <Field
              id={`name-${id}`}
              name="name"
              label={t("nameOf", { name })}
              defaultValue={name}
              autoComplete="off"
              maxLength={longestName}
            />
            <Button look="quiet" size="slim" className="justify-self-start">
              {t("save")}
            </Button>
          </form>
        </details>
      </div>
    </li>
  );
}
