import { z } from "zod";
import { recordAuditExport } from "@/lib/domain/audit-search";
import { adminAct } from "@/lib/web/admin-act";
import { answerWithAuditTrail, refuseAuditFilter } from "@/lib/web/audit-export";
import { auditFilter, readAuditFilter } from "@/lib/web/audit-filter";
import { handlers } from "@/lib/web/handler";
import { readTimeZone } from "@/lib/web/time-zone";

const page = "/admin/audit";

export const { GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS } = handlers({
  operation: {
    id: "exportAuditTrail",
    summary: "The part of the audit trail that the fields ask for",
    input: auditFilter,
    answers: {
      200: {
        description: "A file, described in docs/audit.md.",
        body: z.string(),
        type: "text/csv",
        headers: { "Content-Disposition": "Its name." },
      },
    },
    problems: [422],
  },
  POST: adminAct(page, "admin", async (request, operator, input) => {
    const asked = await readAuditFilter(input, (await readTimeZone()) ?? "UTC");
    if (!asked.filter) return refuseAuditFilter(request, page, asked);
    await recordAuditExport(operator, asked.filter);
    return await answerWithAuditTrail(asked.filter);
  }),
});
