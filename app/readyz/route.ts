import { z } from "zod";
import { requireServingDatabase } from "@/lib/domain/readiness";
import { answerWithJson } from "@/lib/web/answer";
import { answeredInTime } from "@/lib/web/answered-in-time";
import { handlers } from "@/lib/web/handler";

export const { GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS } = handlers({
  operation: {
    id: "isReady",
    summary: "The site can serve: the database answers and has every migration",
    answers: { 200: { description: "Ready.", body: z.object({ status: z.literal("ready") }) } },
  },
  GET: async () => {
    // Whoever asks waits for a word, also when the database says none at all.
    await answeredInTime(requireServingDatabase());
    return answerWithJson({ status: "ready" });
  },
});
