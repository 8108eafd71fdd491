import { headers } from "next/headers";
import { peekMailLimit } from "@/lib/domain/limits";
import { clientAddress } from "./client-address";

/** When this browser can ask for another mail to the same address; null when it can now. */
export async function readNextMailTime(request: { email: string; browserHash: string }) {
  const networkAddress = clientAddress(await headers());
  return (await peekMailLimit({ ...request, networkAddress }))?.retryAt ?? null;
}
