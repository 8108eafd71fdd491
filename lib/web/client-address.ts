import { isIP } from "node:net";
import { environment } from "@/lib/platform/environment";
import { requestContext } from "@/lib/platform/request-context";

/**
 * The network address of the visitor. `X-Forwarded-For` is believed only as far as `TRUSTED_PROXIES` proxies of the
 * owner's have written it: counted back from the connection, since visitors can write whatever they like before that
 * (ASVS 4.1.3).
 */
export function clientAddress(headers: Headers): string {
  const forwarded = (headers.get("x-forwarded-for") ?? "").split(",").map((part) => part.trim());
  const socketAddress = requestContext()?.socketAddress;
  const hops = [...forwarded.filter(Boolean), ...(socketAddress ? [socketAddress] : [])].reverse();
  const address = hops[Math.min(environment().trustedProxies, hops.length - 1)] ?? "";
  const unmapped = address.replace(/^::ffff:(?=\d+\.)/i, "");
  return isIP(unmapped) ? unmapped : "unknown";
}
