"use client";

import { Fault } from "@/components/fault";
import "./globals.css";

/** A page that broke together with its frame. */
export default function GlobalErrorPage({ retry }: { retry: () => void }) {
  return (
    <html lang="en">
      <body className="grid min-h-dvh place-items-center bg-page p-6 text-ink">
        <main>
          <Fault retry={retry} />
        </main>
      </body>
    </html>
  );
}
