import type { Metadata } from "next";
import { getTranslations } from "next-intl/server";
import { PasskeyForm } from "@/components/passkey-form";
import { SignInForm } from "@/components/sign-in-form";
import { Button } from "@/components/ui/button";
import { Doorway } from "@/components/ui/doorway";
import { Notice } from "@/components/ui/notice";
import { parseEmailAddress } from "@/lib/domain/email-address";
import { canHavePasskeys } from "@/lib/domain/passkeys";
import { signedOutOnly } from "@/lib/latchkey";
import { readAskProblem } from "@/lib/web/ask-problem";
import { readQuery, type SearchParams } from "@/lib/web/query";
import { safeReturnTo } from "@/lib/web/return-to";
import { site } from "@/lib/web/site";

export async function generateMetadata(): Promise<Metadata> {
  return { title: (await getTranslations("signIn"))("title") };
}

export default async function SignInPage({ searchParams }: { searchParams: SearchParams }) {
  const query = await readQuery(searchParams);
  await signedOutOnly(safeReturnTo(query.next));
  const t = await getTranslations("signIn");
  const { signUp } = site();
  const problem = await readAskProblem(searchParams);
  return (
    <Doorway door="closed" title={t("title")}>
      <p className="text-muted">{t(signUp === "invited" ? "leadClosed" : "lead")}</p>
      {signUp !== "open" && (
        <p className="text-muted">
          {signUp === "invited"
            ? t("invitedOnly")
            : t("domainsOnly", { domains: signUp.join(", ") })}
        </p>
      )}
      {problem?.isPasskey && <Notice look="danger">{problem.words}</Notice>}
      <SignInForm
        email={problem ? query.email : prefilled(query.email)}
        error={problem?.isPasskey ? undefined : problem?.words}
        next={query.next}
        remember={query.remember === "on"}
      />
      {canHavePasskeys() && (
        <PasskeyForm
          action="/auth/passkey"
          purpose="sign-in"
          fields={{ next: query.next }}
          texts={{
            waiting: t("passkey.waiting"),
            cancelled: t("passkey.cancelled"),
            failed: t("passkey.failed"),
          }}
        >
          <Button look="quiet">{t("passkey.button")}</Button>
        </PasskeyForm>
      )}
    </Doorway>
  );
}

/** The address that an invitation leads here with; whatever is none, somebody else has put there. */
function prefilled(email = ""): string | undefined {
  const address = parseEmailAddress(email);
  return "typed" in address ? address.typed : undefined;
}
