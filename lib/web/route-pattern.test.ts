import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { routesOfBuild } from "./route-pattern";

test("a path is named by its route, and what has none by one word for all", () => {
  const folder = mkdtempSync(join(tmpdir(), "latchkey-routes-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, "routes-manifest.json");
  const regex = "^/users/([^/]+?)(?:/)?$";
  const staticRoutes = ["/", "/users", "/users/new", "/_not-found"].map((page) => ({ page }));
  writeFileSync(
    file,
    JSON.stringify({ staticRoutes, dynamicRoutes: [{ page: "/users/[id]", regex }] }),
  );
  const routeOf = routesOfBuild(file);
  for (const [path, route] of [
    ["/", "/"],
    ["/users", "/users"],
    ["/users/new", "/users/new"],
    ["/users/1", "/users/[id]"],
    ["/users/__proto__", "/users/[id]"],
    ["/users/1/2", "other"],
    ["/Users", "other"],
    ["", "other"],
    ["/__proto__", "other"],
    ["/_not-found", "other"],
    ["/_next/static/chunks/1.js", "/_next"],
  ] as const)
    expect(routeOf(path), path).toBe(route);
  expect(routesOfBuild(join(folder, "none"))("/users")).toBe("other");
});
