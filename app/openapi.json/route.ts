import { z } from "zod";
import { handlers } from "@/lib/web/handler";
import { describeRoutes, type Route } from "@/lib/web/openapi";
import { loadRoutes } from "./routes";

const answer = z.looseObject({
  openapi: z.literal("3.1.0"),
  paths: z.record(z.string(), z.looseObject({})),
});

/** Of this process, in which nothing of it changes. */
let document: object | undefined;

const route: Route = handlers({
  operation: {
    id: "describe",
    summary: "This document",
    answers: { 200: { description: "OpenAPI 3.1.", body: answer } },
  },
  GET: async () => {
    document ??= describeRoutes({ ...(await loadRoutes()), "/openapi.json": route });
    return Response.json(document, {
      // It says nothing of anybody: tools on other sites may read it.
      headers: { "cache-control": "public, max-age=300", "access-control-allow-origin": "*" },
    });
  },
});

export const { GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS } = route;
