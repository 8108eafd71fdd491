import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from "node:http";
import { log } from "@/lib/platform/log";
import { metrics, secondsSince } from "@/lib/platform/metrics";
import type { RequestContext } from "@/lib/platform/request-context";
import { methods } from "./method";
import type { RouteOf } from "./route-pattern";

/** What machines ask every few seconds. */
const monitored = ["/healthz", "/readyz", "/metrics"];
/** A longer path is nobody's but an attacker's. */
const longestPath = 200;

/** Counts the request and writes its line in the log, once its answer has gone or whoever asked has. */
export function observeRequest(
  request: IncomingMessage,
  response: ServerResponse,
  context: RequestContext,
  routeOf: RouteOf,
): void {
  const from = performance.now();
  const { method = "" } = request;
  // The rest of the address may hold a secret, such as that of a link, or somebody's address (ASVS 16.2.5).
  const [path = ""] = (request.url ?? "").split(/[?#]/);
  response.once("close", () => {
    const duration = secondsSince(from);
    // Before that, it is what it would have been.
    const status = response.headersSent ? response.statusCode : null;
    const route = routeOf(path);
    metrics.requests.observe(
      { method: methodLabel(method), route, status: statusLabel(status) },
      duration,
    );
    if (route === "/_next") return;
    const { requestId, traceId, userId } = context;
    log()[monitored.includes(path) ? "debug" : "info"](
      {
        requestId,
        ...(traceId && { traceId }),
        ...(userId && { userId }),
        method,
        path: path.slice(0, longestPath),
        status,
        durationMs: Math.round(duration * 1e6) / 1e3,
        ...(!response.writableFinished && { isBrokenOff: true }),
      },
      "request",
    );
  });
}

function methodLabel(method: string): string {
  return methods.some((known) => known === method) ? method : "other";
}

function statusLabel(status: number | null): string {
  return status === null ? "none" : `${Math.floor(status / 100)}xx`;
}

/** Of the trace that a proxy has begun (W3C Trace Context 3.2); undefined when there is none, or it is malformed. */
export function traceIdOf({ traceparent }: IncomingHttpHeaders): string | undefined {
  const [, traceId] =
    /^(?!ff)[\da-f]{2}-(?!0{32})([\da-f]{32})-[\da-f]{16}-[\da-f]{2}(-|$)/.exec(
      String(traceparent ?? ""),
    ) ?? [];
  return traceId;
}
