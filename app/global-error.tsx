"use client";

import { Fault } from "@/components/fault";
import { fontVariables } from "./fonts";
import "./globals.css";

/** A page that broke together with its frame. */
export default function GlobalErrorPage() {
  return (
    <html lang="en" dir="ltr" className={fontVariables}>
      <body className="bg-page font-sans text-base text-ink antialiased">
        <main className="mx-auto w-full max-w-6xl px-5 py-20 sm:px-8 md:py-32">
          <Fault />
        </main>
      </body>
    </html>
  );
}
