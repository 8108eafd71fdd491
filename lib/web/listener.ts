import { randomBytes, randomUUID } from "node:crypto";
import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import type { Environment } from "@/lib/platform/environment";
import { type RequestContext, runWithRequestContext } from "@/lib/platform/request-context";
import { requestedPathHeader, securityHeaders } from "@/lib/platform/security-headers";
import { renderFaultPage } from "./fault-page";
import { bodyLimit } from "./input";

type RequestHandler = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

/**
 * What stands around Next's handler: it refuses what no page should see, gives each request an id, a nonce and the
 * security headers, and answers a fault with a page that needs no script.
 */
export function answerWith(handle: RequestHandler, site: Environment): RequestListener {
  return (request, response) => {
    const context: RequestContext = {
      requestId: randomUUID(),
      socketAddress: request.socket.remoteAddress ?? "",
    };
    const nonce = randomBytes(16).toString("base64");
    const headers = securityHeaders({ ...site, nonce });
    beforeHead(response, () => {
      if (context.databaseFault && response.statusCode === 500) response.statusCode = 503;
      // An answer that says otherwise, keeps what it says.
      for (const [name, value] of Object.entries({ ...headers, "x-request-id": context.requestId }))
        if (!response.hasHeader(name)) response.setHeader(name, value);
      return isFaultPage(response)
        ? faultPage(response, request.url ?? "/", context.requestId, site.siteName)
        : undefined;
    });
    const refusal = refusalOf(request);
    if (refusal) return refuse(response, ...refusal);
    dropInternalHeaders(request);
    // Next takes the nonce for its scripts from here.
    request.headers["content-security-policy"] = headers["content-security-policy"];
    request.headers[requestedPathHeader] = request.url;
    runWithRequestContext(context, () => void handle(request, response));
  };
}

/**
 * Runs `act` once, when the status and the headers are about to be sent and nothing of the body has been.
 * When it returns a text, that is the body, and whatever else comes is dropped.
 */
function beforeHead(response: ServerResponse, act: () => string | undefined): void {
  const { writeHead, write, end } = response;
  let isPending = true;
  let body: string | undefined;
  response.writeHead = (status: number, ...rest: unknown[]) => {
    const headers = rest.at(-1);
    if (typeof headers === "object" && headers !== null)
      for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
    response.statusCode = status;
    if (isPending) body = act();
    isPending = false;
    return writeHead.call(response, response.statusCode);
  };
  // By themselves these send the head in the middle of their work, when it is too late for another body.
  const sendHead = () => {
    if (isPending) response.writeHead(response.statusCode);
  };
  response.write = (...given: unknown[]) => {
    sendHead();
    return body === undefined ? Reflect.apply(write, response, given) : true;
  };
  response.end = (...given: unknown[]) => {
    sendHead();
    return Reflect.apply(end, response, body === undefined ? given : [body]);
  };
}

function isFaultPage(response: ServerResponse): boolean {
  return (
    response.statusCode >= 500 && /^text\/html/.test(String(response.getHeader("content-type")))
  );
}

function faultPage(
  response: ServerResponse,
  path: string,
  requestId: string,
  siteName: string,
): string {
  const status = response.statusCode === 503 ? 503 : 500;
  const page = renderFaultPage({ status, siteName, requestId, path });
  response.removeHeader("content-encoding");
  response.setHeader("content-length", Buffer.byteLength(page));
  response.setHeader("cache-control", "no-store");
  if (status === 503) response.setHeader("retry-after", "5");
  return page;
}

function refusalOf(
  request: IncomingMessage,
): [status: number, title: string, detail: string] | null {
  const { method = "", url = "", headers } = request;
  if (!/^(GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS)$/.test(method))
    return [405, "Method Not Allowed", `${method} is not possible here.`];
  if (!url.startsWith("/")) return [400, "Bad Request", "The address must be a path."];
  if (Number(headers["content-length"] ?? 0) > bodyLimit)
    return [413, "Payload Too Large", `The body is larger than ${bodyLimit / 1024} KB.`];
  return null;
}

function refuse(response: ServerResponse, status: number, title: string, detail: string): void {
  const body = JSON.stringify({ type: "about:blank", title, status, detail });
  response.writeHead(status, {
    "content-type": "application/problem+json",
    "cache-control": "no-store",
    connection: "close",
  });
  response.end(body);
}

/** What only a server may say, a client must not (ASVS 15.3.4). */
function dropInternalHeaders(request: IncomingMessage): void {
  for (const name of Object.keys(request.headers))
    if (
      /^(x-middleware-|x-latchkey-|x-nextjs-(?!data$|prefetch$)|x-invoke-|x-forwarded-(?!for$))/.test(
        name,
      )
    )
      delete request.headers[name];
}
