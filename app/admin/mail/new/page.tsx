import type { Metadata } from "next";
import { notFound } from "next/navigation";
import { getTranslations } from "next-intl/server";
import { AdminFrame } from "@/components/admin-frame";
import { MessageForm } from "@/components/message-form";
import { Address } from "@/components/ui/address";
import { Notice } from "@/components/ui/notice";
import { findUser } from "@/lib/domain/administration";
import { emptyDraft, findDraft } from "@/lib/domain/message-drafts";
import { userFilters } from "@/lib/domain/user-search";
import { requireScope } from "@/lib/latchkey";
import { describeDraftProblems } from "@/lib/web/draft-problems";
import { readQuery, type SearchParams } from "@/lib/web/query";

export async function generateMetadata(): Promise<Metadata> {
  return { title: (await getTranslations("admin.message"))("title") };
}

/** Writes to one user (`to`), or to those whom `search` and `filter` find; `draft` goes on with what has been typed. */
export default async function NewMessagePage({ searchParams }: { searchParams: SearchParams }) {
  const user = await requireScope("admin");
  const query = await readQuery(searchParams);
  const { to = "", search = "" } = query;
  const filter = userFilters.find((known) => known === query.filter) ?? "all";
  const draft = query.draft ? await findDraft(user.id, query.draft) : null;
  const typed = draft ?? { ...emptyDraft, to, search, filter };
  const recipient = typed.to ? await findUser(typed.to) : null;
  if (typed.to && !recipient) notFound();
  const t = await getTranslations("admin.message");
  const address = () => <Address>{recipient?.emailTyped ?? ""}</Address>;
  return (
    <AdminFrame path="/admin/mail" title={t("title")}>
      {query.sent && recipient && <Notice look="done">{t.rich("sent", { address })}</Notice>}
      {query.draft && !draft && <Notice look="danger">{t("again")}</Notice>}
      <MessageForm
        typed={typed}
        recipient={recipient?.emailTyped ?? null}
        filters={userFilters}
        errors={draft ? await describeDraftProblems(draft) : {}}
      />
      <p>
        <a href="/admin/mail/mailings" className="link inline-flex min-h-11 items-center">
          {t("mailings")}
        </a>
      </p>
    </AdminFrame>
  );
}
