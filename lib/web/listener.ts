import { randomFillSync, randomUUID } from "node:crypto";
import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import type { Environment } from "@/lib/platform/environment";
import {
  type Forwarded,
  type RequestContext,
  runWithRequestContext,
} from "@/lib/platform/request-context";
import { requestedPathHeader } from "@/lib/platform/requested-path";
import { securityHeaders } from "@/lib/platform/security-headers";
import { bearsToken } from "./bearer-token";
import { beforeHead } from "./before-head";
import { bodyLimit, bodyTooLarge } from "./input";
import { observeRequest, traceIdOf } from "./observe-request";
import { type OwnRoutes, ownAnswerTo } from "./own-routes";
import { Problem } from "./problem";
import { renderFaultPage, renderForbiddenPage } from "./problem-page";
import { refusalOf } from "./refused-request";
import { routesOfBuild } from "./route-pattern";

type RequestHandler = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

/**
 * What stands around Next's handler: it refuses what no page should see, gives each request an id, a nonce and the
 * security headers, and answers a fault with a page that needs no script.
 */
export function answerWith(
  handle: RequestHandler,
  site: Environment,
  routeOf = routesOfBuild(),
  ownRoutes: OwnRoutes = {},
): RequestListener {
  return (request, response) => {
    const traceId = traceIdOf(request.headers);
    const context: RequestContext = {
      requestId: randomUUID(),
      ...(traceId && { traceId }),
      socketAddress: request.socket.remoteAddress ?? "",
      isForwarded: Object.keys(request.headers).some((name) =>
        /^(x-forwarded-|forwarded$|via$|x-real-ip$)/.test(name),
      ),
      forwarded: forwardedOf(request),
    };
    observeRequest(request, response, context, routeOf);
    const nonce = randomNonce();
    const headers = securityHeaders({ ...site, nonce });
    beforeHead(response, () => {
      if (context.databaseFault && response.statusCode === 500) response.statusCode = 503;
      if (context.pageStatus && response.statusCode === 200)
        response.statusCode = context.pageStatus;
      // What else the client sends is not read, and what it asks afterwards would be taken for it.
      if (!request.complete) response.shouldKeepAlive = false;
      // An answer that says otherwise, keeps what it says.
      for (const [name, value] of Object.entries({ ...headers, "x-request-id": context.requestId }))
        if (!response.hasHeader(name)) response.setHeader(name, value);
      for (const line of context.setCookies ?? []) addCookie(response, line);
      if (isPage(response) && response.statusCode === 403 && context.missingScope)
        return forbiddenPage(response, context.missingScope);
      return isFaultPage(response) ? faultPage(response, request.url ?? "/") : undefined;
    });
    const refusal = problemOf(request);
    if (refusal) return refuse(response, refusal);
    dropInternalHeaders(request);
    if (isHidden(request, site)) request.url = "/_not-found";
    const answer = ownAnswerTo(request, ownRoutes);
    if (answer) return runWithRequestContext(context, () => void answer(response));
    // Next takes the nonce for its scripts from here.
    request.headers["content-security-policy"] = headers["content-security-policy"];
    request.headers[requestedPathHeader] = request.url;
    runWithRequestContext(context, () => void handle(request, response));
  };
}

/** Random bytes that no nonce has used; asking the system for so few each time costs more than all else here. */
const randomPool = Buffer.alloc(16 * 256);
let usedOfPool = randomPool.length;

/** 128 random bits (ASVS 3.4.3). */
function randomNonce(): string {
  if (usedOfPool === randomPool.length) {
    randomFillSync(randomPool);
    usedOfPool = 0;
  }
  const from = usedOfPool;
  usedOfPool += 16;
  return randomPool.toString("base64", from, usedOfPool);
}

function forwardedOf({ headers }: IncomingMessage): Forwarded {
  const names = ["for", "proto", "host"] as const;
  return Object.fromEntries(names.map((name) => [name, headers[`x-forwarded-${name}`]]));
}

/** Whoever has no token gets the page that any path has which is not there. The handler asks for the token itself, too. */
function isHidden({ method, url = "", headers }: IncomingMessage, site: Environment): boolean {
  return (
    (method === "GET" || method === "HEAD") &&
    /^\/metrics($|\?)/.test(url) &&
    !bearsToken("metricsToken", headers.authorization, site)
  );
}

/** Signing out, or in again, goes before what a look at the session would set. */
function addCookie(response: ServerResponse, line: string): void {
  const [name = ""] = line.split("=");
  const set = [response.getHeader("set-cookie") ?? []].flat().map(String);
  if (!set.some((other) => other.startsWith(`${name}=`)))
    response.setHeader("set-cookie", [...set, line]);
}

function isPage(response: ServerResponse): boolean {
  return String(response.getHeader("content-type")).startsWith("text/html");
}

function isFaultPage(response: ServerResponse): boolean {
  return response.statusCode >= 500 && isPage(response);
}

function faultPage(response: ServerResponse, path: string): string {
  if (response.statusCode === 503) response.setHeader("retry-after", "5");
  return ownPage(response, renderFaultPage(response.statusCode, path));
}

/** Next draws its page of a 403 before it is known which scope is missing. */
function forbiddenPage(response: ServerResponse, scope: string): string {
  return ownPage(response, renderForbiddenPage(scope));
}

function ownPage(response: ServerResponse, page: string): string {
  response.removeHeader("content-encoding");
  response.setHeader("content-length", Buffer.byteLength(page));
  response.setHeader("cache-control", "no-store");
  return page;
}

function problemOf({ method = "", url = "", headers }: IncomingMessage): Problem | null {
  const refused = refusalOf(method, url);
  if (refused) {
    const { status, detail, allow } = refused;
    return new Problem(status, detail, allow === undefined ? {} : { headers: { allow } });
  }
  if (!url.startsWith("/")) return new Problem(400, "The address must be a path.");
  return Number(headers["content-length"] ?? 0) > bodyLimit ? bodyTooLarge() : null;
}

function refuse(response: ServerResponse, refusal: Problem): void {
  response.writeHead(refusal.status, {
    ...refusal.extra.headers,
    "content-type": "application/problem+json",
    "cache-control": "no-store",
    // What else the client sends is not read.
    connection: "close",
  });
  response.end(JSON.stringify(refusal));
}

/** What only a server may say, a client must not (ASVS 15.3.4). */
function dropInternalHeaders(request: IncomingMessage): void {
  // What a site that is made with Next says to itself, and a proxy passes on; ours says it in the address, too.
  if (!/[?&]_rsc=/.test(request.url ?? ""))
    for (const name of Object.keys(request.headers))
      if (/^(rsc$|next-(router-|url$))/.test(name)) delete request.headers[name];
  for (const name of Object.keys(request.headers))
    if (
      /^(x-middleware-|x-latchkey-|x-nextjs-(?!data$|prefetch$)|x-invoke-|x-forwarded-(?!for$))/.test(
        name,
      )
    )
      delete request.headers[name];
}
