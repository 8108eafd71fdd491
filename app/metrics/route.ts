import { z } from "zod";
import { readSiteMetrics } from "@/lib/domain/site-metrics";
import { bearsToken } from "@/lib/web/bearer-token";
import { handlers } from "@/lib/web/handler";
import { Problem } from "@/lib/web/problem";

export const { GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS } = handlers({
  operation: {
    id: "readMetrics",
    summary: "What the site counts, for Prometheus; asks for `METRICS_TOKEN` as a bearer token",
    answers: {
      200: { description: "Prometheus's text format.", type: "text/plain", body: z.string() },
    },
    problems: [404],
  },
  GET: async (request) => {
    if (!bearsToken("metricsToken", request.headers.get("authorization")))
      throw new Problem(404, "There is nothing here.");
    return new Response(await readSiteMetrics(), {
      headers: {
        "content-type": "text/plain; version=0.0.4; charset=utf-8",
        "cache-control": "no-store",
      },
    });
  },
});
