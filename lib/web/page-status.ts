import { requestContext } from "@/lib/platform/request-context";

/** The status of a page whose address asks for what cannot be had. Where no server of ours stands in front, it stays 200. */
export function setPageStatus(status: 422): void {
  const context = requestContext();
  if (context) context.pageStatus = status;
}
