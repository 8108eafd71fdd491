import { existsSync, readdirSync, rmSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";
import { Failure } from "./setup.mjs";

/**
 * Makes a runnable file of a TypeScript entry and of all of ours that it imports; packages stay where they are. What is
 * imported when it is needed comes beside it: in the same file, its packages would be loaded at once. Returns false when
 * there is an error in them, which has then been printed.
 * @param {string} entry
 * @param {string} outfile
 */
export function bundle(entry, outfile) {
  const [folder, name] = [dirname(outfile), basename(outfile, ".mjs")];
  for (const former of existsSync(folder) ? readdirSync(folder) : [])
    if (former.startsWith(`${name}.part-`)) rmSync(join(folder, former));
  return build({
    entryPoints: [{ in: entry, out: name }],
    outdir: folder,
    outExtension: { ".js": ".mjs" },
    chunkNames: `${name}.part-[hash]`,
    splitting: true,
    bundle: true,
    packages: "external",
    // Node alone does not find these without their ending.
    alias: Object.fromEntries(
      ["headers", "navigation", "server"].map((name) => [`next/${name}`, `next/${name}.js`]),
    ),
    platform: "node",
    target: "node20",
    format: "esm",
    sourcemap: "linked",
  }).then(
    () => true,
    () => false,
  );
}

/**
 * Imports a TypeScript file of ours, which Node 20 cannot do itself.
 * @param {string} source
 */
export async function importTypeScript(source) {
  // Below node_modules, where packages are found.
  const outfile = resolve("node_modules/.cache/latchkey", `${basename(source, ".ts")}.mjs`);
  if (!(await bundle(source, outfile))) throw new Failure(`${source} has errors: see above.`);
  return await import(pathToFileURL(outfile).href);
}
