/**
 * What every page does in the browser, before anything else of it runs. As components it would cost each page more than all
 * else that is asked of it.
 */

/** Tells the site in which zone this browser tells the time, for its pages and mails. */
function tellTimeZone(): void {
  const { timeZone } = Intl.DateTimeFormat().resolvedOptions();
  const cookie = `time_zone=${timeZone}`;
  if (!timeZone || document.cookie.split("; ").includes(cookie)) return;
  const secure = location.protocol === "https:" ? "; secure" : "";
  // biome-ignore lint/suspicious/noDocumentCookie: the Cookie Store API is not in every browser yet.
  document.cookie = `${cookie}; path=/; max-age=31536000; samesite=lax${secure}`;
}

/**
 * For pages of somebody signed in, which the layout marks: browsers keep a whole page for the Back button, and would show it
 * after a sign-out, in this window or elsewhere. It is hidden as it goes, and asked for anew when it comes back.
 */
function reloadWhenBack(): void {
  const isPrivate = () => document.body.hasAttribute("data-signed-in");
  addEventListener("pagehide", () => {
    if (isPrivate()) document.documentElement.style.visibility = "hidden";
  });
  addEventListener("pageshow", ({ persisted }) => {
    if (persisted && isPrivate()) location.reload();
    else document.documentElement.style.visibility = "";
  });
}

tellTimeZone();
reloadWhenBack();
