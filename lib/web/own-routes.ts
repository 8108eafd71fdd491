import type { IncomingMessage, ServerResponse } from "node:http";
import { log } from "@/lib/platform/log";

type Handler = (request: Request) => Promise<Response>;

/**
 * By path, the handlers that ask nothing of Next. What another site, or a proxy, asks with each request of its own need not go the
 * way of a page (docs/decisions/0026-what-a-page-costs.md); where no server of ours stands, Next answers with the same handlers.
 */
export type OwnRoutes = Record<string, Record<"GET" | "HEAD", Handler>>;

/** @returns what answers the request without Next, or null when that is for Next to do */
export function ownAnswerTo(request: IncomingMessage, routes: OwnRoutes) {
  const { method, url = "" } = request;
  const [path = ""] = url.split("?");
  if ((method !== "GET" && method !== "HEAD") || !Object.hasOwn(routes, path)) return null;
  const handler = routes[path]?.[method];
  if (!handler) return null;
  return (response: ServerResponse) =>
    answerBy(handler, request, response).catch((error: unknown) => {
      log().error({ err: error }, "a handler failed");
      response.destroy();
    });
}

async function answerBy(
  handler: Handler,
  { method = "GET", url = "", headers }: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const given = new Headers();
  for (const [name, value] of Object.entries(headers)) given.append(name, String(value));
  // No handler goes by the host, which the client says: only the path and the query are of the client.
  const request = new Request(`http://localhost${url}`, { method, headers: given });
  const answer = await handler(request);
  for (const [name, value] of answer.headers) response.setHeader(name, value);
  response.statusCode = answer.status;
  response.end(method === "HEAD" ? undefined : await answer.text());
}
