import type { Metadata } from "next";
import { getTranslations } from "next-intl/server";
import { TokenAct, TokenEnd } from "@/components/token-act";
import { TypedAddress } from "@/components/typed-address";
import { peekNotice } from "@/lib/domain/security-mail";
import { readQuery, type SearchParams } from "@/lib/web/query";

export async function generateMetadata(): Promise<Metadata> {
  return { title: (await getTranslations("notMe"))("title"), robots: { index: false } };
}

/** What "this wasn't me" of a security mail opens. Looks only; its button acts. */
export default async function NotMePage({ searchParams }: { searchParams: SearchParams }) {
  const { token = "", done, problem } = await readQuery(searchParams);
  const notice = await peekNotice(token);
  const t = await getTranslations("notMe");
  const isDone = done !== undefined;
  if (!notice || notice.usedAt)
    return (
      <TokenEnd
        isDone={isDone}
        title={t(isDone ? "doneTitle" : "deadTitle")}
        text={t(isDone ? "done" : "dead")}
        token={token}
        next="/account/sessions"
        nextText={t("signIn")}
      />
    );
  const { passkeyId, browserHash, user } = notice;
  return (
    <TokenAct
      title={t("title")}
      action="/auth/not-me"
      token={token}
      field={
        passkeyId && (
          <TypedAddress
            label={t("label", { email: user.emailTyped })}
            problem={problem === "address" ? t("problem") : undefined}
          />
        )
      }
      submit={t("submit")}
    >
      {t(passkeyId ? "leadPasskey" : browserHash ? "lead" : "leadAll")}
    </TokenAct>
  );
}
