import { pino } from "pino";
import { environment } from "./environment";
import { requestContext } from "./request-context";

let logger: pino.Logger | undefined;

/** Structured lines on standard output, each with the id of the request that it belongs to. Never give it a secret. */
export function log(): pino.Logger {
  logger ??= pino({
    level: environment().logLevel,
    base: { service: "latchkey" },
    timestamp: pino.stdTimeFunctions.isoTime,
    mixin: () => {
      const { requestId, traceId } = requestContext() ?? {};
      return { ...(requestId && { requestId }), ...(traceId && { traceId }) };
    },
  });
  return logger;
}
