import { useTranslations } from "next-intl";
import type { ReactNode } from "react";
import { TypedAddress } from "./typed-address";
import { Button } from "./ui/button";
import { Field, TextArea } from "./ui/field";
import { HiddenFields } from "./ui/hidden-fields";

/** A part of the page of an account. */
export function UserSection({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section className="grid grid-cols-1 gap-4 border-line border-t pt-6">
      <h2 className="font-display font-semibold text-xl">{title}</h2>
      {children}
    </section>
  );
}

type UserAct = {
  action: string;
  userId: string;
  fields?: Record<string, string>;
  children: ReactNode;
};

/** A form that does something to an account. */
export function UserAct({ action, userId, fields = {}, children }: UserAct) {
  return (
    <form action={action} method="post" className="grid max-w-lg justify-items-start gap-4">
      <HiddenFields fields={{ user: userId, ...fields }} />
      {children}
    </form>
  );
}

type BlockForm = {
  userId: string;
  blockedAt: Date | null;
  reason: string | null;
  longestReason: number;
};

export function BlockForm({ userId, blockedAt, reason, longestReason }: BlockForm) {
  const t = useTranslations("admin.user.block");
  if (blockedAt)
    return (
      <UserSection title={t("title")}>
        <p className="wrap-anywhere">
          {t("blocked", { time: blockedAt, reason: reason ? "given" : "none" })}
          {reason && <q className="ms-1">{reason}</q>}
        </p>
        <UserAct action="/admin/users/unblock" userId={userId}>
          <Button look="quiet">{t("unblock")}</Button>
        </UserAct>
      </UserSection>
    );
  return (
    <UserSection title={t("title")}>
      <p className="text-muted">{t("lead")}</p>
      <UserAct action="/admin/users/block" userId={userId}>
        <Field
          id="reason"
          name="reason"
          label={t("reason")}
          hint={t("reasonHint")}
          maxLength={longestReason}
          required
        />
        <Button look="danger">{t("submit")}</Button>
      </UserAct>
    </UserSection>
  );
}

type ScopeForms = { userId: string; scopes: string[]; canGrant: boolean; canRevoke: boolean };

export function ScopeForms({ userId, scopes, canGrant, canRevoke }: ScopeForms) {
  const t = useTranslations("admin.user.scopes");
  return (
    <UserSection title={t("title")}>
      {scopes.length === 0 && <p className="text-muted">{t("none")}</p>}
      <ul className="grid gap-2">
        {scopes.map((scope) => (
          <li key={scope} className="flex flex-wrap items-center gap-4">
            <code className="font-mono">{scope}</code>
            {canRevoke && (
              <UserAct action="/admin/users/scopes/revoke" userId={userId} fields={{ scope }}>
                <Button look="quiet" size="slim" aria-label={t("revokeLabel", { scope })}>
                  {t("revoke")}
                </Button>
              </UserAct>
            )}
          </li>
        ))}
      </ul>
      {canGrant ? (
        <UserAct action="/admin/users/scopes/grant" userId={userId}>
          <Field
            id="scope"
            name="scope"
            label={t("scope")}
            hint={t("hint")}
            autoCapitalize="none"
            autoComplete="off"
            spellCheck={false}
            maxLength={50}
            required
          />
          <Button look="quiet">{t("grant")}</Button>
        </UserAct>
      ) : (
        <p className="text-muted text-sm">{t("superOnly")}</p>
      )}
    </UserSection>
  );
}

type PropertiesForm = {
  userId: string;
  properties: string;
  longest: number;
  problem: string | undefined;
};

export function PropertiesForm({ userId, properties, longest, problem }: PropertiesForm) {
  const t = useTranslations("admin.user.properties");
  return (
    <UserSection title={t("title")}>
      <UserAct action="/admin/users/properties" userId={userId}>
        <TextArea
          id="properties"
          name="properties"
          dir="ltr"
          className="font-mono"
          label={t("label")}
          hint={t("hint")}
          error={problem}
          defaultValue={properties}
          maxLength={longest}
          rows={6}
          spellCheck={false}
        />
        <Button look="quiet">{t("submit")}</Button>
      </UserAct>
    </UserSection>
  );
}

type DeletionForm = { userId: string; email: string; problem: string | undefined };

export function DeletionForm({ userId, email, problem }: DeletionForm) {
  const t = useTranslations("admin.user.delete");
  return (
    <UserSection title={t("title")}>
      <p className="text-muted">{t("lead")}</p>
      <UserAct action="/admin/users/delete" userId={userId}>
        <TypedAddress label={t("label", { email })} problem={problem} />
        <Button look="danger">{t("submit")}</Button>
      </UserAct>
    </UserSection>
  );
}
