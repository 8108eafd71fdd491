import { headers } from "next/headers";
import { examine } from "@/lib/domain/doctor/doctor";
import type { Finding } from "@/lib/domain/doctor/finding";
import type { Arrival } from "@/lib/domain/doctor/proxy";
import { requestContext } from "@/lib/platform/request-context";
import { clientAddress } from "./client-address";

/** What the running process finds, by this very request. */
export async function examineByRequest(dkimSelector: string | undefined): Promise<Finding[]> {
  return await examine({ source: process.env, arrival: await readArrival(), dkimSelector });
}

async function readArrival(): Promise<Arrival> {
  const given = await headers();
  const context = requestContext();
  const said = (name: "for" | "proto" | "host") =>
    partsOf(context ? context.forwarded?.[name] : given.get(`x-forwarded-${name}`));
  return {
    host: given.get("host") ?? "",
    // Several proxies write one after the other: the first is what the visitor asked for.
    forwardedScheme: said("proto")[0] ?? null,
    forwardedHost: said("host")[0] ?? null,
    forwardedFor: said("for"),
    clientAddress: clientAddress(given),
  };
}

function partsOf(header: string | null | undefined): string[] {
  const parts = (header ?? "").split(",").map((part) => part.trim());
  return parts.filter(Boolean);
}
