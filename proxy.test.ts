import { build } from "esbuild";
import { expect, test } from "vitest";

test("proxy.ts, and all that it imports, needs nothing of Node: it could run at an edge", async () => {
  // For browsers there are no modules of Node, so that importing one is an error.
  const built = await build({
    entryPoints: ["proxy.ts"],
    bundle: true,
    write: false,
    platform: "browser",
    external: ["next/server"],
    logLevel: "silent",
    metafile: true,
  });
  expect(built.errors).toEqual([]);
  expect(Object.keys(built.metafile.inputs)).toContain("lib/platform/environment.ts");
});
