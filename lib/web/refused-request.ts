import { methods } from "./method";

/** Why a request gets as far as no page. */
export type RefusedRequest = { status: 400 | 405; title: string; detail: string; allow?: string };

/**
 * What neither `server.ts` nor, where that does not run, `proxy.ts` lets through. Needs nothing of Node.
 * @param url as the client has sent it, with or without the host
 */
export function refusalOf(method: string, url: string): RefusedRequest | null {
  if (!methods.some((known) => known === method))
    return {
      status: 405,
      title: "Method Not Allowed",
      detail: `${method} is not possible here.`,
      allow: methods.join(", "),
    };
  if (isDecodable(url)) return null;
  const detail = "The address has a % that stands for no sign.";
  return { status: 400, title: "Bad Request", detail };
}

/** Next answers a path that is not with a fault of ours, where a part of it is variable. */
function isDecodable(url: string): boolean {
  const [path = ""] = url.split("?");
  try {
    return decodeURIComponent(path).length > 0;
  } catch {
    return false;
  }
}
