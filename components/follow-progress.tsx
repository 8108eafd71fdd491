"use client";

import { useRouter } from "next/navigation";
import { useEffect } from "react";

const everyMs = 1000;
const path = "/check-email";

/**
 * Goes on as soon as this browser is let in, and shows anew how far the mail is. Asks as long as somebody looks; what is
 * typed meanwhile stays.
 * @param shown the progress that the page shows, as JSON
 */
export function FollowProgress({ shown }: { shown: string }) {
  const router = useRouter();
  useEffect(() => {
    let isBusy = false;
    const look = async () => {
      if (document.visibilityState !== "visible" || isBusy) return;
      isBusy = true;
      // A fault, of the site or of the network, is no news: the next look is soon.
      const now = await askProgress().catch(() => null);
      isBusy = false;
      if (now === null || now === shown) return;
      // A form that came back with a fault has another address, which cannot be asked for anew.
      if (JSON.parse(now).signIn === "usable" && location.pathname === path)
        return router.refresh();
      // Going away twice would break off the first time, with the session that it brings.
      stop();
      location.replace(path);
    };
    const timer = setInterval(look, everyMs);
    const stop = () => {
      clearInterval(timer);
      document.removeEventListener("visibilitychange", look);
    };
    document.addEventListener("visibilitychange", look);
    return stop;
  }, [router, shown]);
  return null;
}

async function askProgress(): Promise<string | null> {
  const signal = AbortSignal.timeout(10 * everyMs);
  const answer = await fetch("/auth/progress", { cache: "no-store", signal });
  return answer.ok ? await answer.text() : null;
}
