import { answerWithJson } from "@/lib/web/answer";
import { handlers } from "@/lib/web/handler";

/** The process is alive. */
export const { GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS } = handlers({
  GET: async () => answerWithJson({ status: "alive" }),
});
