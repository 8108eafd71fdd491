import ipaddr from "ipaddr.js";

/**
 * The part of an address that one customer of a network provider has: all of IPv4, the first 64 bits of IPv6
 * (RFC 6177), where the rest is the customer's to choose at will.
 */
export function networkOf(address: string): string {
  if (!ipaddr.isValid(address)) return address;
  const parsed = ipaddr.process(address);
  if (parsed.kind() === "ipv4") return parsed.toString();
  return `${ipaddr.IPv6.networkAddressFromCIDR(`${parsed.toString()}/64`).toString()}/64`;
}
