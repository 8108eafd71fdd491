import type { Metadata } from "next";
import { redirect } from "next/navigation";
import { getTranslations } from "next-intl/server";
import { AdminFrame } from "@/components/admin-frame";
import { MailboxMail } from "@/components/mailbox-mail";
import { Button, ButtonLink } from "@/components/ui/button";
import { Notice } from "@/components/ui/notice";
import { AdministrationRefused, findUser } from "@/lib/domain/administration";
import { renderMessage } from "@/lib/domain/mail-worker";
import { requireAudience } from "@/lib/domain/mailings";
import { checkDraft, type DraftFields, findDraft } from "@/lib/domain/message-drafts";
import { requireScope } from "@/lib/latchkey";
import { describeRefusal } from "@/lib/web/administration-problem";
import { readQuery, type SearchParams } from "@/lib/web/query";

export async function generateMetadata(): Promise<Metadata> {
  return { title: (await getTranslations("admin.message.preview"))("title") };
}

/** A message as it will be read, and by how many. */
export default async function PreviewPage({ searchParams }: { searchParams: SearchParams }) {
  const user = await requireScope("admin");
  const { draft: id = "", refused } = await readQuery(searchParams);
  const form = `/admin/mail/new?draft=${encodeURIComponent(id)}`;
  const draft = await findDraft(user.id, id);
  const message = draft && checkDraft(draft);
  if (!message || Array.isArray(message)) redirect(form);
  const one = draft.to ? await findUser(draft.to) : null;
  const { count, reason = refused } = await countFor(draft);
  const perMinute = Number(draft.perMinute);
  const recipient = one?.email ?? user.email;
  const t = await getTranslations("admin.message.preview");
  const refusal = await describeRefusal(reason);
  return (
    <AdminFrame path="/admin/mail" title={t("title")}>
      {refusal && <Notice look="danger">{refusal}</Notice>}
      {!one && count !== 0 && (
        <p className="max-w-2xl text-lg">
          {count === null ? t("countless", { perMinute }) : t("count", { count, perMinute })}
        </p>
      )}
      <form action="/admin/mail/new/send" method="post" className="flex flex-wrap gap-3">
        <input type="hidden" name="draft" value={id} />
        {count !== 0 && <Button>{count === null ? t("sendToAll") : t("send", { count })}</Button>}
        <ButtonLink look="quiet" href={form}>
          {t("edit")}
        </ButtonLink>
      </form>
      <MailboxMail
        recipient={recipient}
        sentAt={null}
        isOpen
        {...(await renderMessage(message, recipient))}
      />
    </AdminFrame>
  );
}

/** How many would get it; none, and why, when it would not be sent. */
async function countFor(draft: DraftFields): Promise<{ count: number | null; reason?: string }> {
  if (draft.to) return { count: 1 };
  try {
    return { count: await requireAudience(draft, Number(draft.perMinute)) };
  } catch (error) {
    if (error instanceof AdministrationRefused) return { count: 0, reason: error.reason };
    throw error;
  }
}
