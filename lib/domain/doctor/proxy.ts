import ipaddr from "ipaddr.js";
import { type Environment, isLoopback } from "@/lib/platform/environment";
import { type Finding, fault, notChecked, ok, warning } from "./finding";

const ownNetworks = ["loopback", "private", "uniqueLocal", "linkLocal", "carrierGradeNat"];

/** How a request came in, before anything was believed of what it says. */
export type Arrival = {
  host: string;
  /** What the proxies say: the scheme and the host that the visitor asked for, and whom it came by. */
  forwardedScheme: string | null;
  forwardedHost: string | null;
  forwardedFor: string[];
  /** Whom the site takes for the visitor. */
  clientAddress: string;
};

/** Whether what the proxies say of a request goes with the settings. */
export function examineProxy(site: Environment, arrival: Arrival | undefined): Finding[] {
  if (!arrival) return [examineSettings(site)];
  return [examineHops(site, arrival), ...examineAddress(site, arrival)];
}

function examineSettings({ https, trustedProxies }: Environment): Finding {
  return https && trustedProxies === 0
    ? warning("proxy.none-trusted")
    : notChecked("proxy.no-request", { trusted: trustedProxies });
}

function examineHops({ siteUrl, trustedProxies }: Environment, arrival: Arrival): Finding {
  const { forwardedFor, clientAddress } = arrival;
  const isPublic = !isLoopback(siteUrl.hostname);
  const hops = forwardedFor.length;
  const values = { trusted: trustedProxies, hops, address: clientAddress };
  // Who skips one of them writes the address that the site believes.
  if (trustedProxies > hops) return fault("proxy.too-many-trusted", values);
  const isInside = isPublic && isOwnNetwork(clientAddress);
  if (trustedProxies < hops)
    return isInside ? fault("proxy.too-few-trusted", values) : warning("proxy.more-hops", values);
  if (isInside && hops === 0) return fault("proxy.untold", values);
  if (isInside) return warning("proxy.inside", values);
  return hops === 0 ? ok("proxy.direct", values) : ok("proxy.counted", values);
}

/** Where no visitor comes from over the internet. */
function isOwnNetwork(address: string): boolean {
  return ipaddr.isValid(address) && ownNetworks.includes(ipaddr.process(address).range());
}

function examineAddress({ siteUrl }: Environment, arrival: Arrival): Finding[] {
  const { host, forwardedHost, forwardedScheme } = arrival;
  const scheme = siteUrl.protocol.slice(0, -1);
  // A proxy that hands on the right one lets pass whatever a visitor writes into the other.
  const isAskedFor = host === siteUrl.host || forwardedHost === siteUrl.host;
  return [
    !isAskedFor &&
      warning("proxy.other-host", { asked: forwardedHost ?? host, siteUrl: siteUrl.origin }),
    forwardedScheme !== null &&
      forwardedScheme !== scheme &&
      warning("proxy.other-scheme", { asked: forwardedScheme, siteUrl: siteUrl.origin }),
  ].filter((found) => found !== false);
}
