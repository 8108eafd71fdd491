import type { Metadata } from "next";
import { getTranslations } from "next-intl/server";
import { TokenAct, TokenEnd } from "@/components/token-act";
import { TypedAddress } from "@/components/typed-address";
import { Address } from "@/components/ui/address";
import { peekUndo } from "@/lib/domain/address-change";
import { readQuery, type SearchParams } from "@/lib/web/query";

export async function generateMetadata(): Promise<Metadata> {
  return { title: (await getTranslations("undoAddress"))("title"), robots: { index: false } };
}

/** What the link opens that undoes a change of address. Looks only; its button acts. */
export default async function UndoAddressPage({ searchParams }: { searchParams: SearchParams }) {
  const { token = "", done, problem } = await readQuery(searchParams);
  const change = await peekUndo(token);
  const t = await getTranslations("undoAddress");
  const isDone = done !== undefined;
  if (!change)
    return (
      <TokenEnd
        isDone={isDone}
        title={t(isDone ? "doneTitle" : "deadTitle")}
        text={t(isDone ? "done" : "dead")}
        token={token}
        next="/sign-in"
        nextText={t("signIn")}
      />
    );
  return (
    <TokenAct
      title={t("title")}
      action="/auth/undo-address"
      token={token}
      field={
        <TypedAddress
          label={t("label", { email: change.formerEmailTyped })}
          problem={problem === "address" ? t("problem") : undefined}
        />
      }
      submit={t("submit")}
    >
      {t.rich("lead", {
        address: () => (
          <Address className="font-semibold text-ink">{change.formerEmailTyped}</Address>
        ),
      })}
    </TokenAct>
  );
}
