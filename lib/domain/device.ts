import Bowser from "bowser";

const browsers = new Set<string>(Object.values(Bowser.BROWSER_MAP));
const systems = new Set<string>(Object.values(Bowser.OS_MAP));

/**
 * Browser and system in words, as far as the user agent says; null when it says nothing known. Only known names are
 * repeated: a stranger would otherwise write a text of their choice into a mail of the site.
 */
export function describeDevice(
  userAgent: string,
): { browser: string; system: string | null } | null {
  if (!userAgent) return null;
  const { browser, os } = Bowser.parse(userAgent);
  if (!browser.name || !browsers.has(browser.name)) return null;
  return { browser: browser.name, system: os.name && systems.has(os.name) ? os.name : null };
}
