import { isIP } from "node:net";
import ipaddr from "ipaddr.js";
import { environment } from "@/lib/platform/environment";
import { requestContext } from "@/lib/platform/request-context";

/**
 * The network address of the visitor, in its canonical form, or "unknown". `X-Forwarded-For` is believed only as far
 * as `TRUSTED_PROXIES` proxies of the owner's have written it: counted back from the connection, since visitors can
 * write whatever they like before that (ASVS 4.1.3).
 */
export function clientAddress(headers: Headers): string {
  const forwarded = (headers.get("x-forwarded-for") ?? "").split(",").map((part) => part.trim());
  const hops = [...forwarded.filter(Boolean), requestContext()?.socketAddress ?? ""].reverse();
  const address = hops[Math.min(environment().trustedProxies, hops.length - 1)] ?? "";
  // `process` makes IPv4 of an IPv4 address that is mapped into IPv6.
  return isIP(address) ? ipaddr.process(address).toString().replace(/%.*$/, "") : "unknown";
}
