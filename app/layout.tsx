import type { Metadata, Viewport } from "next";
import { getLocale, getTranslations } from "next-intl/server";
import type { ReactNode } from "react";
import { SiteFooter } from "@/components/site-footer";
import { SiteHeader } from "@/components/site-header";
import { currentUser } from "@/lib/latchkey";
import { requestedPath } from "@/lib/web/requested-path";
import { site } from "@/lib/web/site";
import { fontVariables } from "./fonts";
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

export const viewport: Viewport = {
  colorScheme: "light dark",
  themeColor: [
    { media: "(prefers-color-scheme: light)", color: "#f4efe4" },
    { media: "(prefers-color-scheme: dark)", color: "#0e1512" },
  ],
};

export default async function RootLayout({ children }: { children: ReactNode }) {
  const t = await getTranslations("site");
  const user = await currentUser();
  const [path = "/"] = (await requestedPath()).split("?");
  return (
    <html lang={await getLocale()} dir="ltr" className={fontVariables}>
      <body
        className="flex min-h-dvh flex-col bg-page font-sans text-base text-ink antialiased"
        data-signed-in={user ? "" : undefined}
      >
        <a
          href="#content"
          className="fixed start-4 top-3 z-10 flex min-h-11 items-center rounded-md bg-accent px-4 font-semibold text-on-accent not-focus:sr-only"
        >
          {t("skipToContent")}
        </a>
        <SiteHeader
          siteName={site().name}
          userName={user?.displayName ?? null}
          isAdmin={user?.isAdmin ?? false}
          path={path}
        />
        <main
          id="content"
          tabIndex={-1}
          className="mx-auto flex w-full max-w-6xl grow flex-col px-5 pt-8 pb-20 sm:px-8 md:pt-14"
        >
          {children}
        </main>
        <SiteFooter hasMailbox={site().localMailbox} />
      </body>
    </html>
  );
}
