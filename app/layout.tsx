import type { Metadata, Viewport } from "next";
import { getLocale, getTranslations } from "next-intl/server";
import type { ReactNode } from "react";
import { SiteFooter } from "@/components/site-footer";
import { SiteHeader } from "@/components/site-header";
import { currentUser } from "@/lib/latchkey";
import { requestedPath } from "@/lib/web/requested-path";
import { site } from "@/lib/web/site";
import "./globals.css";

export async function generateMetadata(): Promise<Metadata> {
  const t = await getTranslations("site");
  const { name, url } = site();
  return {
    title: { default: name, template: `%s · ${name}` },
    description: t("description"),
    metadataBase: url,
  };
}

export const viewport: Viewport = { colorScheme: "light dark" };

export default async function RootLayout({ children }: { children: ReactNode }) {
  const t = await getTranslations("site");
  const user = await currentUser();
  const [path = "/"] = (await requestedPath()).split("?");
  return (
    <html lang={await getLocale()} dir="ltr">
      <body className="flex min-h-dvh flex-col bg-page text-ink antialiased">
        <a href="#content" className="sr-only focus:not-sr-only">
          {t("skipToContent")}
        </a>
        <SiteHeader siteName={site().name} userName={user?.displayName ?? null} path={path} />
        <main
          id="content"
          tabIndex={-1}
          className="mx-auto w-full max-w-5xl grow px-4 py-10 sm:py-16"
        >
          {children}
        </main>
        <SiteFooter hasMailbox={site().localMailbox} />
      </body>
    </html>
  );
}
