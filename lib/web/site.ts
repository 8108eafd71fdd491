import { environment } from "@/lib/platform/environment";

/** What pages show of the configuration. */
export function site() {
  const { siteName, siteUrl, localMailbox, signUp } = environment();
  return { name: siteName, url: siteUrl, localMailbox, signUp };
}
