"use client";

import { useEffect } from "react";

/**
 * Takes the secret of a link out of the address bar, where it could be photographed, copied or synchronised (ASVS
 * 14.2.1), and remembers it for this tab: a page that is asked for anew without it goes back to where it was.
 * @param isKnown whether the page knows the token: one that does not is shown for an address without it, too
 */
export function StripToken({ token, isKnown }: { token: string; isKnown: boolean }) {
  useEffect(() => {
    const { pathname } = location;
    const key = `latchkey-token ${pathname}`;
    try {
      const kept = sessionStorage.getItem(key);
      if (!token && kept) location.replace(`${pathname}?${new URLSearchParams({ token: kept })}`);
      else if (isKnown) sessionStorage.setItem(key, token);
      else sessionStorage.removeItem(key);
      if (token) history.replaceState(history.state, "", pathname);
    } catch {
      // A browser that keeps nothing for the site: without its address, the page could not be asked for anew.
    }
  }, [token, isKnown]);
  return null;
}
