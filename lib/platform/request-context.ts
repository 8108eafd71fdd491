import { AsyncLocalStorage } from "node:async_hooks";

/** What only the HTTP server knows about a request, and what it must learn from the code that answers. */
export type RequestContext = {
  requestId: string;
  /** The other end of the connection: no header can change it. */
  socketAddress: string;
  /** Whether a proxy has passed it on. */
  isForwarded: boolean;
  /** Set when the database did not answer: the page is then a 503, not a 500. */
  databaseFault?: boolean;
};

// The server and the pages are bundled apart from each other, so they meet at a name and not at a module.
const key = Symbol.for("latchkey.request-context");
const meetingPlace = globalThis as { [key]?: AsyncLocalStorage<RequestContext> };
meetingPlace[key] ??= new AsyncLocalStorage();
const storage = meetingPlace[key];

export function runWithRequestContext<Result>(context: RequestContext, run: () => Result): Result {
  return storage.run(context, run);
}

/** Undefined outside a request, and where no server of ours stands in front. */
export function requestContext(): RequestContext | undefined {
  return storage.getStore();
}
