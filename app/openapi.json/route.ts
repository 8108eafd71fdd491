import { z } from "zod";
import { handlers } from "@/lib/web/handler";
import { describeRoutes, type Route } from "@/lib/web/openapi";
import { loadRoutes } from "./routes";

const answer = z.looseObject({
  openapi: z.literal("3.1.0"),
  paths: z.record(z.string(), z.looseObject({})),
});

const route: Route = handlers({
  operation: {
    id: "describe",
    summary: "This document",
    answers: { 200: { description: "OpenAPI 3.1.", body: answer } },
  },
  GET: async () =>
    Response.json(describeRoutes({ ...(await loadRoutes()), "/openapi.json": route }), {
      // It says nothing of anybody: tools on other sites may read it.
      headers: { "cache-control": "public, max-age=300", "access-control-allow-origin": "*" },
    }),
});

export const { GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS } = route;
