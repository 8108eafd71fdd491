import type { Metadata } from "next";
import { getTranslations } from "next-intl/server";
import { requireUser } from "@/lib/latchkey";

export async function generateMetadata(): Promise<Metadata> {
  return { title: (await getTranslations("private"))("title") };
}

export default async function PrivatePage() {
  const user = await requireUser();
  const t = await getTranslations("private");
  return (
    <section className="max-w-2xl">
      <h1 className="font-display text-4xl">{t("title")}</h1>
      <p className="mt-4 text-lg text-muted">
        {t.rich("lead", {
          address: () => <strong className="break-all text-ink">{user.email}</strong>,
        })}
      </p>
      <p className="mt-4 text-muted">{t("body")}</p>
    </section>
  );
}
