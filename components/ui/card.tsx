import type { ReactNode } from "react";

/** The middle of a page that asks for one thing. */
export function Card({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section className="mx-auto w-full max-w-md rounded-2xl border border-line bg-card p-6 sm:p-9">
      <h1 className="font-display text-3xl">{title}</h1>
      <div className="mt-4 grid gap-6">{children}</div>
    </section>
  );
}
