"use client";

import { useEffect, useState } from "react";
import { Button } from "./ui/button";

type CopyAndPrint = { text: string; texts: { copy: string; copied: string; print: string } };

/** What scripts can do with a text; without them, browsers have menus for both. */
export function CopyAndPrint({ text, texts }: CopyAndPrint) {
  const [hasScripts, setHasScripts] = useState(false);
  const [isCopied, setIsCopied] = useState(false);
  useEffect(() => setHasScripts(true), []);
  if (!hasScripts) return null;
  // Browsers give the clipboard to safe pages only, and may refuse it all the same.
  const clipboard: Clipboard | undefined = navigator.clipboard;
  const copy = () =>
    clipboard?.writeText(text).then(
      () => setIsCopied(true),
      () => setIsCopied(false),
    );
  return (
    <>
      {clipboard && (
        <Button type="button" look="quiet" size="slim" onClick={copy}>
          {texts.copy}
        </Button>
      )}
      <Button type="button" look="quiet" size="slim" onClick={() => window.print()}>
        {texts.print}
      </Button>
      <span role="status" className="self-center text-muted text-sm">
        {isCopied ? texts.copied : ""}
      </span>
    </>
  );
}
