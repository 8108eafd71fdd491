"use client";

import { ButtonLink } from "@/components/ui/button";
import { errorTexts } from "@/messages/error";
import "./globals.css";

/**
 * A page that broke while the browser drew it. Every page brings this along, so it is small. Where the server draws, the
 * site's own answers with `renderFaultPage`.
 */
export default function GlobalErrorPage() {
  return (
    <html lang="en" dir="ltr">
      <body className="bg-page text-base text-ink">
        <main className="mx-auto grid max-w-xl gap-6 px-5 py-20">
          <h1 className="title">{errorTexts.title}</h1>
          <p>{errorTexts.fault}</p>
          <p>
            {/* An empty address is that of this page: it is asked for anew, as a whole. */}
            <ButtonLink href="">{errorTexts.again}</ButtonLink>
          </p>
        </main>
      </body>
    </html>
  );
}
