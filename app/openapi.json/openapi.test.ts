import { readdirSync } from "node:fs";
import { dirname } from "node:path";
import { Validator } from "@seriousme/openapi-schema-validator";
import { expect, test } from "vitest";
import type { Route } from "@/lib/web/openapi";
import { GET } from "./route";

process.env.AUTH_SECRET = "a secret of at least 32 characters";
process.env.SITE_URL = "https://example.org";
process.env.SITE_NAME = "Example";
process.env.SMTP_URL = "smtp://mail.example.org";
process.env.LOG_LEVEL = "silent";

const app = new URL("..", import.meta.url);
const response = await GET(new Request("https://example.org/openapi.json"));
const document: Document = await response.json();

type Document = { paths: Record<string, Record<string, { operationId: string }>> };

test("the document is one of OpenAPI 3.1", async () => {
  const validator = new Validator();
  expect(await validator.validate(document)).toEqual({ valid: true });
  expect(validator.version).toBe("3.1");
  const operations = Object.values(document.paths).flatMap((path) => Object.values(path));
  const ids = operations.map(({ operationId }) => operationId);
  expect(new Set(ids).size).toBe(ids.length);
});

test("it names every handler with its methods, and none that is not there", async () => {
  const described = Object.entries(document.paths).map(([path, operations]) => [
    path,
    Object.keys(operations).map((method) => method.toUpperCase()),
  ]);
  expect(Object.fromEntries(described)).toEqual(await listMethods());
});

test("it is for this site, as it is set up", () => {
  expect(document).toMatchObject({
    info: { title: "Example" },
    servers: [{ url: "https://example.org" }],
    components: { securitySchemes: { session: { in: "cookie", name: "__Host-session_id" } } },
  });
});

/** The methods of each handler, by what its file answers to another one. */
async function listMethods(): Promise<Record<string, string[]>> {
  const files = readdirSync(app, { recursive: true, encoding: "utf8" }).filter((file) =>
    /(^|\/)route\.tsx?$/.test(file),
  );
  const methods = files.map(async (file) => {
    const route: Route = await import(new URL(file, app).href);
    const { headers } = await route.OPTIONS(new Request("https://example.org"));
    const allowed = headers.get("allow")?.split(", ") ?? [];
    return [`/${dirname(file)}`, allowed.filter((method) => method !== "HEAD")] as const;
  });
  return Object.fromEntries(await Promise.all(methods));
}
