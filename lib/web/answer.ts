import { seconds } from "@/lib/platform/duration";
import { environment } from "@/lib/platform/environment";
import { wantsPage } from "./accept";
import { ownCookieHeader } from "./cookies";
import { unavailable } from "./problem";

/** For a program. Every answer may be about one person, so none is kept. */
export function answerWithJson(body: object, status = 200): Response {
  return Response.json(body, { status, headers: { "cache-control": "no-store" } });
}

/** It is done: a person goes on to a page, and a program hears no more about it. */
export function answerDone(request: Request, page: string): Response {
  return wantsPage(request.headers)
    ? seeOther(page)
    : new Response(null, { status: 204, headers: { "cache-control": "no-store" } });
}

/** Nobody is signed in here any more: what the browser keeps of private pages goes, the Back button's too (ASVS 14.3.1). */
export function forgetPages(response: Response): Response {
  response.headers.set("clear-site-data", '"cache", "storage"');
  return response;
}

/** After a form: go and look there. Relative, so that no header can lead it to another host. */
export function seeOther(location: string): Response {
  return new Response(null, { status: 303, headers: { location, "cache-control": "no-store" } });
}

/**
 * A page of this site with another status than 200: Next renders pages for GET alone, and always with 200, but a form
 * that is sent back with its faults named is a 422, and what is shown once is the answer to a form. So the site asks
 * itself for the page, as a visitor of whom it knows no more than what this browser has asked for.
 * @param cookie whom it is for, when it is for somebody who is signed in
 * @throws {Problem} 503 when the page cannot be had
 */
export async function answerWithPage(
  request: Request,
  path: string,
  status: number,
  extraHeaders: Record<string, string> = {},
  cookie?: string,
): Promise<Response> {
  const language = request.headers.get("accept-language");
  const { bypassSecret } = environment();
  const page = await fetch(new URL(path, ownOrigin()), {
    headers: {
      accept: "text/html",
      ...(language && { "accept-language": language }),
      ...(bypassSecret && { "x-vercel-protection-bypass": bypassSecret }),
      cookie: cookie ?? (await ownCookieHeader()),
    },
    redirect: "error",
    cache: "no-store",
    signal: AbortSignal.timeout(seconds(5)),
  }).catch(() => null);
  if (page?.status !== 200) throw unavailable();
  const headers = new Headers(extraHeaders);
  for (const name of ["content-type", "content-security-policy", "cache-control"])
    headers.set(name, page.headers.get(name) ?? "");
  return new Response(page.body, { status, headers });
}

/** Where this process answers: never taken from a header. */
function ownOrigin(): URL {
  const { siteUrl, port, isOnVercel } = environment();
  return isOnVercel ? siteUrl : new URL(`http://127.0.0.1:${port}`);
}
