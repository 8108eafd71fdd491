import { existsSync, readFileSync } from "node:fs";
import { z } from "zod";

/** Names the route of a path, such as `/admin/users/[id]`: one of a closed list, whatever path is asked for. */
export type RouteOf = (path: string) => string;

const manifest = z.object({
  staticRoutes: z.array(z.object({ page: z.string() })),
  dynamicRoutes: z.array(z.object({ page: z.string(), regex: z.string() })),
});

/** By what Next's build says of itself, so that the pages of a site's own are in it. */
export function routesOfBuild(file = ".next/routes-manifest.json"): RouteOf {
  if (!existsSync(file)) return () => "other";
  const { staticRoutes, dynamicRoutes } = manifest.parse(JSON.parse(readFileSync(file, "utf8")));
  const known = new Set(staticRoutes.map(({ page }) => page).filter((page) => !isInner(page)));
  const patterns = dynamicRoutes.map(({ page, regex }) => ({ page, regex: new RegExp(regex) }));
  return (path) => {
    if (path.startsWith("/_next/")) return "/_next";
    if (known.has(path)) return path;
    return patterns.find(({ regex }) => regex.test(path))?.page ?? "other";
  };
}

/** What Next shows in place of a page, and nobody asks for. */
function isInner(page: string): boolean {
  return page.startsWith("/_");
}
