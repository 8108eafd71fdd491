import type { Metadata } from "next";
import { getTranslations } from "next-intl/server";
import { Address } from "@/components/ui/address";
import { Doorway } from "@/components/ui/doorway";
import { requireUser } from "@/lib/latchkey";

export async function generateMetadata(): Promise<Metadata> {
  return { title: (await getTranslations("private"))("title") };
}

export default async function PrivatePage() {
  const user = await requireUser();
  const t = await getTranslations("private");
  return (
    <Doorway door="open" title={t("title")}>
      <p className="text-lg text-muted">
        {t.rich("lead", {
          address: () => <Address className="font-semibold text-ink">{user.email}</Address>,
        })}
      </p>
      <p className="border-line border-t pt-5 text-muted">
        {t.rich("body", {
          file: (name) => (
            <code dir="ltr" className="wrap-anywhere font-mono text-ink text-sm">
              {name}
            </code>
          ),
        })}
      </p>
    </Doorway>
  );
}
