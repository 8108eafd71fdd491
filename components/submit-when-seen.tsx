"use client";

import { useEffect } from "react";

/** Sends a form once its page is really in front of a person: not while it is prerendered or in a background tab. */
export function SubmitWhenSeen({ form }: { form: string }) {
  useEffect(() => {
    const submitIfSeen = () => {
      if (document.visibilityState !== "visible" || isPrerendering()) return;
      stop();
      const element = document.getElementById(form);
      if (element instanceof HTMLFormElement) element.requestSubmit();
    };
    const stop = () => {
      document.removeEventListener("visibilitychange", submitIfSeen);
      document.removeEventListener("prerenderingchange", submitIfSeen);
    };
    document.addEventListener("visibilitychange", submitIfSeen);
    document.addEventListener("prerenderingchange", submitIfSeen);
    submitIfSeen();
    return stop;
  }, [form]);
  return null;
}

function isPrerendering(): boolean {
  return "prerendering" in document && document.prerendering === true;
}
