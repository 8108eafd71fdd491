/** Set by `server.ts`, and by `proxy.ts` where that does not run: Next tells a page nothing of its own address. */
export const requestedPathHeader = "x-latchkey-path";
