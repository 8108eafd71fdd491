import Bowser from "bowser";

/** Browser and system in words, as far as the user agent says; null when it says nothing known. */
export function describeDevice(
  userAgent: string,
): { browser: string; system: string | null } | null {
  if (!userAgent) return null;
  const { browser, os } = Bowser.parse(userAgent);
  return browser.name ? { browser: browser.name, system: os.name ?? null } : null;
}
