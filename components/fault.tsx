"use client";

import messages from "@/messages/error.json";
import { ButtonLink } from "./ui/button";
import { Doorway } from "./ui/doorway";

/** What a visitor sees when a page breaks while the browser draws it. */
export function Fault() {
  const text = messages.en;
  return (
    <Doorway door="away" title={text.title}>
      <p className="text-lg text-muted">{text.fault}</p>
      <p>
        {/* An empty address is that of this page: it is asked for anew, as a whole. */}
        <ButtonLink href="">{text.again}</ButtonLink>
      </p>
    </Doorway>
  );
}
