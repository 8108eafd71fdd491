import { AsyncLocalStorage } from "node:async_hooks";
import { processWide } from "./process-wide";

/** What only the HTTP server knows about a request, and what it must learn from the code that answers. */
export type RequestContext = {
  requestId: string;
  /** The other end of the connection: no header can change it. */
  socketAddress: string;
  /** Whether a proxy has passed it on. */
  isForwarded: boolean;
  /** Of the trace that it belongs to, when there is one. */
  traceId?: string;
  /** Who is signed in, as soon as somebody has looked. */
  userId?: string;
  /** What proxies said of it, or whoever made as if: to show, and not to believe. Next writes its own in their place. */
  forwarded?: Forwarded;
  /** Cookies that the answer sets, as header lines. An answer that sets the same cookie keeps its own. */
  setCookies?: string[];
  /** Set when the person lacks a scope that the page asks for: the answer names it. */
  missingScope?: string;
  /** The status of the page, where it is not 200: Next has no way to say it. */
  pageStatus?: number;
  /** Set when the database did not answer: the page is then a 503, not a 500. */
  databaseFault?: boolean;
};

/** `X-Forwarded-For`, `-Proto` and `-Host`, as they came. */
export type Forwarded = Partial<Record<"for" | "proto" | "host", string>>;

const storage = processWide("request-context", () => new AsyncLocalStorage<RequestContext>());

export function runWithRequestContext<Result>(context: RequestContext, run: () => Result): Result {
  return storage.run(context, run);
}

/** Undefined outside a request, and where no server of ours stands in front. */
export function requestContext(): RequestContext | undefined {
  return storage.getStore();
}
