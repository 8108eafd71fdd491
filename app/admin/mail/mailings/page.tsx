import type { Metadata } from "next";
import { getTranslations } from "next-intl/server";
import { AdminFrame } from "@/components/admin-frame";
import { Pager } from "@/components/pager";
import { ButtonLink } from "@/components/ui/button";
import { listMailings } from "@/lib/domain/mailings";
import { requireScope } from "@/lib/latchkey";
import { readQuery, type SearchParams } from "@/lib/web/query";

const path = "/admin/mail/mailings";
const pageSize = 50;

export async function generateMetadata(): Promise<Metadata> {
  return { title: (await getTranslations("admin.message"))("mailings") };
}

export default async function MailingsPage({ searchParams }: { searchParams: SearchParams }) {
  await requireScope("admin");
  const { before } = await readQuery(searchParams);
  const mailings = await listMailings(before, pageSize);
  const t = await getTranslations("admin.message");
  return (
    <AdminFrame path="/admin/mail" title={t("mailings")}>
      <p>
        <ButtonLink href="/admin/mail/new">{t("list.new")}</ButtonLink>
      </p>
      {mailings.length === 0 && <p>{t("list.empty")}</p>}
      <ol className="grid">
        {mailings.map(({ id, subject, createdAt, perMinute }) => (
          <li key={id} className="border-line border-t py-3">
            <a
              href={`${path}/${id}`}
              className="link wrap-anywhere inline-flex min-h-11 items-center font-semibold"
            >
              <bdi>{subject}</bdi>
            </a>
            <p className="text-muted text-sm">
              {t("mailing.begun", { time: createdAt, perMinute })}
            </p>
          </li>
        ))}
      </ol>
      <Pager
        newest={before ? path : null}
        older={mailings.length === pageSize ? `${path}?before=${mailings.at(-1)?.id}` : null}
      />
    </AdminFrame>
  );
}
