import type { Client } from "@/lib/domain/client";
import { clientAddress } from "./client-address";
import { readTimeZone } from "./time-zone";

/** How whoever sends a request shows itself. */
export function describeClient(headers: Headers): Client {
  return {
    userAgent: (headers.get("user-agent") ?? "").slice(0, 300),
    networkAddress: clientAddress(headers),
  };
}

/** The same, with the time zone that its pages have told. */
export async function describeVisitor(headers: Headers) {
  return { ...describeClient(headers), timeZone: await readTimeZone() };
}
