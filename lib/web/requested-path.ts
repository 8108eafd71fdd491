import { headers } from "next/headers";
import { requestedPathHeader } from "@/lib/platform/requested-path";

/** Path and query of the page that is being shown. A client that forges it misleads only itself. */
export async function requestedPath(): Promise<string> {
  return (await headers()).get(requestedPathHeader) ?? "/";
}
