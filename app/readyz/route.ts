import { requireMigratedDatabase } from "@/lib/domain/readiness";
import { answerWithJson } from "@/lib/web/answer";
import { handlers } from "@/lib/web/handler";

/** The site can serve: the database answers and has every migration. */
export const { GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS } = handlers({
  GET: async () => {
    await requireMigratedDatabase();
    return answerWithJson({ status: "ready" });
  },
});
