import { environment } from "@/lib/platform/environment";

/** True for a browser that shows what it gets to a person. */
export function wantsPage(headers: Headers): boolean {
  return /\btext\/html\b/i.test(headers.get("accept") ?? "");
}

/** True for a program that asks for JSON and says so. */
export function wantsJson(headers: Headers): boolean {
  return (
    !wantsPage(headers) && /\bapplication\/([\w.]+\+)?json\b/i.test(headers.get("accept") ?? "")
  );
}

/** After a form: go and look there. Relative, so that no header can lead it to another host. */
export function seeOther(location: string): Response {
  return new Response(null, { status: 303, headers: { location, "cache-control": "no-store" } });
}

/**
 * A page of this site with another status than 200: Next renders pages for GET alone, and always with 200, but a form
 * that is sent back with its faults named is a 422. So the site asks itself for the page.
 */
export async function answerWithPage(
  request: Request,
  path: string,
  status: number,
): Promise<Response> {
  const headers = new Headers({ accept: "text/html" });
  for (const name of ["cookie", "accept-language", "user-agent"]) {
    const value = request.headers.get(name);
    if (value) headers.set(name, value);
  }
  const page = await fetch(new URL(path, ownOrigin()), {
    headers,
    redirect: "error",
    cache: "no-store",
  });
  const kept = ["content-type", "content-security-policy", "cache-control"];
  return new Response(page.body, {
    status,
    headers: kept.flatMap((name) => {
      const value = page.headers.get(name);
      return value ? [[name, value] as [string, string]] : [];
    }),
  });
}

/** Where this process answers: never taken from a header. */
function ownOrigin(): URL {
  const { siteUrl, port } = environment();
  return process.env.VERCEL ? siteUrl : new URL(`http://127.0.0.1:${port}`);
}
