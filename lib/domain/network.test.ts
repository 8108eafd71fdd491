import { expect, test } from "vitest";
import { networkOf } from "./network";

test.each([
  ["203.0.113.7", "203.0.113.7"],
  ["::ffff:203.0.113.7", "203.0.113.7"],
  ["::FFFF:cb00:7107", "203.0.113.7"],
  ["2001:db8::1", "2001:db8::/64"],
  ["2001:db8:0:0:ffff:ffff:ffff:ffff", "2001:db8::/64"],
  ["2001:DB8:0:1::1", "2001:db8:0:1::/64"],
  ["::1", "::/64"],
  // As a socket names a neighbour on the same cable.
  ["fe80::1%eth0", "fe80::/64"],
])("%s is in the network %s", (address, network) => {
  expect(networkOf(address)).toBe(network);
});

test.each(["", "unknown", "203.0.113", "example.org"])(
  "what is no address is a network of its own: %j",
  (address) => expect(() => networkOf(address)).not.toThrow(),
);
