import { recordAuditExport } from "@/lib/domain/audit-search";
import { adminAct } from "@/lib/web/admin-act";
import { answerWithAuditTrail, refuseAuditFilter } from "@/lib/web/audit-export";
import { readAuditFilter } from "@/lib/web/audit-filter";
import { handlers } from "@/lib/web/handler";
import { readTimeZone } from "@/lib/web/time-zone";

const page = "/admin/audit";

/** The part of the audit trail that the fields ask for, as a CSV file. */
export const { GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS } = handlers({
  POST: adminAct(page, "admin", async (request, operator, input) => {
    const asked = await readAuditFilter(input, (await readTimeZone()) ?? "UTC");
    if (!asked.filter) return refuseAuditFilter(request, page, asked);
    await recordAuditExport(operator, asked.filter);
    return await answerWithAuditTrail(asked.filter);
  }),
});
