import type { Metadata } from "next";
import { getTranslations } from "next-intl/server";
import { StripToken } from "@/components/strip-token";
import { Account } from "@/components/ui/account";
import { Address } from "@/components/ui/address";
import { Button, ButtonLink } from "@/components/ui/button";
import { Doorway } from "@/components/ui/doorway";
import { peekAddressChange } from "@/lib/domain/address-change";
import { requireUser } from "@/lib/latchkey";
import { readQuery, type SearchParams } from "@/lib/web/query";

export async function generateMetadata(): Promise<Metadata> {
  const t = await getTranslations("account.email");
  return { title: t("confirmTitle"), robots: { index: false } };
}

/** Looks at the link of the mail to a new address and changes nothing; its button does, where its person is signed in. */
export default async function ConfirmAddressPage({ searchParams }: { searchParams: SearchParams }) {
  const user = await requireUser();
  const { token = "" } = await readQuery(searchParams);
  const change = await peekAddressChange(token);
  const t = await getTranslations("account.email");
  if (!change || change.userId !== user.id)
    return (
      <Doorway door="broken" title={t("deadTitle")}>
        <p className="text-lg text-muted">{t("dead")}</p>
        <p>
          <ButtonLink href="/account/email">{t("back")}</ButtonLink>
        </p>
        <StripToken token={token} isKnown={false} />
      </Doorway>
    );
  return (
    <Doorway door="key" title={t("confirmTitle")}>
      <p className="text-muted">
        {t.rich("confirmLead", {
          address: () => <Address className="font-semibold text-ink">{user.emailTyped}</Address>,
        })}
      </p>
      <Account label={t("confirmLabel")} address={change.newEmailTyped} />
      <form action="/account/email/prove" method="post" className="grid">
        <input type="hidden" name="token" value={token} />
        <Button autoFocus>{t("confirm")}</Button>
      </form>
      <StripToken token={token} isKnown />
    </Doorway>
  );
}
