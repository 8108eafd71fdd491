import { z } from "zod";
import { requireMigratedDatabase } from "@/lib/domain/readiness";
import { seeOther } from "@/lib/web/answer";
import { handlers } from "@/lib/web/handler";
import { safeReturnTo } from "@/lib/web/return-to";

const query = z.object({ next: z.string().optional() });

/** Where pages leave for that find the database away, on Vercel. Loading it again leads back once the database answers. */
export const { GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS } = handlers({
  operation: {
    id: "waitForDatabase",
    summary: "Says that the database is away, and leads to `next` when it is not",
    query,
    answers: {
      303: { description: "It answers.", headers: { Location: "The page that was wanted." } },
    },
  },
  GET: async (request) => {
    await requireMigratedDatabase();
    return seeOther(safeReturnTo(new URL(request.url).searchParams.get("next")));
  },
});
