import { clientAddress } from "./client-address";

/** How a browser shows itself. The user agent is whatever the client says: shown to people, never trusted. */
export function describeVisitor(headers: Headers): { userAgent: string; networkAddress: string } {
  return {
    userAgent: (headers.get("user-agent") ?? "").slice(0, 300),
    networkAddress: clientAddress(headers),
  };
}
