import { handlers } from "@/lib/web/handler";

/** The process is alive. */
export const { GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS } = handlers({
  GET: async () => Response.json({ status: "alive" }, { headers: { "cache-control": "no-store" } }),
});
