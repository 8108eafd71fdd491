import { headers } from "next/headers";
import { getTranslations } from "next-intl/server";
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

/** A finding in words; one that needs no mending says no more than what it is. */
export async function describeFinding({ check, status, name, values }: Finding) {
  const t = await getTranslations("doctor");
  const part = (key: "why" | "fix") => {
    const words = `finding.${name}.${key}` as Parameters<typeof t>[0];
    return t.has(words) ? t(words, values) : null;
  };
  return {
    check,
    status,
    state: t(`status.${status}`),
    what: t(`finding.${name}.what`, values),
    why: part("why"),
    fix: part("fix"),
  };
}
