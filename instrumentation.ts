import type { Instrumentation } from "next";

/** Before the first request: the environment must be whole and the database migrated; then mails are sent. */
export async function register(): Promise<void> {
  if (process.env.NEXT_RUNTIME !== "nodejs") return;
  const { prepareToServe } = await import("./lib/web/startup");
  await prepareToServe();
}

/** Every fault of a page, with the id of its request; what the visitor sees says nothing of the inside. */
export const onRequestError: Instrumentation.onRequestError = async (error, request) => {
  if (process.env.NEXT_RUNTIME !== "nodejs") return;
  const { reportPageFault } = await import("./lib/web/startup");
  reportPageFault(error, request.headers["x-request-id"]?.toString());
};
