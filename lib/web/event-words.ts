import { getTranslations } from "next-intl/server";
import { eventTypes, isByAdministrator, readDetails } from "@/lib/domain/audit";
import { describeDevice } from "@/lib/domain/device";
import type { AuditEvent } from "@/lib/platform/database/client/client";

/** What happened, in words for the person whose account it is. */
export async function describeEvent(event: AuditEvent): Promise<string> {
  const t = await getTranslations("account.activity.event");
  const details = readDetails(event);
  // A key of a choice in a text may hold no hyphen.
  const key = (name: string) => text(name).replaceAll("-", "_");
  const text = (name: string) => String(details[name] ?? "");
  const type = eventTypes.find((known) => known === event.type);
  switch (type) {
    case "authn_login_success":
      return details.stepUp ? t("step-up") : t(type, { way: key("way"), factor: key("factor") });
    case "authn_login_fail":
      return t(type, { reason: key("reason") });
    case "authn_token_revoked":
      return t(type, { reason: key("reason"), count: Number(details.count ?? 1) });
    case "user_updated":
      if (!details.field) return t("administered", { act: key("act") });
      if (details.field === "second-factor") return t("second-factor", { act: key("act") });
      if (details.field !== "email") return t("name");
      return t(details.undone ? "email-undone" : "email", { from: text("from"), to: text("to") });
    case "authz_fail":
      return t(type, { scope: text("scope") });
    case "privilege_permissions_changed":
      return t(type, { scope: text("scope"), act: key("act") });
    case "sensitive_read":
      return details.act === "audit-export" ? t("audit-export") : t(type);
    case "sensitive_update":
      return details.act === "not-me"
        ? t("not-me")
        : t("address-change-asked", { email: text("email") });
    case undefined:
      return t("other", { type: event.type });
    default:
      return t(type);
  }
}

/** With what, and from where; of an administrator, no more than that. */
export async function describeOrigin(event: AuditEvent): Promise<string> {
  const { userAgent, networkAddress } = event;
  const t = await getTranslations();
  if (event.actor === "system") return t("account.activity.bySite");
  if (isByAdministrator(event)) return t("account.activity.byAdministrator");
  return t("account.activity.from", { device: await nameDevice(userAgent), networkAddress });
}

async function nameDevice(userAgent: string): Promise<string> {
  const t = await getTranslations("device");
  const device = describeDevice(userAgent);
  return t("name", { browser: device?.browser ?? "none", system: device?.system ?? "none" });
}

/** What is told in the words of `describeEvent`, by its name in the details. */
const toldInWords = new Set(
  "act way factor stepUp reason count field from to undone email scope sessionId".split(" "),
);

/** The same for administrators: of the person, not to them, and with what the words leave out. */
export async function describeForAdministrators(
  event: AuditEvent,
): Promise<{ what: string; more: string[]; device: string }> {
  const t = await getTranslations();
  const { act, reason, stepUp, ...rest } = readDetails(event);
  const isExport = act === "audit-export";
  const more = Object.entries(rest).filter(([name]) => isExport || !toldInWords.has(name));
  return {
    what: stepUp ? t("admin.audit.stepUp") : await describeEvent(event),
    more: [
      // In the words of whoever did it; the reason of an event that is no act is a name, and told.
      ...(act && reason ? [t("admin.audit.reason", { reason: String(reason) })] : []),
      ...more.filter(([, value]) => value !== false).map(([name, value]) => `${name}: ${value}`),
    ],
    device: await nameDevice(event.userAgent),
  };
}
