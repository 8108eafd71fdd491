"use client";

import messages from "@/messages/error.json";
import { Button } from "./ui/button";

/** What a visitor sees when a page breaks while the browser draws it. */
export function Fault({ retry }: { retry: () => void }) {
  const text = messages.en;
  return (
    <section className="max-w-xl">
      <h1 className="font-display text-4xl">{text.title}</h1>
      <p className="mt-4 text-lg text-muted">{text.fault}</p>
      <Button className="mt-8" onClick={retry}>
        {text.again}
      </Button>
    </section>
  );
}
