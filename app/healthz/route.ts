import { z } from "zod";
import { answerWithJson } from "@/lib/web/answer";
import { handlers } from "@/lib/web/handler";

export const { GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS } = handlers({
  operation: {
    id: "isAlive",
    summary: "The process is alive",
    answers: { 200: { description: "Alive.", body: z.object({ status: z.literal("alive") }) } },
  },
  GET: async () => answerWithJson({ status: "alive" }),
});
