"use client";

import { useEffect } from "react";

/** Tells the site in which zone this browser tells the time, for its pages and mails. */
export function TellTimeZone() {
  useEffect(() => {
    const { timeZone } = Intl.DateTimeFormat().resolvedOptions();
    const cookie = `time_zone=${timeZone}`;
    if (!timeZone || document.cookie.split("; ").includes(cookie)) return;
    const secure = location.protocol === "https:" ? "; secure" : "";
    // biome-ignore lint/suspicious/noDocumentCookie: the Cookie Store API is not in every browser yet.
    document.cookie = `${cookie}; path=/; max-age=31536000; samesite=lax${secure}`;
  }, []);
  return null;
}
