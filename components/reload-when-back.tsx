"use client";

import { useEffect } from "react";

/**
 * For pages of somebody signed in: browsers keep a whole page for the Back button, and would show it after a sign-out,
 * in this window or elsewhere. It is hidden as it goes, and asked for anew when it comes back.
 */
export function ReloadWhenBack() {
  useEffect(() => {
    const hide = () => {
      document.documentElement.style.visibility = "hidden";
    };
    const reload = (event: PageTransitionEvent) => {
      if (event.persisted) location.reload();
      else document.documentElement.style.visibility = "";
    };
    addEventListener("pagehide", hide);
    addEventListener("pageshow", reload);
    return () => {
      removeEventListener("pagehide", hide);
      removeEventListener("pageshow", reload);
    };
  }, []);
  return null;
}
